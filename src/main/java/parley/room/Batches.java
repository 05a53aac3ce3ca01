package parley.room;

import java.util.concurrent.atomic.AtomicInteger;
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

    private final AtomicReferenceArray<@Nullable Batch> full = new AtomicReferenceArray<>(FULL);
    private final AtomicInteger nextFull = new AtomicInteger();
    private volatile @Nullable Batch last;

    /** What has been folded in the ring when the batches were made that are kept. */
    private volatile long foldings;

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
        if (foldings != ring.foldings()) {
            return null;
        }
        Batch made = last;
        if (made != null && made.fits(from, until)) {
            return made;
        }
        for (int slot = 0; slot < FULL; slot++) {
            made = full.get(slot);
            if (made != null && made.fits(from, until)) {
                return made;
            }
        }
        return null;
    }

    /**
     * Keeps a batch of that many bytes, and returns it.
     *
     * @param of how often the ring had folded something before it was made
     */
    Batch keep(Batch batch, int bytes, long of) {
        if (of != foldings) {
            letGo();
            foldings = of;
        }
        if (batch.isFull() && bytes <= LONGEST_FULL) {
            full.set(nextFull.getAndIncrement() & (FULL - 1), batch);
        } else {
            last = batch;
        }
        return batch;
    }

    /** Lets all of them go. */
    void letGo() {
        for (int slot = 0; slot < FULL; slot++) {
            full.set(slot, null);
        }
        last = null;
    }
}
