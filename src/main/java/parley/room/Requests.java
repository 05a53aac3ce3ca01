package parley.room;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Requests that are served in order, one at a time, by the thread that finds none being served; other threads leave
 * theirs and go. So no lock is held while they are served. Any thread may add.
 */
final class Requests<T> {
    private static final int BATCH = 256;

    /** Serves requests. Called by one thread at a time; must not throw. */
    interface Server<T> {
        /** Serves one. */
        void serve(T request);

        /** Some have been served, and there are no more for now, or many were served already. */
        void endBatch();
    }

    private final Server<T> server;
    private final Queue<T> waiting = new ConcurrentLinkedQueue<>();
    /**
     * How many requests wait or are being served. The thread that makes it 1 serves until it is 0 again, or less: a
     * request may be served before its thread has counted it. That thread, which counts up to 0, must not serve beside
     * the one that counts up to 1.
     */
    private final AtomicInteger count = new AtomicInteger();

    Requests(Server<T> server) {
        this.server = server;
    }

    /** Has a request served, now or by another thread. */
    void add(T request) {
        waiting.add(request);
        if (count.getAndIncrement() != 0) {
            return;
        }
        int served;
        do {
            served = 0;
            for (T next = waiting.poll(); next != null; next = served < BATCH ? waiting.poll() : null) {
                served++;
                server.serve(next);
            }
            server.endBatch();
        } while (count.addAndGet(-served) > 0);
    }
}
