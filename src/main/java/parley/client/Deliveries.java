package parley.client;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * The callbacks of one room, or of the connection, in order and one at a time. {@link #post} and {@link #whenHalfEmpty}
 * are for the client's strand; callbacks run elsewhere, so that one that blocks holds up nothing else.
 */
final class Deliveries {
    private static final Runnable NOTHING = () -> {};

    private final Executor strand;
    private final int most;
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicReference<Runnable> whenHalfEmpty = new AtomicReference<>(NOTHING);

    Deliveries(Executor executor, int most) {
        this.strand = new Strand(executor);
        this.most = most;
    }

    void post(Runnable callback) {
        waiting.incrementAndGet();
        strand.execute(() -> {
            try {
                callback.run();
            } finally {
                if (waiting.decrementAndGet() <= most / 2) {
                    whenHalfEmpty.getAndSet(NOTHING).run();
                }
            }
        });
    }

    /** Whether as many callbacks wait as may. */
    boolean isFull() {
        return waiting.get() > most;
    }

    /** Runs a task once, now or when half of what may wait has been called. The task must not block. */
    void whenHalfEmpty(Runnable task) {
        whenHalfEmpty.set(task);
        if (waiting.get() <= most / 2) {
            whenHalfEmpty.getAndSet(NOTHING).run();
        }
    }
}
