package parley.room;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * Callers that are no members of a room, and for whom it stays: those that publish and do not know yet what became of
 * it, and those that wait for messages. Any thread.
 */
public final class Visitors {
    /** A caller that waits, and is called once. Its equality is its identity. */
    public static final class Waiting {
        private final RoomStore.Expected newest;
        private final Consumer<RoomStore.Expected> then;

        /**
         * Makes one.
         *
         * @param newest the message behind which it waits for another one, or another history
         * @param then called with the newest message, by a thread that may send
         */
        public Waiting(RoomStore.Expected newest, Consumer<RoomStore.Expected> then) {
            this.newest = newest;
            this.then = then;
        }
    }

    private final ReentrantLock lock;
    private final Executor executor;
    private final Set<Waiting> waiting = ConcurrentHashMap.newKeySet();

    // Guarded by the room's lock
    private int count;
    private boolean isClosed;

    Visitors(ReentrantLock lock, Executor executor) {
        this.lock = lock;
        this.executor = executor;
    }

    /** One comes; false when the room has been given up. */
    boolean enter() {
        lock.lock();
        try {
            count += isClosed ? 0 : 1;
            return !isClosed;
        } finally {
            lock.unlock();
        }
    }

    /** One goes that has come. */
    void leave() {
        lock.lock();
        try {
            count--;
        } finally {
            lock.unlock();
        }
    }

    /**
     * One comes, and goes when it has its result.
     *
     * @param task called at once, with the consumer of what came of it
     * @return false, and nothing is called, when the room has been given up
     */
    public boolean stay(Consumer<Consumer<Outcome>> task, Consumer<Outcome> onResult) {
        if (!enter()) {
            return false;
        }
        task.accept(outcome -> {
            leave();
            onResult.accept(outcome);
        });
        return true;
    }

    /** One waits, for what comes from now on; false when the room has been given up. */
    public boolean await(Waiting one) {
        if (!enter()) {
            return false;
        }
        waiting.add(one);
        return true;
    }

    /** One waits no more; false when it has been called, or is about to be. */
    public boolean leave(Waiting one) {
        boolean isFound = waiting.remove(one);
        if (isFound) {
            leave();
        }
        return isFound;
    }

    /** A turn of the room is over. */
    void turned(RoomLog log) {
        if (waiting.isEmpty()) {
            return;
        }
        RoomStore.Expected newest = log.newest();
        for (Waiting one : waiting) {
            boolean isNew = newest.seq() > one.newest.seq() || !newest.epoch().equals(one.newest.epoch());
            if (isNew && leave(one)) {
                executor.execute(() -> one.then.accept(newest));
            }
        }
    }

    boolean areThereLocked() {
        assert lock.isHeldByCurrentThread();
        return count > 0;
    }

    /** The room is given up. */
    void closeLocked() {
        assert lock.isHeldByCurrentThread();
        isClosed = true;
    }
}
