package parley.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Work on what all rooms share, which waits for NATS: one at a time on this node, and not again for a while after it,
 * however many marks ask for it. Any thread.
 */
final class Upkeep {
    /** Called once, by the thread that did the work, or by the caller's own. */
    interface Done {
        void done(boolean isDone);
    }

    /** Something that waits for NATS. */
    interface Work {
        void run() throws IOException;
    }

    private final String failure;
    private final Work work;
    private final Readers readers;
    private final LongSupplier nanoTime;
    private final long restNanos;
    private final Complaints complaints;
    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by the lock
    private boolean isUnderWay;
    private long restsUntil;

    private boolean wentWell;
    /** As many as there are marks on their way. */
    private List<Done> waiting = new ArrayList<>();

    /**
     * @param failure how the log names that it went wrong
     * @param restNanos how long it is not done again
     */
    Upkeep(String failure, Work work, Readers readers, LongSupplier nanoTime, long restNanos, Complaints complaints) {
        this.failure = failure;
        this.work = work;
        this.readers = readers;
        this.nanoTime = nanoTime;
        this.restNanos = restNanos;
        this.complaints = complaints;
        this.restsUntil = nanoTime.getAsLong();
    }

    /**
     * Has it done, or waits with those that wait for it already.
     *
     * @param then called with whether it is done: now, or a moment ago, after which it is not done again
     */
    void ask(Done then) {
        boolean rests;
        boolean wasDone;
        lock.lock();
        try {
            wasDone = wentWell;
            rests = !isUnderWay && nanoTime.getAsLong() - restsUntil < 0;
            if (!rests) {
                waiting.add(then);
                if (isUnderWay) {
                    return;
                }
                isUnderWay = true;
            }
        } finally {
            lock.unlock();
        }
        if (rests) {
            then.done(wasDone);
        } else {
            readers.keepUp(this::work, () -> end(false));
        }
    }

    private void work() {
        boolean isDone = false;
        try {
            work.run();
            isDone = true;
        } catch (IOException | RuntimeException e) {
            complaints.log(failure, e);
        } finally {
            end(isDone);
        }
    }

    private void end(boolean isDone) {
        List<Done> all;
        lock.lock();
        try {
            isUnderWay = false;
            wentWell = isDone;
            restsUntil = nanoTime.getAsLong() + restNanos;
            all = waiting;
            waiting = new ArrayList<>();
        } finally {
            lock.unlock();
        }
        all.forEach(one -> one.done(isDone));
    }
}
