package parley.cluster;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What has come by for a room and waits until those before it have been read; bounded, since what does not fit is read
 * later, as what was missed on the way. For the store's thread.
 */
final class Early {
    private static final int MOST = 10_000;
    private static final long MOST_BYTES = 4 << 20;

    private final Deque<Remote.Heard> waiting = new ArrayDeque<>();
    private long bytes;

    void add(Remote.Heard heard) {
        if (waiting.size() < MOST && bytes < MOST_BYTES) {
            bytes += bytes(heard);
            waiting.add(heard);
        }
    }

    /** Puts one before all others, in any case. */
    void addFirst(Remote.Heard heard) {
        bytes += bytes(heard);
        waiting.addFirst(heard);
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** The first, which is there. */
    Remote.Heard first() {
        return waiting.element();
    }

    /** Takes the first, which is there. */
    Remote.Heard remove() {
        Remote.Heard next = waiting.remove();
        bytes -= bytes(next);
        return next;
    }

    void clear() {
        waiting.clear();
        bytes = 0;
    }

    private static long bytes(Remote.Heard heard) {
        return heard.message() == null ? 0 : heard.message().content().bytes();
    }
}
