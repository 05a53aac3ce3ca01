package parley.room;

import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;

/**
 * A log of messages that have their numbers from elsewhere, with holes, since rooms share them: a ring in the order of places, in which a
 * number is found by halving.
 *
 * <p>Reading takes no lock. A slot holds the message with its place, so a reader who comes late finds another place, or nothing, and knows
 * that its message is gone. The writer publishes in the order of {@link MemoryLog}: slot, then head; first, then empties the slot; a larger
 * ring is full before it is shown. Places go on over everything, also when the log {@linkplain #begin begins again}.
 */
final class SparseLog implements RoomLog {
    private static final int SMALLEST_RING = 16;

    private record Slot(long place, Message message) {}

    private final int maxMessages;
    private final long maxBytes;

    private volatile String epoch;
    private volatile AtomicReferenceArray<Slot> ring = new AtomicReferenceArray<>(SMALLEST_RING);
    private volatile long head;
    private volatile long first = 1;
    private volatile long newest;
    private volatile long since = 1;

    // Touched by the writer alone
    private long bytes;

    /** Makes an empty log, with limits as those of {@link MemoryLog}. */
    SparseLog(String epoch, int maxMessages, long maxBytes) {
        this.epoch = epoch;
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
    }

    @Override
    public String epoch() {
        return epoch;
    }

    @Override
    public boolean isSparse() {
        return true;
    }

    @Override
    public long append(long at, Draft draft) {
        throw new UnsupportedOperationException("numbers come from elsewhere");
    }

    @Override
    public void add(Message message) {
        if (message.seq() <= newest) {
            throw new IllegalArgumentException(message.seq() + " does not follow " + newest);
        }
        long place = head + 1;
        bytes += MemoryLog.weight(message);
        while (first < place && (place - first >= maxMessages || bytes > maxBytes)) {
            letOldestGo();
        }
        if (place - first >= ring.length()) {
            grow(place);
        }
        ring.set(slot(place, ring), new Slot(place, message));
        newest = message.seq();
        head = place;
    }

    @Override
    public void begin(String newEpoch, long newNewest) {
        forget();
        epoch = newEpoch;
        newest = newNewest;
        since = newNewest + 1;
    }

    @Override
    public long head() {
        return head;
    }

    @Override
    public long first() {
        return first;
    }

    @Override
    public long newest() {
        return newest;
    }

    @Override
    public long since() {
        return since;
    }

    @Override
    public long place(long seq) {
        long low = first;
        long high = head + 1;
        if (seq > newest) {
            return high;
        }
        while (low < high) {
            long middle = (low + high) >>> 1;
            Message message = read(middle);
            if (message == null) {
                low = Math.max(middle + 1, first); // let go meanwhile, with all before it
            } else if (message.seq() < seq) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    @Override
    public long number(long place) {
        long at = place;
        while (at <= head) {
            at = Math.max(at, first);
            Message message = read(at);
            if (message != null) {
                return message.seq();
            }
        }
        return newest + 1;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void forget() {
        while (first <= head) {
            letOldestGo();
        }
    }

    @Override
    public void forgetBefore(long seq) {
        Message oldest = read(first);
        while (oldest != null && oldest.seq() < seq) {
            letOldestGo();
            oldest = read(first);
        }
    }

    @Override
    public @Nullable Message read(long place) {
        if (place > head || place < first) {
            return null;
        }
        AtomicReferenceArray<Slot> now = ring;
        Slot slot = now.get(slot(place, now));
        return slot != null && slot.place == place ? slot.message : null;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    private void letOldestGo() {
        long oldest = first;
        int slot = slot(oldest, ring);
        Message message = ring.get(slot).message;
        bytes -= MemoryLog.weight(message);
        since = message.seq() + 1;
        first = oldest + 1;
        ring.set(slot, null);
    }

    private void grow(long place) {
        AtomicReferenceArray<Slot> larger = new AtomicReferenceArray<>(ring.length() * 2);
        for (long p = first; p < place; p++) {
            larger.set(slot(p, larger), ring.get(slot(p, ring)));
        }
        ring = larger;
    }

    private static int slot(long place, AtomicReferenceArray<?> ring) {
        return (int) place & (ring.length() - 1);
    }
}
