package parley.room;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import parley.protocol.RoomName;

/**
 * The time until a room's store has said what it has of the room, or that it cannot; and callers that wait for it. Any
 * thread may call any method; methods whose name ends in {@code Locked} are for a thread that holds the room's lock,
 * which guards the state.
 *
 * <pre>
 *   OPENING ---- opened, and every waiting caller called ----> OPEN
 *      |
 *      +-------- could not be opened -------------------------> FAILED
 * </pre>
 */
final class Opening {
    private static final Logger LOG = System.getLogger("parley.room");

    private enum State {
        OPENING,
        OPEN,
        FAILED
    }

    /** A caller that waits. Called without a lock. */
    interface Waiter {
        /** The room is open, or cannot be opened. */
        void opened(boolean isOpen);

        /** Whether nobody needs the call any more. Asked under the room's lock. */
        boolean hasEnded();
    }

    private final RoomName room;
    private final ReentrantLock lock;

    // Guarded by the room's lock
    private State state = State.OPENING;

    /** In the order in which they came. */
    private List<Waiter> waiting = new ArrayList<>();

    Opening(RoomName room, ReentrantLock lock) {
        this.room = room;
        this.lock = lock;
    }

    boolean isOpenLocked() {
        assert lock.isHeldByCurrentThread();
        return state == State.OPEN;
    }

    /** Whether callers may still be waiting. */
    boolean isOverLocked() {
        assert lock.isHeldByCurrentThread();
        return state != State.OPENING;
    }

    /** Calls a waiter when it is over: at once, or later on a thread of the store's. */
    void whenOver(Waiter waiter) {
        boolean isOpen;
        lock.lock();
        try {
            if (state == State.OPENING) {
                waiting.add(waiter);
                return;
            }
            isOpen = state == State.OPEN;
        } finally {
            lock.unlock();
        }
        waiter.opened(isOpen);
    }

    /** Lets go of waiters that nobody needs any more: they would be kept for as long as the store is gone. */
    void letGoEndedLocked() {
        assert lock.isHeldByCurrentThread();
        waiting.removeIf(Waiter::hasEnded);
    }

    /** Calls all waiters in the order in which they came, before any that comes later. */
    void end(boolean isOpen) {
        for (List<Waiter> next = next(isOpen); !next.isEmpty(); next = next(isOpen)) {
            for (Waiter waiter : next) {
                try {
                    waiter.opened(isOpen);
                } catch (RuntimeException | Error e) { // the others must not wait for ever
                    LOG.log(Level.ERROR, "a client that waited for the room " + room + " to open failed", e);
                }
            }
        }
    }

    private List<Waiter> next(boolean isOpen) {
        lock.lock();
        try {
            List<Waiter> now = waiting;
            waiting = new ArrayList<>();
            if (now.isEmpty()) {
                state = isOpen ? State.OPEN : State.FAILED;
            }
            return now;
        } finally {
            lock.unlock();
        }
    }
}
