package parley.durable;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import parley.protocol.RoomName;
import parley.room.MarkStore;
import parley.room.RoomStore;

/**
 * Reads messages, on a thread of its own and from a connection of its own: it waits for no writer. Its queue is
 * bounded.
 */
final class DiskReader implements Runnable {
    private static final Logger LOG = System.getLogger("parley.durable");

    private static final int MOST_REQUESTS = 10_000;
    /** Messages that cannot be read for so long count as lost for members that wait for them. */
    private static final long LOST_NANOS = 10_000_000_000L;

    private final Database database;
    private final Tables tables;
    private final MarkTable marks;
    private final DiskHealth health;
    private final LongSupplier nanos;
    private final BlockingQueue<Request> requests = new ArrayBlockingQueue<>(MOST_REQUESTS);
    private volatile boolean isClosing;
    private volatile boolean hasEnded;

    // Of the reading thread
    private boolean isUnreadable;
    /** Since when messages cannot be read. */
    private long unreadableSince;

    private interface Request {
        void serve();

        /** It has ended. */
        void refuse();
    }

    DiskReader(Database database, DiskHealth health, LongSupplier nanos) {
        this.database = database;
        this.tables = new Tables(database);
        this.marks = new MarkTable(database);
        this.health = health;
        this.nanos = nanos;
    }

    /** Reads messages; any thread. */
    void read(RoomName name, RoomStore.Query query, Consumer<RoomStore.Answer> onAnswer) {
        Request read = new Request() {
            @Override
            public void serve() {
                onAnswer.accept(find(name, query));
            }

            @Override
            public void refuse() {
                onAnswer.accept(RoomStore.Unread.NOT_NOW);
            }
        };
        add(read);
    }

    /** Finds the read mark of a user; any thread. */
    void find(RoomName name, String user, Consumer<MarkStore.Answer> onFound) {
        add(new Request() {
            @Override
            public void serve() {
                onFound.accept(mark(name, user));
            }

            @Override
            public void refuse() {
                onFound.accept(MarkStore.No.NOT_NOW);
            }
        });
    }

    private MarkStore.Answer mark(RoomName name, String user) {
        try {
            MarkStore.Answer found = marks.find(name, user);
            health.read();
            return found;
        } catch (SQLException | RuntimeException | Error e) {
            database.rollback();
            health.cannotRead("read marks cannot be read", e);
            return MarkStore.No.NOT_NOW;
        }
    }

    private void add(Request read) {
        if (isClosing || !requests.offer(read)) {
            read.refuse();
        } else if (hasEnded && requests.remove(read)) { // it looked for what was left before this came
            read.refuse();
        }
    }

    /** Finds out whether the file can be read again, though nobody asks since it could not; any thread. */
    void probe() {
        requests.offer(new Request() {
            @Override
            public void serve() {
                try {
                    tables.rooms();
                    health.read();
                } catch (SQLException e) {
                    health.complain("it can still not be read", e);
                }
            }

            @Override
            public void refuse() {}
        });
    }

    /** Has it end once it has served what it is serving; any thread. */
    void close() {
        isClosing = true;
        probe(); // which wakes it
    }

    @Override
    public void run() {
        while (!isClosing) {
            try {
                attempt(requests.take()::serve);
            } catch (InterruptedException e) {
                LOG.log(Level.WARNING, "the thread that reads messages was interrupted, and goes on");
            }
        }
        hasEnded = true;
        List<Request> left = new ArrayList<>();
        requests.drainTo(left);
        left.forEach(request -> attempt(request::refuse));
    }

    private static void attempt(Runnable request) {
        try {
            request.run();
        } catch (RuntimeException | Error e) { // the next request may go better
            LOG.log(Level.ERROR, "messages were read, and the room failed to take them", e);
        }
    }

    private RoomStore.Answer find(RoomName name, RoomStore.Query query) {
        try {
            RoomStore.Found found = tables.messages(name, query);
            health.read();
            isUnreadable = false;
            return found;
        } catch (SQLException | RuntimeException | Error e) {
            database.rollback();
            health.cannotRead("messages cannot be read", e);
            unreadableSince = isUnreadable ? unreadableSince : nanos.getAsLong();
            isUnreadable = true;
            boolean isLost = nanos.getAsLong() - unreadableSince > LOST_NANOS;
            return isLost ? RoomStore.Unread.LOST : RoomStore.Unread.NOT_NOW;
        }
    }
}
