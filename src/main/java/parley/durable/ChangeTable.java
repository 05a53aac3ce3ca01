package parley.durable;

import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Reactions;
import parley.protocol.Revision;
import parley.protocol.Standing;
import parley.room.RoomStore;

/**
 * The entries of the file, messages and changes, as they are read and changed. A change has a row without content: what
 * the message says now stands in the row of the message, and the row of a piece which part of it that is. Only a removal
 * says so itself too, since clients that have the message have to hear of it when the message is not kept any more. For
 * the thread of its {@link Database}.
 */
final class ChangeTable {
    // What a change is that is neither an edit nor a removal, as the column 'what' has it
    private static final int PIECE = 1;
    private static final int LAST_PIECE = 2;

    /**
     * An entry; the message that it is the newest edit or removal of, or a piece of; and its own newest change. What is
     * said of rows goes on behind it. Of a message that was edited since, a piece finds nothing.
     */
    static final String SELECT = "SELECT m.seq, m.at, m.sender, m.user, m.id, m.kind, m.content, m.changes,"
            + " o.kind, iif(m.what = " + PIECE + ", substr(o.content, m.skip + 1, m.length), o.content),"
            + " m.changed, c.at, c.sender, c.user, m.what, m.start, m.skip, m.length, m.grown, m.open, o.open,"
            + " r.seq AS reacted, r.folded AS reactions"
            + KeyTable.COLUMNS + " FROM messages m"
            + " LEFT JOIN messages o ON o.room = m.room AND o.seq = m.changes AND (o.changed = m.seq"
            + " OR (m.what IN (" + PIECE + ", " + LAST_PIECE + ") AND o.kind = 0"
            + " AND coalesce(o.changed, 0) = m.base))"
            + " LEFT JOIN reacted r ON r.room = m.room AND r.message = ifnull(m.changes, m.seq)"
            + " LEFT JOIN messages c ON c.room = m.room AND c.seq = m.changed"
            + KeyTable.JOIN + " WHERE m.room = ?";

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

    /** The messages of a room that still grow, by their numbers; the one first that has not grown for longest. */
    Map<Long, RoomStore.Open> open(long room) throws SQLException {
        PreparedStatement select = database.prepare(
                "SELECT seq, grown, open FROM messages WHERE room = ? AND open IS NOT NULL ORDER BY open, seq");
        select.setLong(1, room);
        Map<Long, RoomStore.Open> open = new LinkedHashMap<>();
        try (ResultSet found = select.executeQuery()) {
            while (found.next()) {
                open.put(found.getLong(1), new RoomStore.Open(found.getLong(2), found.getLong(3)));
            }
        }
        return open;
    }

    /** Reads an entry that {@link #SELECT} has found. */
    static Message message(ResultSet found) throws SQLException {
        Optional<Revision.Keyed> keyed = KeyTable.keyed(found);
        if (keyed.isPresent()) {
            return entry(found, KeyTable.content(found), keyed.get(), Standing.NONE);
        }
        long of = found.getLong(8);
        if (of == 0) {
            long changed = found.getLong(11);
            Revision revision = changed == 0
                    ? Revision.None.UNCHANGED
                    : new Revision.Changed(changed, found.getLong(12), found.getString(13), found.getString(14));
            Standing standing = standing(new Standing.Growth(isThere(found, 20), found.getLong(19)));
            return entry(found, content(found, 6, 7), revision, standing.with(reactions(found)));
        }
        return switch (found.getInt(15)) {
            case PIECE, LAST_PIECE -> piece(found, of, found.getInt(15) == LAST_PIECE);
            default ->
                switch (Tables.kind(found.getInt(6))) {
                    case REACTIONS -> reaction(found, of);
                    case REMOVED -> whole(found, of, ChangeKind.Whole.REMOVAL);
                    case TEXT, DATA, SUPERSEDED -> whole(found, of, ChangeKind.Whole.EDIT);
                };
        };
    }

    /** An edit or a removal: if it is the newest of a message that is kept, what stands there. */
    private static Message whole(ResultSet found, long of, ChangeKind kind) throws SQLException {
        Content content = isThere(found, 9) ? content(found, 9, 10) : content(found, 6, 7);
        Standing standing = standing(isThere(found, 21) ? Standing.Growth.OPEN : Standing.Growth.NONE);
        return entry(found, content, new Revision.Change(of, 0, kind), standing);
    }

    /** If it is the newest of a message that is kept, all that the message has. */
    private static Message reaction(ResultSet found, long of) throws SQLException {
        boolean isNewest = found.getLong("reacted") == found.getLong(1);
        Content content = isNewest ? Content.REACTIONS : Content.SUPERSEDED;
        Standing standing = Standing.NONE.with(isNewest ? reactions(found) : Reactions.NONE);
        return entry(found, content, new Revision.Change(of, 0, ChangeKind.Reacting.REACTION), standing);
    }

    private static Reactions reactions(ResultSet found) throws SQLException {
        return ReactionTable.unfolded(found.getLong("reacted"), found.getBytes("reactions"));
    }

    private static Message piece(ResultSet found, long of, boolean isLast) throws SQLException {
        boolean isThere = isThere(found, 9);
        Content whole = isThere ? content(found, 9, 10) : Content.SUPERSEDED;
        Content content = isThere && isLast ? part(whole, found.getInt(17), found.getInt(18)) : whole;
        ChangeKind kind = new ChangeKind.Piece(found.getInt(16), isLast, isThere && isLast ? whole : Content.EMPTY);
        return entry(found, content, new Revision.Change(of, 0, kind), Standing.NONE);
    }

    private static Content part(Content whole, int skip, int length) {
        byte[] bytes = whole.text().getBytes(StandardCharsets.UTF_8);
        return Content.text(new String(bytes, skip, length, StandardCharsets.UTF_8), length);
    }

    private static Standing standing(Standing.Growth growth) {
        return growth.equals(Standing.Growth.NONE) ? Standing.NONE : Standing.NONE.with(growth);
    }

    private static boolean isThere(ResultSet found, int column) throws SQLException {
        found.getLong(column);
        return !found.wasNull();
    }

    private static Message entry(ResultSet found, Content content, Revision revision, Standing standing)
            throws SQLException {
        return new Message(
                found.getLong(1),
                found.getLong(2),
                found.getString(3),
                found.getString(4),
                content,
                found.getString(5),
                revision,
                standing);
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
        PreparedStatement fold = database.prepare("UPDATE messages SET kind = ?3, content = ?4, changed = ?5,"
                + " open = iif(?3 = 0, open, NULL) WHERE room = ?1 AND seq = ?2");
        fold.setLong(1, room);
        fold.setLong(2, of);
        fold.setInt(3, Tables.number(content.kind()));
        fold.setBytes(4, content.text().getBytes(StandardCharsets.UTF_8));
        fold.setLong(5, change.seq());
        fold.executeUpdate();
    }

    /**
     * Adds a piece of a message, as the part of its text that it is; the row of the message is for {@link #grow}.
     *
     * @param before the message without it
     * @param written when it is written, by the clock
     */
    void addPiece(long room, Message piece, Message before, long written) throws SQLException {
        Revision.Change change = (Revision.Change) piece.revision();
        ChangeKind.Piece kind = (ChangeKind.Piece) change.kind();
        tables.add(room, piece.superseded(), written);
        PreparedStatement update =
                database.prepare("UPDATE messages SET changes = ?3, what = ?4, start = ?5, skip = ?6,"
                        + " length = ?7, base = ?8 WHERE room = ?1 AND seq = ?2");
        update.setLong(1, room);
        update.setLong(2, piece.seq());
        update.setLong(3, change.of());
        update.setInt(4, kind.isLast() ? LAST_PIECE : PIECE);
        update.setInt(5, kind.start());
        update.setInt(6, before.content().bytes());
        update.setInt(7, piece.content().bytes());
        update.setLong(8, before.revision() instanceof Revision.Changed edit ? edit.seq() : 0);
        update.executeUpdate();
    }

    /**
     * Writes a message that has grown.
     *
     * @param at when it did last
     */
    void grow(long room, Message message, long at) throws SQLException {
        PreparedStatement update = database.prepare(
                "UPDATE messages SET content = ?3, grown = ?4, open = ?5 WHERE room = ?1 AND seq = ?2");
        Standing.Growth growth = message.standing().growth();
        update.setLong(1, room);
        update.setLong(2, message.seq());
        update.setBytes(3, message.content().text().getBytes(StandardCharsets.UTF_8));
        update.setLong(4, growth.last());
        update.setObject(5, growth.isOpen() ? at : null);
        update.executeUpdate();
    }
}
