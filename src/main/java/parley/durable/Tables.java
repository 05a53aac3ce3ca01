package parley.durable;

import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.room.KeyDraft;
import parley.room.RoomStore;

/** The rooms and messages of the file. For the thread of its {@link Database}. */
final class Tables {
    /** The bytes of a message besides its texts, as in memory. */
    static final int OVERHEAD_BYTES = 96;

    /** As length() does not, it counts what is behind a character 0. */
    static final String BYTES = "length(content) + coalesce(octet_length(sender), 0)"
            + " + coalesce(octet_length(user), 0)"
            + " + 2 * coalesce(octet_length(id), 0)" + KeyTable.BYTES + " + " + OVERHEAD_BYTES;

    private final Database database;
    private final ReactionTable reactions;

    /**
     * A room as the file has it.
     *
     * @param first the number of the oldest message that is kept; one more than the head when none is
     * @param bytes of its messages and changes
     * @param said when something was said in it last, by the clock
     * @param newestAt the time of the newest message that it ever had
     * @param changes how many of the entries that are kept do not count as messages
     * @param values of its keys
     */
    record Row(
            long id,
            String epoch,
            long first,
            long head,
            long bytes,
            long said,
            long newestAt,
            Seen seen,
            long changes,
            KeyTable.Amount values) {
        /** How many entries there are from a number on that are messages, if it is the oldest. */
        long messagesFrom(long seq) {
            return head - seq + 1 - changes;
        }

        Row withId(long other) {
            return new Row(other, epoch, first, head, bytes, said, newestAt, seen, changes, values);
        }

        Row with(Message message) {
            return with(message, Tables.bytes(message), 0);
        }

        /** With a change that makes its message longer by that many bytes. */
        Row withChange(Message change, long more) {
            return with(change, Tables.bytes(change.superseded()) + more, 1);
        }

        private Row with(Message entry, long more, int moreChanges) {
            return new Row(
                    id, epoch, first, entry.seq(), bytes + more, said, entry.at(), seen, changes + moreChanges, values);
        }

        /** With an entry of a key, in the place of what was there of it. */
        Row withKeyed(Message entry, KeyDraft.Held held) {
            Row row = with(entry, Tables.bytes(entry.superseded()), 1);
            return row.with(values.with(entry, held));
        }

        private Row with(KeyTable.Amount other) {
            return new Row(id, epoch, first, head, bytes, said, newestAt, seen, changes, other);
        }

        /** With the oldest entry gone. */
        Row without(Oldest one) {
            return new Row(
                    id,
                    epoch,
                    one.seq + 1,
                    head,
                    bytes - one.bytes,
                    said,
                    newestAt,
                    seen,
                    changes - (one.isChange ? 1 : 0),
                    values);
        }

        /** With no message kept any more. */
        Row empty() {
            return new Row(id, epoch, head + 1, head, 0, said, newestAt, seen, 0, values);
        }

        /** With no value of a key any more. */
        Row withoutValues() {
            return with(KeyTable.Amount.NONE);
        }

        Row withTimes(long lastSaid, Seen lastSeen) {
            return new Row(id, epoch, first, head, bytes, lastSaid, newestAt, lastSeen, changes, values);
        }
    }

    /** Messages up to that number were there at that time. */
    record Seen(long seq, long at) {
        static final Seen NONE = new Seen(0, 0);
    }

    /** An entry among the oldest of a room; when it was written, by the clock; whether it does not count as a message. */
    record Oldest(long seq, long written, long bytes, boolean isChange) {}

    Tables(Database database) {
        this.database = database;
        this.reactions = new ReactionTable(database);
    }

    /** The reactions to the messages. */
    ReactionTable reactions() {
        return reactions;
    }

    /** How many rooms there are. */
    long rooms() throws SQLException {
        return database.number("SELECT count(*) FROM rooms");
    }

    /** How many messages all rooms have. */
    long messages() throws SQLException {
        return database.number(
                "SELECT coalesce(sum(head - first + 1 - changes), 0) FROM rooms"); // counting them would read all
    }

    /** The bytes of the messages of all rooms, and of the values of their keys. */
    long bytes() throws SQLException {
        return database.number("SELECT coalesce(sum(bytes + key_bytes), 0) FROM rooms");
    }

    /** The bytes of the values of the keys of all rooms. */
    long valueBytes() throws SQLException {
        return database.number("SELECT coalesce(sum(key_bytes), 0) FROM rooms");
    }

    /** A room by its name. */
    @Nullable
    Row room(RoomName name) throws SQLException {
        // A file of version 1 has no newest_at.
        PreparedStatement select = database.prepare("SELECT id, epoch, first, head, bytes, said,"
                + " max(newest_at, coalesce((SELECT at FROM messages WHERE room = rooms.id AND seq = head), 0)),"
                + " seen_seq, seen_at, changes, keys, key_bytes FROM rooms WHERE name = ?");
        select.setString(1, name.value());
        try (ResultSet found = select.executeQuery()) {
            return found.next() ? row(found) : null;
        }
    }

    private static Row row(ResultSet found) throws SQLException {
        return new Row(
                found.getLong(1),
                found.getString(2),
                found.getLong(3),
                found.getLong(4),
                found.getLong(5),
                found.getLong(6),
                found.getLong(7),
                new Seen(found.getLong(8), found.getLong(9)),
                found.getLong(10),
                new KeyTable.Amount(found.getLong(11), found.getLong(12)));
    }

    /** Adds a room in which nothing has been said, and returns its id. */
    long addRoom(RoomName name, String epoch) throws SQLException {
        database.begin();
        PreparedStatement insert = database.prepare(
                "INSERT INTO rooms (name, epoch, first, head, bytes, said) VALUES (?, ?, 1, 0, 0, 0) RETURNING id");
        insert.setString(1, name.value());
        insert.setString(2, epoch);
        try (ResultSet added = insert.executeQuery()) {
            added.next();
            return added.getLong(1);
        }
    }

    void update(Row room) throws SQLException {
        database.begin();
        PreparedStatement update = database.prepare("UPDATE rooms SET first = ?, head = ?, bytes = ?, said = ?,"
                + " newest_at = ?, seen_seq = ?, seen_at = ?, changes = ?, keys = ?, key_bytes = ? WHERE id = ?");
        update.setLong(1, room.first);
        update.setLong(2, room.head);
        update.setLong(3, room.bytes);
        update.setLong(4, room.said);
        update.setLong(5, room.newestAt);
        update.setLong(6, room.seen.seq);
        update.setLong(7, room.seen.at);
        update.setLong(8, room.changes);
        update.setLong(9, room.values.keys());
        update.setLong(10, room.values.bytes());
        update.setLong(11, room.id);
        update.executeUpdate();
    }

    void removeRoom(long id) throws SQLException {
        database.begin();
        KeyTable.removeAll(database, id);
        PreparedStatement delete = database.prepare("DELETE FROM rooms WHERE id = ?");
        delete.setLong(1, id);
        delete.executeUpdate();
    }

    /**
     * The room in which nothing was said for the longest time, of those that have messages, or of all; null if there is
     * none.
     */
    @Nullable
    RoomName leastUsed(boolean hasMessages) throws SQLException {
        List<RoomName> names = names(database.prepare(
                "SELECT name FROM rooms " + (hasMessages ? "WHERE bytes > 0 " : "") + "ORDER BY said LIMIT 1"));
        return names.isEmpty() ? null : names.get(0);
    }

    /** The names of some rooms, in an order that stays: those behind a name. */
    List<RoomName> after(String name, int limit) throws SQLException {
        PreparedStatement select = database.prepare("SELECT name FROM rooms WHERE name > ? ORDER BY name LIMIT ?");
        select.setString(1, name);
        select.setInt(2, limit);
        return names(select);
    }

    private static List<RoomName> names(PreparedStatement select) throws SQLException {
        List<RoomName> names = new ArrayList<>();
        try (ResultSet found = select.executeQuery()) {
            while (found.next()) {
                RoomName name = RoomName.parse(found.getString(1));
                if (name != null) {
                    names.add(name);
                }
            }
        }
        return names;
    }

    /** The number of the message of that id, or 0. */
    long seq(long room, String id) throws SQLException {
        PreparedStatement select = database.prepare("SELECT seq FROM messages WHERE room = ? AND id = ?");
        select.setLong(1, room);
        select.setString(2, id);
        try (ResultSet found = select.executeQuery()) {
            return found.next() ? found.getLong(1) : 0;
        }
    }

    /**
     * Adds a message.
     *
     * @param written when it is written, by the clock
     */
    void add(long room, Message message, long written) throws SQLException {
        database.begin();
        PreparedStatement insert = database.prepare("INSERT INTO messages (room, seq, at, sender, kind, content, id,"
                + " written, user, open) VALUES (?, ?, ?, ?, ?, ?, ?, nullif(?, ?3), ?, iif(?, ?3, NULL))");
        insert.setLong(1, room);
        insert.setLong(2, message.seq());
        insert.setLong(3, message.at());
        insert.setString(4, message.from());
        insert.setInt(5, number(message.content().kind()));
        insert.setBytes(6, message.content().text().getBytes(StandardCharsets.UTF_8));
        insert.setString(7, message.id());
        insert.setLong(8, written);
        insert.setString(9, message.user());
        insert.setBoolean(10, !message.isChange() && message.standing().growth().isOpen());
        insert.executeUpdate();
    }

    /** Of the file: another order of the constants must not change what is in it. */
    static int number(Content.Kind kind) {
        return switch (kind) {
            case TEXT -> 0;
            case DATA -> 1;
            case REMOVED -> 2;
            case SUPERSEDED -> 3;
            case REACTIONS -> 4;
        };
    }

    static Content.Kind kind(int number) throws SQLException {
        return switch (number) {
            case 0 -> Content.Kind.TEXT;
            case 1 -> Content.Kind.DATA;
            case 2 -> Content.Kind.REMOVED;
            case 3 -> Content.Kind.SUPERSEDED;
            case 4 -> Content.Kind.REACTIONS;
            default -> throw new SQLException("no kind of content has the number " + number);
        };
    }

    /** The bytes of a message: its texts in UTF-8, the id twice, since it is in an index too, and an overhead. */
    static long bytes(Message message) {
        String key =
                message.revision() instanceof Revision.Keyed keyed ? keyed.key().value() : null;
        return bytes(message.from(), message.user(), message.content(), message.id()) + bytes(key);
    }

    /** The bytes that a message will have. */
    static long bytes(Draft draft) {
        return bytes(draft.from(), draft.user(), draft.content(), draft.id());
    }

    private static long bytes(@Nullable String from, @Nullable String user, Content content, @Nullable String id) {
        return content.bytes() + bytes(from) + bytes(user) + 2L * bytes(id) + OVERHEAD_BYTES;
    }

    private static int bytes(@Nullable String text) {
        return text == null ? 0 : text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Reads messages. */
    RoomStore.Found messages(RoomName name, RoomStore.Query query) throws SQLException {
        // The room first: what is added or goes in between is then not taken for gone, or missed.
        Row room = room(name);
        if (room == null) {
            return new RoomStore.Found(query.from(), List.of(), false);
        }
        return query.direction() == RoomStore.Direction.FORWARD ? forward(room, query) : backward(room, query);
    }

    private RoomStore.Found forward(Row room, RoomStore.Query query) throws SQLException {
        Read read = messages(room.id, query, " AND m.seq >= ?" + which(query) + " ORDER BY m.seq LIMIT ?", 1);
        List<Message> messages = read.messages;
        if (messages.isEmpty()) {
            return new RoomStore.Found(Math.max(query.from(), room.head + 1), messages, false);
        }
        long first = messages.get(0).seq();
        return new RoomStore.Found(Math.max(query.from(), first), messages, read.more);
    }

    private RoomStore.Found backward(Row room, RoomStore.Query query) throws SQLException {
        Read read = messages(room.id, query, " AND m.seq <= ?" + which(query) + " ORDER BY m.seq DESC LIMIT ?", -1);
        List<Message> messages = read.messages;
        if (messages.isEmpty()) {
            return new RoomStore.Found(query.from() + 1, messages, false);
        }
        long last = messages.get(messages.size() - 1).seq();
        return new RoomStore.Found(last, messages, read.more);
    }

    private static String which(RoomStore.Query query) {
        return switch (query.entries()) {
            case ALL -> "";
            case MESSAGES -> " AND m.changes IS NULL" + KeyTable.IS_MESSAGE_OR_VALUE;
            case COUNTED -> " AND m.changes IS NULL AND m.key IS NULL";
        };
    }

    /** What was read, and whether there is more. */
    private record Read(List<Message> messages, boolean more) {}

    /** Entries without a hole: what is behind one is read by itself. One at least, if there is any. */
    private Read messages(long room, RoomStore.Query query, String which, int step) throws SQLException {
        boolean areAll = query.entries() == RoomStore.Entries.ALL;
        PreparedStatement select = database.prepare(ChangeTable.SELECT + which);
        select.setLong(1, room);
        select.setLong(2, query.from());
        select.setLong(3, query.limit() + 1L);
        List<Message> messages = new ArrayList<>();
        long bytes = 0;
        long expected = 0;
        try (ResultSet found = select.executeQuery()) {
            while (found.next()) {
                boolean isFull = messages.size() >= query.limit() || bytes >= query.bytes();
                boolean isHole = areAll && found.getLong(1) != expected;
                if (!messages.isEmpty() && (isFull || isHole)) {
                    return new Read(messages, true);
                }
                Message message = ChangeTable.message(found);
                messages.add(message);
                bytes += message.content().bytes() + message.reactions().bytes();
                expected = message.seq() + step;
            }
        }
        return new Read(messages, false);
    }

    /** The oldest messages of a room. */
    List<Oldest> oldest(long room, int limit) throws SQLException {
        PreparedStatement select = database.prepare("SELECT seq, coalesce(written, at), " + BYTES + ReactionTable.BYTES
                + ", changes IS NOT NULL OR key IS NOT NULL FROM messages WHERE room = ? ORDER BY seq LIMIT ?");
        select.setLong(1, room);
        select.setInt(2, limit);
        List<Oldest> oldest = new ArrayList<>();
        try (ResultSet found = select.executeQuery()) {
            while (found.next()) {
                oldest.add(new Oldest(found.getLong(1), found.getLong(2), found.getLong(3), found.getBoolean(4)));
            }
        }
        return oldest;
    }

    /** Lets the messages before a number go. */
    void removeBefore(long room, long seq) throws SQLException {
        database.begin();
        PreparedStatement delete = database.prepare("DELETE FROM messages WHERE room = ? AND seq < ?");
        delete.setLong(1, room);
        delete.setLong(2, seq);
        delete.executeUpdate();
        reactions.removeBefore(room, seq);
        KeyTable.removeRemovalsBefore(database, room, seq);
    }
}
