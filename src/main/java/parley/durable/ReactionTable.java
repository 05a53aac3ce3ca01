package parley.durable;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import parley.protocol.ReactionKey;
import parley.protocol.Reactions;
import parley.protocol.Reactor;
import parley.protocol.Utf8;
import parley.room.Reactors;

/**
 * The reactions of the file: each with its sender, and of each message what clients are sent of them, so that a page
 * of messages is read without looking at the senders. For the thread of its {@link Database}.
 */
final class ReactionTable {
    /** The bytes of a reaction besides its key, which is in an index too, and of what clients are sent besides these. */
    static final int OVERHEAD_BYTES = 96;

    /** The bytes of the reactions to the message of a row, to be added. */
    static final String BYTES = " + coalesce((SELECT r.bytes FROM reacted r WHERE r.room = messages.room"
            + " AND r.message = messages.seq), 0)";

    private final Database database;

    ReactionTable(Database database) {
        this.database = database;
    }

    /** The reactions of a room, for one change. */
    InRoom in(long room) {
        return new InRoom(room);
    }

    /** The reactions of a room while one change is made. */
    final class InRoom implements Reactors<SQLException> {
        private final long room;
        /** By how many bytes they are more. */
        private long more;

        InRoom(long room) {
            this.room = room;
        }

        @Override
        public OptionalLong find(long message, ReactionKey key, Reactor sender) throws SQLException {
            PreparedStatement select = database.prepare("SELECT seq FROM reactions WHERE room = ?1 AND message = ?2"
                    + " AND reaction = ?3 AND is_user = ?4 AND sender = ?5");
            name(select, message, key, sender);
            try (ResultSet found = select.executeQuery()) {
                return found.next() ? OptionalLong.of(found.getLong(1)) : OptionalLong.empty();
            }
        }

        private void name(PreparedStatement statement, long message, ReactionKey key, Reactor sender)
                throws SQLException {
            statement.setLong(1, room);
            statement.setLong(2, message);
            statement.setString(3, key.value());
            statement.setInt(4, sender.isUser() ? 1 : 0);
            statement.setString(5, sender.name());
        }

        @Override
        public void set(long message, ReactionKey key, Reactor sender, long seq) throws SQLException {
            database.begin();
            PreparedStatement insert =
                    database.prepare("INSERT INTO reactions (room, message, reaction, is_user, sender,"
                            + " seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
            name(insert, message, key, sender);
            insert.setLong(6, seq);
            insert.executeUpdate();
            more += bytes(key, sender);
        }

        @Override
        public void takeBack(long message, ReactionKey key, Reactor sender) throws SQLException {
            database.begin();
            PreparedStatement delete = database.prepare("DELETE FROM reactions WHERE room = ?1 AND message = ?2"
                    + " AND reaction = ?3 AND is_user = ?4 AND sender = ?5");
            database.overwriteWhatGoes();
            name(delete, message, key, sender);
            delete.executeUpdate();
            more -= bytes(key, sender);
        }

        @Override
        public void removed(long message) throws SQLException {
            more -= bytes(room, message);
            remove(room, message);
        }

        @Override
        public List<Reactor> newestBut(long message, ReactionKey key, Reactor sender) throws SQLException {
            PreparedStatement select = database.prepare("SELECT sender, is_user FROM reactions WHERE room = ?1"
                    + " AND message = ?2 AND reaction = ?3 AND NOT (is_user = ?4 AND sender = ?5)"
                    + " ORDER BY seq DESC LIMIT " + Reactions.SHOWN);
            name(select, message, key, sender);
            List<Reactor> newest = new ArrayList<>();
            try (ResultSet found = select.executeQuery()) {
                while (found.next()) {
                    newest.add(new Reactor(found.getString(1), found.getBoolean(2)));
                }
            }
            return newest;
        }

        /**
         * Keeps what clients are sent of the reactions to a message, from the newest on.
         *
         * @param isFirst whether the message had none
         */
        void fold(long message, Reactions reactions, boolean isFirst) throws SQLException {
            more += isFirst ? OVERHEAD_BYTES : 0;
            ReactionTable.this.fold(room, message, reactions, more);
        }

        /** By how many bytes they are more after the change. */
        long more() {
            return more;
        }

        /** They are in the file. */
        @Override
        public long held(ReactionKey key, Reactor sender) {
            return 0;
        }

        @Override
        public long held() {
            return 0;
        }
    }

    /** How many bytes a reaction takes. */
    private static long bytes(ReactionKey key, Reactor sender) {
        return 2L * (Utf8.length(key.value()) + Utf8.length(sender.name())) + OVERHEAD_BYTES;
    }

    private void fold(long room, long message, Reactions reactions, long more) throws SQLException {
        database.begin();
        PreparedStatement upsert = database.prepare("INSERT INTO reacted (room, message, seq, bytes, folded)"
                + " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (room, message)"
                + " DO UPDATE SET seq = excluded.seq, bytes = bytes + excluded.bytes, folded = excluded.folded");
        upsert.setLong(1, room);
        upsert.setLong(2, message);
        upsert.setLong(3, reactions.seq());
        upsert.setLong(4, more);
        upsert.setBytes(5, folded(reactions));
        upsert.executeUpdate();
    }

    private long bytes(long room, long message) throws SQLException {
        PreparedStatement select = database.prepare("SELECT bytes FROM reacted WHERE room = ? AND message = ?");
        select.setLong(1, room);
        select.setLong(2, message);
        try (ResultSet found = select.executeQuery()) {
            return found.next() ? found.getLong(1) : 0;
        }
    }

    private void remove(long room, long message) throws SQLException {
        delete("DELETE FROM reactions WHERE room = ? AND message = ?", room, message);
        delete("DELETE FROM reacted WHERE room = ? AND message = ?", room, message);
    }

    /** Removes the reactions to messages before a number. */
    void removeBefore(long room, long seq) throws SQLException {
        delete("DELETE FROM reactions WHERE room = ? AND message < ?", room, seq);
        delete("DELETE FROM reacted WHERE room = ? AND message < ?", room, seq);
    }

    private void delete(String sql, long room, long seq) throws SQLException {
        database.begin();
        PreparedStatement delete = database.prepare(sql);
        delete.setLong(1, room);
        delete.setLong(2, seq);
        delete.executeUpdate();
    }

    private static byte[] folded(Reactions reactions) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (DataOutputStream out = new DataOutputStream(bytes)) {
            out.writeInt(reactions.keys().size());
            for (Reactions.OfKey one : reactions.keys()) {
                out.writeUTF(one.key().value());
                out.writeInt(one.count());
                out.writeByte(one.newest().size());
                for (Reactor sender : one.newest()) {
                    out.writeBoolean(sender.isUser());
                    out.writeUTF(sender.name());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e); // in memory it does not happen
        }
        return bytes.toByteArray();
    }

    /**
     * Reads what clients are sent of the reactions to a message.
     *
     * @param seq the number of the newest reaction
     * @param folded null where there are none
     */
    static Reactions unfolded(long seq, byte @Nullable [] folded) throws SQLException {
        if (folded == null) {
            return Reactions.NONE;
        }
        try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(folded))) {
            List<Reactions.OfKey> keys = new ArrayList<>();
            for (int left = in.readInt(); left > 0; left--) {
                ReactionKey key = new ReactionKey(in.readUTF());
                int count = in.readInt();
                List<Reactor> newest = new ArrayList<>();
                for (int more = in.readByte(); more > 0; more--) {
                    boolean isUser = in.readBoolean();
                    newest.add(new Reactor(in.readUTF(), isUser));
                }
                keys.add(new Reactions.OfKey(key, count, newest));
            }
            return new Reactions(seq, keys, 0);
        } catch (IOException e) {
            throw new SQLException("the reactions to a message cannot be read", e);
        }
    }
}
