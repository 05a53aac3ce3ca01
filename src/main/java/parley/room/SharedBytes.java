package parley.room;

import java.util.concurrent.atomic.AtomicLong;

/** The bytes of one kind of what all rooms keep together, and their limit. Any thread. */
public final class SharedBytes {
    private final long limit;
    private final AtomicLong bytes = new AtomicLong();

    SharedBytes(long limit) {
        this.limit = limit;
    }

    /** Counts that many bytes more, or fewer; false, and nothing is counted, when that would be more than the limit. */
    boolean take(long more) {
        if (bytes.addAndGet(more) > limit && more > 0) {
            bytes.addAndGet(-more);
            return false;
        }
        return true;
    }

    /** How many there are. */
    public long bytes() {
        return bytes.get();
    }
}
