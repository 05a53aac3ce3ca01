package parley.cluster;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The store's thread: it knows the state of all rooms, carries out one task after the other, and waits for nobody.
 * Any thread may give it tasks; {@link #run} is for the thread itself.
 */
final class Loop implements Executor {
    private static final Logger LOG = System.getLogger("parley.cluster");

    private static final int BATCH = 2_000;
    private static final long TICK_NANOS = 50_000_000L;

    /** What there is to do besides tasks. */
    interface Work {
        /** Some tasks have been carried out. */
        void flush();

        /** Does what is due. */
        void tick(long nowNanos);

        /** Whether nothing waits for an answer. */
        boolean isDone();

        /** Nothing more comes. */
        void end();
    }

    private final LongSupplier nanoTime;
    private final BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private volatile boolean isClosing;
    private volatile boolean hasEnded;
    private long tickedAt;

    Loop(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.tickedAt = nanoTime.getAsLong() - TICK_NANOS;
    }

    @Override
    public void execute(Runnable task) {
        if (!offer(task)) {
            LOG.log(Level.DEBUG, "the cluster: a task came after the end");
        }
    }

    /** Gives it a task; false when it will not be carried out. */
    boolean offer(Runnable task) {
        if (hasEnded) {
            return false;
        }
        tasks.add(task);
        return !hasEnded || !tasks.remove(task); // it looked for what was left before this came
    }

    int size() {
        return tasks.size();
    }

    /** Has it end, once nothing waits for an answer. */
    void close() {
        isClosing = true;
    }

    boolean isClosing() {
        return isClosing;
    }

    boolean hasEnded() {
        return hasEnded;
    }

    /** Carries out tasks and work until it is closed. */
    void run(Work work) {
        try {
            while (!isClosing || !tasks.isEmpty() || !work.isDone()) {
                turn(work, TICK_NANOS);
            }
        } catch (InterruptedException e) {
            LOG.log(Level.WARNING, "the thread of the cluster was interrupted");
        } finally {
            hasEnded = true;
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                attempt(task);
            }
            attempt(work::end);
        }
    }

    /** Carries out the tasks that wait, or waits for one, and the work that is due. */
    void turn(Work work, long patienceNanos) throws InterruptedException {
        List<Runnable> batch = new ArrayList<>();
        Runnable first = tasks.poll(patienceNanos, TimeUnit.NANOSECONDS);
        if (first != null) {
            batch.add(first);
            tasks.drainTo(batch, BATCH);
        }
        batch.forEach(Loop::attempt);
        attempt(work::flush);
        long now = nanoTime.getAsLong();
        if (now - tickedAt >= TICK_NANOS) {
            tickedAt = now;
            attempt(() -> work.tick(now));
        }
    }

    /** Does something that may fail: what comes next may go well. */
    static void attempt(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the cluster: something went wrong, and it goes on", e);
        }
    }
}
