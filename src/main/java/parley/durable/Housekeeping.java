package parley.durable;

import java.sql.SQLException;
import java.time.Clock;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import parley.protocol.RoomName;

/**
 * Lets messages and rooms go that are more than is allowed, or older, a moment at a time: senders wait for it. For the
 * writing thread.
 */
final class Housekeeping {
    /** How often it looks for old messages. */
    static final long INTERVAL_NANOS = 1_000_000_000L;
    /** How long it goes on in one go, about. */
    private static final long MOMENT_NANOS = 20_000_000L;
    /** How many of the oldest messages go in one commit, about. More than are added in one. */
    static final int MOST_GONE = 5_000;
    /** Messages are refused when there is this part more than is allowed: they come faster than rooms can give way. */
    private static final int SLACK = 16;

    private static final int ROOMS_IN_ONE_GO = 200;
    private static final int PAGES_IN_ONE_GO = 256;

    private final DataSettings settings;
    private final Database database;
    private final StoredRooms rooms;
    private final DiskHealth health;
    private final Clock clock;
    private final LongSupplier nanos;

    private long lookedAt;
    /** Until then nothing gives way: nothing could. */
    private long restsUntil;
    /** The room that was looked at last for messages that are too old. */
    private String looked = "";

    Housekeeping(
            DataSettings settings,
            Database database,
            StoredRooms rooms,
            DiskHealth health,
            Clock clock,
            LongSupplier nanos) {
        this.settings = settings;
        this.database = database;
        this.rooms = rooms;
        this.health = health;
        this.clock = clock;
        this.nanos = nanos;
        this.lookedAt = nanos.getAsLong();
        this.restsUntil = lookedAt;
    }

    /** Whether there is more than is allowed, and it may be that something can give way. */
    boolean isTooMuch() {
        boolean isOver = rooms.bytes() > settings.bytes() || rooms.roomCount() > settings.rooms();
        return isOver && nanos.getAsLong() - restsUntil >= 0;
    }

    /** Whether messages are refused, since all have too many bytes. */
    boolean isFull() {
        return isFarMore(rooms.bytes(), settings.bytes());
    }

    /** Whether messages in new rooms are refused. */
    boolean isFullOfRooms() {
        return isFarMore(rooms.roomCount(), settings.rooms());
    }

    /** Whether values of keys, which do not give way, have half of the bytes: messages have to have room too. */
    boolean isFullOfValues() {
        return rooms.valueBytes() >= settings.bytes() / 2;
    }

    /** Whether all rooms have as many read marks as they may. */
    boolean isFullOfMarks() {
        return rooms.markCount() >= settings.marks();
    }

    private static boolean isFarMore(long kept, long most) {
        return kept > most + most / SLACK;
    }

    /** Does what is due. Between transactions. */
    void doWhatIsDue() {
        if (health.canWrite() && isTooMuch()) {
            letLeastUsedGiveWay();
        }
        long now = nanos.getAsLong();
        if (now - lookedAt >= INTERVAL_NANOS) {
            lookedAt = now;
            if (health.canWrite() || probe()) {
                letOldGo();
            }
        }
    }

    /** Whether the file can be written to again, though no message came since it could not. */
    boolean probe() {
        try {
            database.probe();
            health.written();
        } catch (SQLException e) {
            health.complain("it can still not be written to", e);
        }
        return health.canWrite();
    }

    /** In one commit, since it is the disk that takes its time. */
    private void letLeastUsedGiveWay() {
        rooms.change("rooms cannot give way", touched -> {
            long began = nanos.getAsLong();
            long bytesOver = rooms.bytes() - settings.bytes();
            long roomsOver = rooms.roomCount() - settings.rooms();
            Set<RoomName> staying = new HashSet<>();
            while ((bytesOver > 0 || roomsOver > 0) && nanos.getAsLong() - began < MOMENT_NANOS) {
                RoomName name = rooms.tables().leastUsed(bytesOver > 0);
                if (name == null) {
                    if (touched.isEmpty()) {
                        rooms.count(); // what was counted is wrong, or it is all of values, which do not give way
                        rest();
                    }
                    return;
                }
                Stored stored = rooms.find(name, touched);
                long bytesBefore = stored.bytesAdded();
                int roomsBefore = stored.roomsAdded();
                boolean gave = stored.giveWay(rooms.tables(), rooms.markTable(), clock.millis(), roomsOver > 0);
                if (!gave && !staying.add(name)) {
                    rest();
                    return;
                }
                bytesOver += stored.bytesAdded() - bytesBefore;
                roomsOver += stored.roomsAdded() - roomsBefore;
            }
        });
    }

    private void rest() {
        restsUntil = nanos.getAsLong() + INTERVAL_NANOS;
    }

    /** Looks at some rooms whether they have messages that are too old, so that in time it looks at all. */
    private void letOldGo() {
        if (rooms.change("old messages cannot go", this::settleNext)) {
            try {
                database.giveBack(PAGES_IN_ONE_GO);
                database.forgetWhatGoes();
                database.restartLog();
            } catch (SQLException e) {
                database.rollback();
                health.cannotWrite("space cannot be given back to the disk", e);
            }
        }
    }

    private void settleNext(Set<Stored> touched) throws SQLException {
        long began = nanos.getAsLong();
        List<RoomName> names = rooms.tables().after(looked, ROOMS_IN_ONE_GO);
        if (names.isEmpty()) {
            looked = "";
        }
        int most = MOST_GONE;
        for (RoomName name : names) {
            looked = name.value(); // also when it fails: the others are not to wait for it
            most -= rooms.find(name, touched).settle(rooms.tables(), rooms.changeTable(), clock.millis(), most);
            if (most <= 0 || nanos.getAsLong() - began >= MOMENT_NANOS) {
                return;
            }
        }
    }
}
