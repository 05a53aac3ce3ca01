package parley.room;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;

/**
 * The time until a room's store has said what there is, or that it cannot; and what waits for it. Any thread may call any method; those that say
 * so are for who holds the room's lock, which is what guards it.
 */
final class Opening {
    private static final Logger LOG = System.getLogger("parley.room");

    private final RoomName room;
    private final ReentrantLock lock;

    /** In the order in which it came; null once all of it has gone on. */
    private @Nullable List<One> waiting;

    private boolean hasFailed;

    /** What is done once the store has said what there is, or that it cannot. Not under the lock. */
    interface Waiting {
        void goOn(boolean isOpen);
    }

    /** Something that waits, and who for. */
    private record One(@Nullable Member who, Waiting what) {}

    /**
     * Begins.
     *
     * @param isOver whether there is nothing to wait for
     */
    Opening(RoomName room, ReentrantLock lock, boolean isOver) {
        this.room = room;
        this.lock = lock;
        this.waiting = isOver ? null : new ArrayList<>();
    }

    /** Whether nothing waits any more. Under the lock. */
    boolean isOver() {
        assert lock.isHeldByCurrentThread();
        return waiting == null;
    }

    /** Adds something to what waits, while it is not over. Under the lock. */
    void add(Member who, Waiting what) {
        assert lock.isHeldByCurrentThread();
        if (waiting == null) {
            throw new IllegalStateException("nothing waits any more");
        }
        waiting.add(new One(who, what));
    }

    /** Lets go of what waits for those whose sessions have ended: it would be kept for as long as the store is gone. Under the lock. */
    void letGoEnded() {
        assert lock.isHeldByCurrentThread();
        if (waiting != null) {
            waiting.removeIf(one -> one.who != null && one.who.hasEnded());
        }
    }

    /** The store cannot say what there is: who asks from now on is told so too. Under the lock. */
    void fails() {
        assert lock.isHeldByCurrentThread();
        hasFailed = true;
    }

    /** Does something when it is over: at once, or later on a thread of the store's. */
    void whenOver(@Nullable Member who, Waiting what) {
        boolean isOpen;
        lock.lock();
        try {
            if (waiting != null) {
                waiting.add(new One(who, what));
                return;
            }
            isOpen = !hasFailed;
        } finally {
            lock.unlock();
        }
        what.goOn(isOpen);
    }

    /** Lets all go on that waits, in the order in which it came and before any that comes later. */
    void end(boolean isOpen) {
        for (List<One> waited = next(); waited != null; waited = next()) {
            for (One one : waited) {
                try {
                    one.what.goOn(isOpen);
                } catch (RuntimeException | Error e) { // the others are not to wait for ever
                    LOG.log(Level.ERROR, "somebody who waited to come into the room " + room + " could not be told", e);
                }
            }
        }
    }

    /** What has come to wait since the last, or null when nothing has, and nothing waits from now on. */
    private @Nullable List<One> next() {
        lock.lock();
        try {
            List<One> now = waiting;
            waiting = now == null || now.isEmpty() ? null : new ArrayList<>();
            return now == null || now.isEmpty() ? null : now;
        } finally {
            lock.unlock();
        }
    }
}
