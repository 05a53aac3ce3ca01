package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Turns at the store, for reads that no answer waits for: a few at a time in all rooms together, so that the reads that
 * clients wait for come soon. Any thread.
 */
final class StoreTurns {
    private final ReentrantLock lock = new ReentrantLock();

    @GuardedBy("lock")
    private int free;

    /** At most three of each room. */
    @GuardedBy("lock")
    private final Deque<Runnable> waiting = new ArrayDeque<>();

    /**
     * @param most how many are taken at a time
     */
    StoreTurns(int most) {
        this.free = most;
    }

    /** Takes a turn, to be {@linkplain #giveBack given back}: now, or by a thread that gives one back. */
    void take(Runnable turn) {
        lock.lock();
        try {
            if (free == 0) {
                waiting.add(turn);
                return;
            }
            free--;
        } finally {
            lock.unlock();
        }
        turn.run();
    }

    /** The read of a turn has been answered. Not by the thread that answers it, which may be the one that asked. */
    void giveBack() {
        Runnable next;
        lock.lock();
        try {
            next = waiting.poll();
            if (next == null) {
                free++;
                return;
            }
        } finally {
            lock.unlock();
        }
        next.run();
    }
}
