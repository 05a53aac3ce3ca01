package parley.session;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The bytes that clients make the server hold: messages whose end has not come, and echoes and answers that they do not
 * read. Each client has limits of its own; this is the limit for all together. Any thread.
 *
 * <p>All connections are walked over when unfinished messages have grown by a part of the limit, since many clients can
 * fill the heap within one sweep, and at each sweep.
 */
final class HeldBytes {
    /** When there is too much, this part of the limit is aimed at, so that not each message closes a client. */
    private static final double AIM = 0.9;

    /** How many looks there are at least while the limit fills up. */
    private static final int LOOKS = 8;

    private static final double NANOS = 1e-9;

    private final long limit;
    private final Collection<Connection> open;
    private final Executor closing;
    /** By how much unfinished messages have grown since all connections were looked at. */
    private final AtomicLong grown = new AtomicLong();

    private final AtomicBoolean isRelieving = new AtomicBoolean();

    /**
     * Counts nothing yet.
     *
     * @param limit in bytes
     * @param open the connections to choose from
     * @param closing where they are chosen: threads that may be blocked
     */
    HeldBytes(long limit, Collection<Connection> open, Executor closing) {
        this.limit = limit;
        this.open = open;
        this.closing = closing;
    }

    /** An unfinished message has grown by that much. */
    void grown(long more, long nowNanos) {
        if (grown.addAndGet(more) > limit / LOOKS) {
            grown.set(0);
            sweep(nowNanos);
        }
    }

    /** Looks at all that clients hold. */
    void sweep(long nowNanos) {
        if (now() > limit) {
            relieveSoon(nowNanos);
        }
    }

    /** The bytes held now. Walks over all connections. */
    long now() {
        return open.stream().mapToLong(Connection::heldBytes).sum();
    }

    long limit() {
        return limit;
    }

    private void relieveSoon(long nowNanos) {
        if (isRelieving.compareAndSet(false, true)) {
            closing.execute(() -> {
                try {
                    relieve(nowNanos);
                } finally {
                    isRelieving.set(false);
                }
            });
        }
    }

    /** Ends the connections that hold most and longest, until the rest fits. */
    private void relieve(long nowNanos) {
        record Holder(Connection connection, long bytes, double share) {}

        List<Holder> heaviestFirst = open.stream()
                .map(each -> new Holder(
                        each,
                        each.heldBytes(),
                        each.heldBytes() * (1 + NANOS * Math.max(0, nowNanos - each.heldSinceNanos()))))
                .filter(each -> each.bytes > 0)
                .sorted(Comparator.comparingDouble(Holder::share).reversed())
                .toList();
        long left = heaviestFirst.stream().mapToLong(Holder::bytes).sum();
        for (Holder each : heaviestFirst) {
            if (left <= limit * AIM) {
                return;
            }
            left -= each.bytes;
            each.connection.end(Ending.HELD_TOO_MUCH);
        }
    }
}
