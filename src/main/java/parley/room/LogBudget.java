package parley.room;

import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes of the logs of all rooms together, and their limit. Any thread.
 *
 * <p>Rooms count what they append and let go. A thread that appends beyond the limit has {@linkplain RoomRegistry other
 * rooms} forget.
 */
final class LogBudget {
    private final long limit;
    private final Runnable over;
    private final AtomicLong bytes = new AtomicLong();
    private final KeyTotals keys = new KeyTotals(this);

    /**
     * Makes an empty one.
     *
     * @param over called when there is more than the limit, by a thread that has appended
     */
    LogBudget(long limit, Runnable over) {
        this.limit = limit;
        this.over = over;
    }

    /** Counts bytes more, or less. */
    void add(long more) {
        bytes.addAndGet(more);
    }

    /** The values of keys among them. */
    KeyTotals keys() {
        return keys;
    }

    /** Has the logs made smaller when there is too much. Not under a lock. */
    void check() {
        if (bytes.get() > limit) {
            over.run();
        }
    }

    /** The bytes of all logs, and of the values of keys. */
    long bytes() {
        return bytes.get();
    }

    long limit() {
        return limit;
    }
}
