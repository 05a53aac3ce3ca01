package parley.room;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;

/**
 * A log that numbers its messages itself, from 1 without holes: a ring that grows up to its limit of messages and lets the oldest go to stay
 * within its limit of bytes. The place of a message is its number.
 *
 * <p>Reading takes no lock. A slot holds the message with its number, so a reader who comes late finds another number, or
 * nothing, and knows that its message is gone. The writer publishes in this order: slot, then head; first, then empties the
 * slot; a larger ring is full before it is shown, and shown before a head that needs it.
 */
final class MemoryLog implements RoomLog {
    /** What a message weighs besides its content: the record, the string, the slot; in bytes, about. */
    static final int OVERHEAD_BYTES = 96;

    private static final int SMALLEST_RING = 16;

    private volatile String epoch;
    private final int maxMessages;
    private final long maxBytes;

    private volatile AtomicReferenceArray<Message> ring;
    private volatile long head;
    private volatile long first = 1;

    // Touched by the writer alone
    private long bytes;
    /** The numbers of the messages that came with an id, while they are kept. */
    private final Map<String, Long> ids = new HashMap<>();

    /**
     * Makes an empty log.
     *
     * @param epoch a name for it that no other log of the room has
     * @param maxMessages how many messages it keeps at most, at least 1
     * @param maxBytes how many bytes they weigh at most, {@link #OVERHEAD_BYTES} each included; the newest message is kept
     *     even when it alone weighs more
     */
    MemoryLog(String epoch, int maxMessages, long maxBytes) {
        this(epoch, maxMessages, maxBytes, SMALLEST_RING);
    }

    /** As above, with a ring that starts at that power of two. */
    MemoryLog(String epoch, int maxMessages, long maxBytes, int ring) {
        this.epoch = epoch;
        this.maxMessages = maxMessages;
        this.maxBytes = maxBytes;
        this.ring = new AtomicReferenceArray<>(ring);
    }

    @Override
    public String epoch() {
        return epoch;
    }

    @Override
    public boolean isSparse() {
        return false;
    }

    @Override
    public long append(long at, Draft draft) {
        Long same = draft.id() == null ? null : ids.get(draft.id());
        if (same != null) {
            return same;
        }
        long seq = head + 1;
        put(new Message(seq, at, draft));
        return seq;
    }

    @Override
    public void add(Message message) {
        if (message.seq() != head + 1) {
            begin(epoch, message.seq() - 1);
        }
        put(message);
    }

    @Override
    public void begin(String newEpoch, long newHead) {
        forget();
        epoch = newEpoch;
        first = newHead + 1;
        head = newHead;
    }

    private void put(Message message) {
        long seq = message.seq();
        bytes += weight(message);
        while (first < seq && (seq - first >= maxMessages || bytes > maxBytes)) {
            letOldestGo();
        }
        if (seq - first >= ring.length()) {
            grow(seq);
        }
        if (message.id() != null) {
            ids.put(message.id(), seq);
        }
        ring.set(slot(seq, ring), message);
        head = seq;
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
        return head;
    }

    @Override
    public long since() {
        return first;
    }

    @Override
    public long place(long seq) {
        return seq;
    }

    @Override
    public long number(long place) {
        return place;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void forget() {
        forgetBefore(head + 1);
    }

    @Override
    public void forgetBefore(long seq) {
        while (first <= head && first < seq) {
            letOldestGo();
        }
    }

    @Override
    public @Nullable Message read(long seq) {
        if (seq > head || seq < first) {
            return null;
        }
        AtomicReferenceArray<Message> now = ring;
        Message message = now.get(slot(seq, now));
        return message != null && message.seq() == seq ? message : null;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    private void letOldestGo() {
        long oldest = first;
        int slot = slot(oldest, ring);
        Message message = ring.get(slot);
        bytes -= weight(message);
        if (message.id() != null) {
            ids.remove(message.id());
        }
        first = oldest + 1;
        ring.set(slot, null);
    }

    private void grow(long seq) {
        AtomicReferenceArray<Message> larger = new AtomicReferenceArray<>(ring.length() * 2);
        for (long s = first; s < seq; s++) {
            larger.set(slot(s, larger), ring.get(slot(s, ring)));
        }
        ring = larger;
    }

    private static int slot(long seq, AtomicReferenceArray<Message> ring) {
        return (int) seq & (ring.length() - 1);
    }

    static int weight(Message message) {
        int id = message.id() == null ? 0 : message.id().length() + OVERHEAD_BYTES;
        return message.content().bytes() + OVERHEAD_BYTES + id;
    }
}
