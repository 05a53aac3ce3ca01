package parley.durable;

import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Key;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.room.KeyDraft;

/**
 * The newest entry of each key, value or removal, in the file. The row of an entry among the messages has no content:
 * the next value of a key is written over the one before. So an entry says something while the row of its key has its
 * number. A removal stays while the log has its entry. For the thread of its {@link Database}.
 */
final class KeyTable {
    /** What {@link ChangeTable#SELECT} selects besides of an entry of a key. */
    static final String COLUMNS =
            ", m.key AS key_name, k.kind AS key_kind, k.content AS key_content, k.expires AS key_expires";

    static final String JOIN = " LEFT JOIN keys k ON k.room = m.room AND k.key = m.key AND k.seq = m.seq";

    /** The bytes of the keys of entries, among those of messages. */
    static final String BYTES = " + coalesce(octet_length(key), 0)";

    /** Of entries, those that are messages or values that are there. */
    static final String IS_MESSAGE_OR_VALUE = " AND (m.key IS NULL OR k.kind <> 2)";

    private static final String SELECT =
            "SELECT seq, at, sender, user, id, kind, content, expires, key FROM keys WHERE room = ?";

    private final Database database;
    private final Tables tables;

    /** How many keys of a room have a value, and the bytes of these. */
    record Amount(long keys, long bytes) {
        static final Amount NONE = new Amount(0, 0);

        /** With an entry in the place of what was there. */
        Amount with(Message entry, KeyDraft.Held held) {
            boolean isValue = KeyDraft.isValue(entry);
            Optional<Message> before = held.last().filter(KeyDraft::isValue);
            return new Amount(
                    keys + (isValue ? 1 : 0) - (before.isPresent() ? 1 : 0),
                    bytes
                            + (isValue ? KeyDraft.bytes(entry) : 0)
                            - before.map(KeyDraft::bytes).orElse(0L));
        }
    }

    KeyTable(Database database, Tables tables) {
        this.database = database;
        this.tables = tables;
    }

    /** The newest entry of a key. */
    Optional<Message> find(long room, Key key) throws SQLException {
        PreparedStatement select = database.prepare(SELECT + " AND key = ?");
        select.setLong(1, room);
        select.setString(2, key.value());
        List<Message> found = read(select);
        return found.isEmpty() ? Optional.empty() : Optional.of(found.get(0));
    }

    /** The newest entry of each key, in the order of their numbers. */
    List<Message> all(long room) throws SQLException {
        PreparedStatement select = database.prepare(SELECT + " ORDER BY seq");
        select.setLong(1, room);
        return read(select);
    }

    private static List<Message> read(PreparedStatement select) throws SQLException {
        List<Message> entries = new ArrayList<>();
        try (ResultSet found = select.executeQuery()) {
            while (found.next()) {
                entries.add(new Message(
                        found.getLong(1),
                        found.getLong(2),
                        found.getString(3),
                        found.getString(4),
                        content(found.getInt(6), found.getBytes(7)),
                        found.getString(5),
                        new Revision.Keyed(new Key(found.getString(9)), 0, found.getLong(8))));
            }
        }
        return entries;
    }

    private static Content content(int kind, byte @Nullable [] bytes) throws SQLException {
        return bytes == null // where it is empty
                ? new Content(Tables.kind(kind), "", 0)
                : new Content(Tables.kind(kind), new String(bytes, StandardCharsets.UTF_8), bytes.length);
    }

    /** What an entry that {@link ChangeTable#SELECT} has found has to do with a key; empty where that is nothing. */
    static Optional<Revision.Keyed> keyed(ResultSet found) throws SQLException {
        String key = found.getString("key_name");
        return key == null
                ? Optional.empty()
                : Optional.of(new Revision.Keyed(new Key(key), 0, found.getLong("key_expires")));
    }

    /** What such an entry says. */
    static Content content(ResultSet found) throws SQLException {
        int kind = found.getInt("key_kind");
        return found.wasNull() ? Content.SUPERSEDED : content(kind, found.getBytes("key_content"));
    }

    /**
     * Adds an entry, and puts it in the place of the one before of its key, which the file then has nowhere but in its
     * write-ahead log.
     *
     * @param written when it is written, by the clock
     */
    void put(long room, Message entry, Revision.Keyed keyed, long written) throws SQLException {
        tables.add(room, entry.superseded(), written);
        if (keyed.before() > 0) {
            database.overwriteWhatGoes();
        }
        PreparedStatement update = database.prepare("UPDATE messages SET key = ?3 WHERE room = ?1 AND seq = ?2");
        update.setLong(1, room);
        update.setLong(2, entry.seq());
        update.setString(3, keyed.key().value());
        update.executeUpdate();
        PreparedStatement put = database.prepare("INSERT OR REPLACE INTO keys (room, key, seq, at, sender, user, id,"
                + " kind, content, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
        put.setLong(1, room);
        put.setString(2, keyed.key().value());
        put.setLong(3, entry.seq());
        put.setLong(4, entry.at());
        put.setString(5, entry.from());
        put.setString(6, entry.user());
        put.setString(7, entry.id());
        put.setInt(8, Tables.number(entry.content().kind()));
        put.setBytes(9, entry.content().text().getBytes(StandardCharsets.UTF_8));
        put.setLong(10, keyed.expires());
        put.executeUpdate();
    }

    /** Lets the removals before a number go, with the log's entries of them. */
    static void removeRemovalsBefore(Database database, long room, long seq) throws SQLException {
        PreparedStatement delete = database.prepare("DELETE FROM keys WHERE room = ? AND seq < ? AND kind = 2");
        delete.setLong(1, room);
        delete.setLong(2, seq);
        delete.executeUpdate();
    }

    /** Lets all of a room go. */
    static void removeAll(Database database, long room) throws SQLException {
        PreparedStatement delete = database.prepare("DELETE FROM keys WHERE room = ?");
        delete.setLong(1, room);
        delete.executeUpdate();
    }
}
