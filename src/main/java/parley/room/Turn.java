package parley.room;

import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A room's turn at fan-out: something to do, of which one is due or running at a time. Any thread.
 *
 * <p>What falls due during a turn makes it run again, behind the turns of other rooms:
 *
 * <pre>
 *            due           starts             done
 *   IDLE ---------> DUE ---------> RUNNING ---------> IDLE
 *                    ^               | due
 *                    |     done      v
 *                    +------------ AGAIN
 * </pre>
 */
final class Turn implements Runnable {
    private static final int IDLE = 0;
    private static final int DUE = 1;
    private static final int RUNNING = 2;
    private static final int AGAIN = 3;

    private final Runnable work;
    private final Executor executor;

    /** One of the states above; moves by compare-and-set. */
    private final AtomicInteger state = new AtomicInteger(IDLE);

    Turn(Runnable work, Executor executor) {
        this.work = work;
        this.executor = executor;
    }

    /** Has the work done once more, from its beginning. */
    void isDue() {
        while (true) {
            int now = state.get();
            switch (now) {
                case IDLE -> {
                    if (state.compareAndSet(IDLE, DUE)) {
                        executor.execute(this);
                        return;
                    }
                }
                case RUNNING -> {
                    if (state.compareAndSet(RUNNING, AGAIN)) {
                        return;
                    }
                }
                case DUE, AGAIN -> {
                    return;
                }
                default -> throw new AssertionError(now);
            }
        }
    }

    /** Does the work. For the executor. */
    @Override
    public void run() {
        state.set(RUNNING);
        try {
            work.run();
        } finally {
            // Whatever happened: a turn left as running would be the room's last.
            if (!state.compareAndSet(RUNNING, IDLE)) {
                state.set(DUE);
                executor.execute(this);
            }
        }
    }
}
