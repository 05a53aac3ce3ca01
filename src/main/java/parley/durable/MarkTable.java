package parley.durable;

import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;
import parley.protocol.RoomName;
import parley.room.MarkStore;

/** The read marks of the file; each belongs to the epoch of its room. For the thread of its {@link Database}. */
final class MarkTable {
    /** The bytes of a mark, about. */
    static final int BYTES = 256;

    /** Has no mark stand behind the newest message of its room, whose number is about to be given again. */
    static final String CUT = "UPDATE marks SET seq = (SELECT head FROM rooms WHERE id = room)"
            + " WHERE seq > (SELECT head FROM rooms WHERE id = room)";

    private final Database database;
    /** When a mark was raised last: each has a later time than the one before, so that their order is known. */
    private long lastAt;

    MarkTable(Database database) {
        this.database = database;
    }

    /** How many there are, of all rooms. */
    long count() throws SQLException {
        return database.number("SELECT coalesce(sum(marks), 0) FROM rooms");
    }

    /** How many a room has. */
    long count(long room) throws SQLException {
        PreparedStatement select = database.prepare("SELECT marks FROM rooms WHERE id = ?");
        select.setLong(1, room);
        return number(select).orElse(0);
    }

    /** The mark of a user in a room. */
    OptionalLong seq(long room, String user) throws SQLException {
        PreparedStatement select = database.prepare("SELECT seq FROM marks WHERE room = ? AND user = ?");
        select.setLong(1, room);
        select.setString(2, user);
        return number(select);
    }

    private static OptionalLong number(PreparedStatement select) throws SQLException {
        try (ResultSet found = select.executeQuery()) {
            return found.next() ? OptionalLong.of(found.getLong(1)) : OptionalLong.empty();
        }
    }

    /** The mark of a user in a room of that name. */
    MarkStore.Answer find(RoomName room, String user) throws SQLException {
        PreparedStatement select = database.prepare("SELECT rooms.epoch, marks.seq FROM rooms JOIN marks"
                + " ON marks.room = rooms.id WHERE rooms.name = ? AND marks.user = ?");
        select.setString(1, room.value());
        select.setString(2, user);
        try (ResultSet found = select.executeQuery()) {
            return found.next()
                    ? new MarkStore.Holds(new MarkStore.Mark(found.getString(1), found.getLong(2)))
                    : MarkStore.No.NONE;
        }
    }

    /** Sets a mark; adds none. */
    void update(long room, String user, long seq, long nowMillis) throws SQLException {
        database.begin();
        PreparedStatement update = database.prepare("UPDATE marks SET seq = ?, at = ? WHERE room = ? AND user = ?");
        update.setLong(1, seq);
        update.setLong(2, nextAt(nowMillis));
        update.setLong(3, room);
        update.setString(4, user);
        update.executeUpdate();
    }

    void add(long room, String user, long seq, long nowMillis) throws SQLException {
        database.begin();
        PreparedStatement insert = database.prepare("INSERT INTO marks (room, user, seq, at) VALUES (?, ?, ?, ?)");
        insert.setLong(1, room);
        insert.setString(2, user);
        insert.setLong(3, seq);
        insert.setLong(4, nextAt(nowMillis));
        insert.executeUpdate();
        counted(room, 1);
    }

    /** Lets those of a room go that were not raised for the longest time, and returns how many. */
    long removeOldest(long room, long most) throws SQLException {
        database.begin();
        PreparedStatement delete = database.prepare("DELETE FROM marks WHERE room = ?1 AND user IN"
                + " (SELECT user FROM marks WHERE room = ?1 ORDER BY at LIMIT ?2)");
        delete.setLong(1, room);
        delete.setLong(2, most);
        long gone = delete.executeUpdate();
        counted(room, -gone);
        return gone;
    }

    /** Lets all of a room go. */
    void removeAll(long room) throws SQLException {
        database.begin();
        PreparedStatement delete = database.prepare("DELETE FROM marks WHERE room = ?");
        delete.setLong(1, room);
        delete.executeUpdate();
    }

    private long nextAt(long nowMillis) {
        lastAt = Math.max(lastAt + 1, nowMillis);
        return lastAt;
    }

    private void counted(long room, long more) throws SQLException {
        PreparedStatement update = database.prepare("UPDATE rooms SET marks = marks + ? WHERE id = ?");
        update.setLong(1, more);
        update.setLong(2, room);
        update.executeUpdate();
    }
}
