package parley.delivery;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/** What compression has done, in bytes of messages. Any thread. */
public final class DeflateCounts {
    private final LongAdder messages = new LongAdder();
    private final LongAdder plain = new LongAdder();
    private final LongAdder compressed = new LongAdder();
    private final LongAdder received = new LongAdder();
    private final LongAdder inflated = new LongAdder();
    private final AtomicInteger inflaters = new AtomicInteger();

    void deflated(int before, int after) {
        messages.increment();
        plain.add(before);
        compressed.add(after);
    }

    /** That many compressed bytes came from a client. */
    public void received(int bytes) {
        received.add(bytes);
    }

    /** That many bytes were in them. */
    public void inflated(int bytes) {
        inflated.add(bytes);
    }

    /** A connection holds a decompressor more, or with -1 one less. */
    public void holds(int more) {
        inflaters.addAndGet(more);
    }

    /** Messages that were compressed, each counted once for all clients that share it. */
    public long messages() {
        return messages.sum();
    }

    /** Their bytes before. */
    public long plain() {
        return plain.sum();
    }

    /** Their bytes after. */
    public long compressed() {
        return compressed.sum();
    }

    /** Bytes of compressed messages that clients sent. */
    public long received() {
        return received.sum();
    }

    /** Bytes that were in them. */
    public long inflated() {
        return inflated.sum();
    }

    /** Decompressors that connections hold, in the middle of a message or for the next. */
    public int inflaters() {
        return inflaters.get();
    }
}
