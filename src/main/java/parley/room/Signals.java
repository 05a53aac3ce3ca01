package parley.room;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;

/**
 * The signals of a room: a small log of its own, which nobody reads later. A member that does not take a signal within
 * a second, or while it is among the newest, never gets it. Any thread.
 */
final class Signals {
    private static final long MILLIS = 1_000;
    private static final int MOST = 64;
    private static final long MOST_BYTES = 64 * 1024;

    /** Milliseconds that only go up. */
    private final LongSupplier elapsed;

    /** Null before the first signal. Written to under this object's lock, read without. */
    private volatile @Nullable Ring ring;

    Signals(LongSupplier elapsed) {
        this.elapsed = elapsed;
    }

    synchronized void add(Draft draft) {
        Ring kept = ring;
        if (kept == null) {
            kept = new Ring(MOST, MOST_BYTES, MOST_BYTES);
            ring = kept;
        }
        kept.add(new Message(kept.newest() + 1, elapsed.getAsLong(), draft));
    }

    /** Lets all go when the newest is too old to be passed on. */
    synchronized void letGoOld() {
        Ring kept = ring;
        if (kept != null) {
            Message newest = kept.read(kept.head());
            if (newest != null && elapsed.getAsLong() - newest.at() > MILLIS) {
                kept.forget();
            }
        }
    }

    /** The number of the newest, 0 before the first. */
    long newest() {
        Ring kept = ring;
        return kept == null ? 0 : kept.head();
    }

    /** Returns a signal, or null when it is gone. */
    @Nullable
    Message read(long seq) {
        Ring kept = ring;
        return kept == null ? null : kept.read(seq);
    }

    /**
     * The first from a number on that is neither gone nor too old to be passed on; one more than the newest if none is.
     */
    long firstFresh(long from) {
        Ring kept = ring;
        if (kept == null) {
            return from;
        }
        long oldest = elapsed.getAsLong() - MILLIS;
        long seq = Math.max(from, kept.first());
        for (long newest = kept.head(); seq <= newest; seq++) {
            Message signal = kept.read(seq);
            if (signal != null && signal.at() >= oldest) {
                break;
            }
        }
        return seq;
    }
}
