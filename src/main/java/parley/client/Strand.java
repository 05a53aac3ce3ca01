package parley.client;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs tasks one after the other on threads of an executor, in the order in which they were given. Any thread; a task
 * sees what those before it did. A task that throws is logged, and the next one runs.
 */
final class Strand implements Executor {
    private static final Logger LOG = System.getLogger("parley.client");

    /** After that many tasks the thread goes back to the executor, where others may wait. */
    private static final int TURN = 256;

    private final Executor executor;
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();

    Strand(Executor executor) {
        this.executor = executor;
    }

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (waiting.getAndIncrement() == 0) {
            executor.execute(this::run);
        }
    }

    private void run() {
        for (int done = 1; ; done++) {
            Runnable task = tasks.poll();
            try {
                if (task != null) {
                    task.run();
                }
            } catch (RuntimeException | Error e) {
                LOG.log(Level.WARNING, "a task of a client failed", e);
            }
            if (waiting.decrementAndGet() == 0) {
                return;
            }
            if (done % TURN == 0) {
                executor.execute(this::run);
                return;
            }
        }
    }
}
