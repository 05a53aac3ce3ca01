package parley.durable;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.Retention;
import parley.room.RoomStore;

/** One room of the file, as the writing thread knows it; that thread's alone. What it writes counts when it has been committed. */
final class Stored {
    private static final Logger LOG = System.getLogger("parley.durable");

    private static final SecureRandom RANDOM = new SecureRandom();

    /** The oldest messages go some at a time: when there is this part more than may be. */
    private static final int SLACK = 16;
    /** How many messages are looked at in one go when the oldest go. */
    private static final int LOOK = 500;

    /** The id of a room that is not in the file, since nothing has been said in it. */
    private static final long NONE = 0;

    private final RoomName name;
    private final @Nullable Retention retention;
    private final List<RoomStore.Listener> listeners = new ArrayList<>();

    private Database.Row now;
    /** As it was committed last. */
    private Database.Row committed;

    private final List<Message> added = new ArrayList<>();
    private boolean isTrimmed;

    private Stored(RoomName name, @Nullable Retention retention, Database.Row row) {
        this.name = name;
        this.retention = retention;
        this.now = row;
        this.committed = row;
    }

    /** Looks a room up. */
    static Stored find(Database database, RoomName name, @Nullable Retention retention) throws SQLException {
        Database.Row row = database.room(name);
        return new Stored(name, retention, row == null ? new Database.Row(NONE, epoch(), 1, 0, 0) : row);
    }

    /** An epoch that no room ever had. */
    static String epoch() {
        return Long.toString(RANDOM.nextLong(Long.MAX_VALUE), Character.MAX_RADIX);
    }

    RoomName name() {
        return name;
    }

    /** How much heavier its messages are than when it was committed last. */
    long bytesAdded() {
        return now.bytes() - committed.bytes();
    }

    /** By how many the rooms in the file are more for it: 1, 0 or -1. */
    int roomsAdded() {
        return (now.id() == NONE ? 0 : 1) - (committed.id() == NONE ? 0 : 1);
    }

    /** Whether it is in the file. */
    boolean isKept() {
        return now.id() != NONE;
    }

    /** A room in memory is open for it, and hears of what comes. */
    void listen(RoomStore.Listener room) {
        listeners.add(room);
        tell(() -> room.opened(new RoomStore.Contents(
                now.epoch(), RoomStore.Numbering.CONSECUTIVE, now.first(), now.head() + 1, now.head(), List.of())));
    }

    /** What a room does with the news does not undo what has been written. */
    private void tell(Runnable news) {
        try {
            news.run();
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the room " + name + " could not be told what is kept of it", e);
        }
    }

    /** Which messages there are. */
    RoomStore.Extent extent() {
        return new RoomStore.Extent(committed.first(), committed.head());
    }

    void leave(RoomStore.Listener room) {
        listeners.remove(room);
    }

    boolean hasListeners() {
        return !listeners.isEmpty();
    }

    /**
     * Adds a message, unless there is one with that id.
     *
     * @return its number, or that of the other, negative
     */
    long add(Database database, long at, Draft draft) throws SQLException {
        if (!isKept()) {
            now = new Database.Row(
                    database.addRoom(name, now.epoch()), now.epoch(), now.first(), now.head(), now.bytes());
        }
        long other = draft.id() == null ? 0 : database.seq(now.id(), draft.id());
        if (other > 0) {
            return -other;
        }
        Message message = new Message(now.head() + 1, at, draft);
        database.add(now.id(), message);
        added.add(message);
        become(now.first(), message.seq(), now.bytes() + Database.weight(message));
        return message.seq();
    }

    /**
     * Lets go of what is more than may be kept, or older, and writes down where it stands.
     *
     * @param most how many messages may go in one go, about: who writes waits for it
     * @return how many do
     */
    int settle(Database database, long nowMillis, int most) throws SQLException {
        int gone = most > 0 ? trim(database, nowMillis, most) : 0;
        if (!now.equals(committed)) {
            database.update(now, added.isEmpty() ? 0 : nowMillis);
        }
        return gone;
    }

    private int trim(Database database, long nowMillis, int most) throws SQLException {
        if (retention == null || !isKept()) {
            return 0;
        }
        long messages = retention.messages();
        boolean isOver = now.head() - now.first() + 1 > messages + messages / SLACK
                || now.bytes() > retention.bytes() + retention.bytes() / SLACK;
        long oldestAllowed = retention.age().isZero()
                ? Long.MIN_VALUE
                : nowMillis - retention.age().toMillis();
        return isOver || hasOlder(database, oldestAllowed)
                ? trim(database, isOver ? retention : null, oldestAllowed, most)
                : 0;
    }

    private boolean hasOlder(Database database, long oldestAllowed) throws SQLException {
        if (oldestAllowed == Long.MIN_VALUE) {
            return false;
        }
        List<Database.Oldest> oldest = database.oldest(now.id(), 1);
        return !oldest.isEmpty() && oldest.get(0).at() < oldestAllowed;
    }

    private int trim(Database database, @Nullable Retention allowed, long oldestAllowed, int most) throws SQLException {
        int all = 0;
        boolean isDone = false;
        while (!isDone && all < most) {
            List<Database.Oldest> oldest = database.oldest(now.id(), LOOK);
            int gone = 0;
            for (Database.Oldest one : oldest) {
                boolean isTooMuch = allowed != null
                        && one.seq() < now.head()
                        && (now.head() - one.seq() + 1 > allowed.messages() || now.bytes() > allowed.bytes());
                if (!isTooMuch && one.at() >= oldestAllowed) {
                    break;
                }
                become(one.seq() + 1, now.head(), now.bytes() - one.weight());
                gone++;
            }
            if (gone > 0) {
                database.removeBefore(now.id(), now.first());
            }
            all += gone;
            isDone = gone < LOOK;
            if (oldest.isEmpty()) {
                become(now.head() + 1, now.head(), 0); // whatever was counted
            }
        }
        return all;
    }

    /**
     * Lets some of the oldest messages go, whatever may be kept, and writes down where it stands.
     *
     * @param entirely whether the room goes with its last message, unless somebody listens: then it goes the next time
     */
    void giveWay(Database database, boolean entirely) throws SQLException {
        List<Database.Oldest> oldest = database.oldest(now.id(), LOOK);
        if (!oldest.isEmpty()) {
            long weight = oldest.stream().mapToLong(Database.Oldest::weight).sum();
            become(oldest.get(oldest.size() - 1).seq() + 1, now.head(), now.bytes() - weight);
            database.removeBefore(now.id(), now.first());
        }
        if (oldest.isEmpty() || (entirely && now.first() > now.head() && !hasListeners())) {
            database.removeRoom(now.id());
            now = new Database.Row(NONE, now.epoch(), now.head() + 1, now.head(), 0);
        } else {
            database.update(now, 0);
        }
    }

    private void become(long first, long head, long bytes) {
        now = new Database.Row(now.id(), now.epoch(), first, head, bytes);
    }

    /** What was written counts. */
    void committed() {
        isTrimmed = now.first() != committed.first();
        committed = now;
    }

    /** Tells those who listen what has been committed. */
    void tell() {
        for (RoomStore.Listener room : listeners) {
            if (!added.isEmpty()) {
                tell(() -> room.appended(List.copyOf(added)));
            }
            if (isTrimmed) {
                tell(() -> room.trimmed(now.first()));
            }
        }
        added.clear();
    }

    /** What was written since the last commit does not count. */
    void undone() {
        now = committed;
        added.clear();
    }
}
