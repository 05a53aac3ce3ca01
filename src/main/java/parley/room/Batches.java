package parley.room;

import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import parley.room.Frames.Batch;

/**
 * The last batches that members of one kind were sent: the newest one, and some full ones for members who are behind. A
 * cache: any thread may replace what another has put there.
 */
final class Batches {
    /** Full batches that are kept; a power of two. */
    private static final int FULL = 4;

    /** Longer ones are not kept, in bytes. */
    private static final int LONGEST_FULL = 1 << 17;

    /**
     * A batch that is kept.
     *
     * @param foldings how often the ring had folded something before it was made: later it may say what was removed
     */
    private record Made(Batch batch, long foldings) {
        /** Whether members may be sent the other in its place. */
        boolean isLike(Made other) {
            return foldings == other.foldings
                    && batch.from() == other.batch.from()
                    && batch.to() == other.batch.to()
                    && batch.isFull() == other.batch.isFull();
        }
    }

    private final AtomicReferenceArray<@Nullable Made> full = new AtomicReferenceArray<>(FULL);
    private final AtomicInteger nextFull = new AtomicInteger();
    private final AtomicReference<@Nullable Made> last = new AtomicReference<>();

    private final Ring ring;

    Batches(Ring ring) {
        this.ring = ring;
    }

    /**
     * Returns what a member gets that is at {@code from} and may take messages up to {@code until}; null when that is
     * not here.
     */
    @Nullable
    Batch find(long from, long until) {
        long foldings = ring.foldings();
        Made made = last.get();
        if (made != null && fits(made, from, until, foldings)) {
            return made.batch;
        }
        for (int slot = 0; slot < FULL; slot++) {
            made = full.get(slot);
            if (made != null && fits(made, from, until, foldings)) {
                return made.batch;
            }
        }
        return null;
    }

    private static boolean fits(Made made, long from, long until, long foldings) {
        return made.foldings == foldings && made.batch.fits(from, until);
    }

    /**
     * Keeps a batch of that many bytes and returns it; or, where another thread has made the same meanwhile, returns
     * that one, so that members share a frame and what is made of it. Of full ones that are made at the same moment two
     * may be returned.
     *
     * @param foldings how often the ring had folded something before it was made
     */
    Batch keep(Batch batch, int bytes, long foldings) {
        Made made = new Made(batch, foldings);
        if (batch.isFull() && bytes <= LONGEST_FULL) {
            for (int slot = 0; slot < FULL; slot++) {
                Made kept = full.get(slot);
                if (kept != null && kept.isLike(made)) {
                    return kept.batch;
                }
            }
            full.set(nextFull.getAndIncrement() & (FULL - 1), made);
            return batch;
        }
        Made kept = last.updateAndGet(before -> before != null && before.isLike(made) ? before : made);
        return Objects.requireNonNull(kept).batch;
    }

    /** Lets all of them go. */
    void letGo() {
        for (int slot = 0; slot < FULL; slot++) {
            full.set(slot, null);
        }
        last.set(null);
    }
}
