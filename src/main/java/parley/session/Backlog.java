package parley.session;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What waits behind the frames in flight because this client alone asked for it: echoes, answers. Bounded in bytes. Any thread
 * may add, one at a time takes.
 */
final class Backlog<T> {
    /** What a waiting thing weighs besides its content, in bytes, about: so that a flood of empty messages is bounded too. */
    private static final int OVERHEAD_BYTES = 64;

    private record Waiting<T>(T thing, long weight) {}

    private final long limit;
    private final Queue<Waiting<T>> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicLong bytes = new AtomicLong();

    Backlog(long limit) {
        this.limit = limit;
    }

    /** Adds a thing of that many bytes; false when it does not fit. One always fits. */
    boolean add(T thing, int size) {
        long weight = (long) size + OVERHEAD_BYTES;
        long before = bytes.getAndAdd(weight);
        if (before > 0 && before + weight > limit) {
            return false;
        }
        waiting.add(new Waiting<>(thing, weight));
        return true;
    }

    /** Takes the oldest, or null. */
    @Nullable
    T poll() {
        Waiting<T> oldest = waiting.poll();
        if (oldest == null) {
            return null;
        }
        bytes.addAndGet(-oldest.weight);
        return oldest.thing;
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** What waits, in bytes. */
    long bytes() {
        return bytes.get();
    }

    /** Lets all of it go. */
    void clear() {
        waiting.clear();
    }
}
