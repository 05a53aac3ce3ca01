package parley.standalone;

import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import parley.delivery.DeflateCounts;

/**
 * The decompressors of all connections. Any thread.
 *
 * <p>A connection has one while a compressed message of its client has begun and not ended; those whose clients refer
 * to earlier messages ({@link DeflateTerms#KEPT}) have theirs until they end, and so their number is limited.
 */
final class Inflaters {
    /** With 38 KiB outside the heap and 20 KiB in it, as many as this have 58 MB. */
    static final int MOST_KEPT = 1000;

    private static final int IDLE = 8;

    private final Queue<Inflation> idle = new ArrayBlockingQueue<>(IDLE);
    private final AtomicInteger kept = new AtomicInteger();
    private final DeflateCounts counts;

    Inflaters(DeflateCounts counts) {
        this.counts = counts;
    }

    /** Where to count what comes. */
    DeflateCounts counts() {
        return counts;
    }

    /** Reserves one for as long as a connection lasts; false when there are too many. */
    boolean reserve() {
        if (kept.incrementAndGet() <= MOST_KEPT) {
            return true;
        }
        kept.decrementAndGet();
        return false;
    }

    /** Gives back what was reserved. */
    void cancel() {
        kept.decrementAndGet();
    }

    /** Returns one for a message. */
    Inflation take() {
        counts.holds(1);
        Inflation waiting = idle.poll();
        return waiting == null ? new Inflation() : waiting;
    }

    /** Takes it back, and what is in it is forgotten. */
    void giveBack(Inflation inflation) {
        counts.holds(-1);
        inflation.reset();
        if (!idle.offer(inflation)) {
            inflation.end();
        }
    }

    /** Lets go of those that wait. */
    void close() {
        for (Inflation inflation = idle.poll(); inflation != null; inflation = idle.poll()) {
            inflation.end();
        }
    }
}
