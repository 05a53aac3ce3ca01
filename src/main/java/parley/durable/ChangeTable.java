package parley.durable;

import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Reactions;
import parley.protocol.Revision;
import parley.protocol.Standing;

/**
 * The entries of the file, messages and changes, as they are read and changed. A change has a row without content: what
 * the message says now stands in the row of the message. Only a removal says so itself too, since clients that have the
 * message have to hear of it when the message is not kept any more. For the thread of its {@link Database}.
 */
final class ChangeTable {
    /**
     * An entry, the message that it is the newest change of, and its own newest change. What is said of rows goes on
     * behind it.
     */
    static final String SELECT = "SELECT m.seq, m.at, m.sender, m.user, m.id, m.kind, m.content, m.changes,"
            + " o.kind, o.content, m.changed, c.at, c.sender, c.user, r.seq AS reacted, r.folded AS reactions"
            + " FROM messages m"
            + " LEFT JOIN messages o ON o.room = m.room AND o.seq = m.changes AND o.changed = m.seq"
            + " LEFT JOIN reacted r ON r.room = m.room AND r.message = ifnull(m.changes, m.seq)"
            + " LEFT JOIN messages c ON c.room = m.room AND c.seq = m.changed WHERE m.room = ?";

    private final Database database;
    private final Tables tables;

    ChangeTable(Database database, Tables tables) {
        this.database = database;
        this.tables = tables;
    }

    /** The entry of that number. */
    Optional<Message> find(long room, long seq) throws SQLException {
        PreparedStatement select = database.prepare(SELECT + " AND m.seq = ?");
        select.setLong(1, room);
        select.setLong(2, seq);
        try (ResultSet found = select.executeQuery()) {
            return found.next() ? Optional.of(message(found)) : Optional.empty();
        }
    }

    /** Reads an entry that {@link #SELECT} has found. */
    static Message message(ResultSet found) throws SQLException {
        long of = found.getLong(8);
        long changed = found.getLong(11);
        Revision revision = Revision.None.UNCHANGED;
        if (of > 0) {
            revision = new Revision.Change(of, 0, kind(found));
        } else if (changed > 0) {
            revision = new Revision.Changed(changed, found.getLong(12), found.getString(13), found.getString(14));
        }
        Content content = of > 0 ? changed(found) : content(found, 6, 7);
        Reactions reactions = of > 0 && content.kind() != Content.Kind.REACTIONS
                ? Reactions.NONE
                : ReactionTable.unfolded(found.getLong("reacted"), found.getBytes("reactions"));
        return new Message(
                found.getLong(1),
                found.getLong(2),
                found.getString(3),
                found.getString(4),
                content,
                found.getString(5),
                revision,
                Standing.NONE.with(reactions));
    }

    private static ChangeKind kind(ResultSet found) throws SQLException {
        return switch (Tables.kind(found.getInt(6))) {
            case REMOVED -> ChangeKind.Whole.REMOVAL;
            case REACTIONS -> ChangeKind.Reacting.REACTION;
            case TEXT, DATA, SUPERSEDED -> ChangeKind.Whole.EDIT;
        };
    }

    /** What a change says: if it is the newest of a message that is kept, what stands there. */
    private static Content changed(ResultSet found) throws SQLException {
        if (Tables.kind(found.getInt(6)) == Content.Kind.REACTIONS) {
            return found.getLong("reacted") == found.getLong(1) ? Content.REACTIONS : Content.SUPERSEDED;
        }
        found.getInt(9);
        return found.wasNull() ? content(found, 6, 7) : content(found, 9, 10);
    }

    private static Content content(ResultSet found, int kindColumn, int contentColumn) throws SQLException {
        int kind = found.getInt(kindColumn);
        byte @Nullable [] bytes = found.getBytes(contentColumn);
        return bytes == null // where it is empty
                ? new Content(Tables.kind(kind), "", 0)
                : new Content(Tables.kind(kind), new String(bytes, StandardCharsets.UTF_8), bytes.length);
    }

    /**
     * Adds a change, and puts its content in the place of that of its message, which the file then has nowhere but in
     * its write-ahead log; that of a reaction stands beside it ({@link ReactionTable}).
     *
     * @param written when it is written, by the clock
     */
    void add(long room, Message change, long of, long written) throws SQLException {
        boolean isRemoval = change.content().kind() == Content.Kind.REMOVED;
        tables.add(room, isRemoval || change.isReaction() ? change : change.superseded(), written);
        PreparedStatement update = database.prepare("UPDATE messages SET changes = ?3 WHERE room = ?1 AND seq = ?2");
        update.setLong(1, room);
        update.setLong(2, change.seq());
        update.setLong(3, of);
        update.executeUpdate();
        if (change.isReaction()) {
            return;
        }
        database.overwriteWhatGoes();
        Content content = change.content();
        PreparedStatement fold = database.prepare(
                "UPDATE messages SET kind = ?3, content = ?4, changed = ?5 WHERE room = ?1 AND seq = ?2");
        fold.setLong(1, room);
        fold.setLong(2, of);
        fold.setInt(3, Tables.number(content.kind()));
        fold.setBytes(4, content.text().getBytes(StandardCharsets.UTF_8));
        fold.setLong(5, change.seq());
        fold.executeUpdate();
    }
}
