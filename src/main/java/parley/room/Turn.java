package parley.room;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A room's turn at fan-out: work of which one run is due or running at a time. Any thread.
 *
 * <p>A turn that falls due while one runs makes that run again, behind the turns of other rooms:
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
    /** Written by the thread that runs. */
    private volatile long begun;
    /** Called at the end of a run that began after they were added. */
    private final Queue<Runnable> after = new ConcurrentLinkedQueue<>();

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

    /** Has the work done once more, and then something called, once. */
    void isDue(Runnable then) {
        after.add(then);
        isDue();
    }

    /** How many runs have begun. */
    long begun() {
        return begun;
    }

    /** Does the work if it is due. For the executor, and for a thread that helps: then the executor's finds it done. */
    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one runs at a time
    public void run() {
        if (!state.compareAndSet(DUE, RUNNING)) {
            return;
        }
        begun++;
        int due = after.size();
        try {
            work.run();
            for (; due > 0; due--) {
                Runnable then = after.poll();
                if (then != null) {
                    then.run();
                }
            }
        } finally {
            // Whatever happened: a turn left as running would be the room's last.
            if (!state.compareAndSet(RUNNING, IDLE)) {
                state.set(DUE);
                executor.execute(this);
            }
        }
    }
}
