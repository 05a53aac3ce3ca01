package parley.room;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What the logs of all rooms weigh together, and may weigh. Any thread.
 *
 * <p>Rooms count what they append and let go. Who appends beyond the limit has it {@linkplain RoomRegistry made less} elsewhere.
 */
final class LogBudget {
    private final long limit;
    private final Runnable over;
    private final AtomicLong bytes = new AtomicLong();

    /**
     * Makes an empty one.
     *
     * @param over called when there is more than the limit, by who appends, under a room's lock: must not do more than tell
     *     somebody
     */
    LogBudget(long limit, Runnable over) {
        this.limit = limit;
        this.over = over;
    }

    void add(long more) {
        if (bytes.addAndGet(more) > limit && more > 0) {
            over.run();
        }
    }

    /** What all logs weigh. */
    long bytes() {
        return bytes.get();
    }

    long limit() {
        return limit;
    }
}
