package parley.app;

import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads of the application. Any thread may call any method.
 *
 * <p>{@code parley-fan-out} runs the rooms' turns; {@code parley-sweep} looks after deadlines, keepalive and empty
 * rooms; {@code parley-store} writes and reads the rooms on disk; {@code parley-cluster} those of a cluster; {@code
 * parley-close}, {@code parley-ping} and {@code parley-write} are there because a container may block in a close (5 to
 * 20 seconds), in a ping or in a write; {@code parley-call} and {@code parley-listen} because the application that
 * Parley is in may block in its own code.
 */
final class Pools {
    private static final int CLOSING_THREADS = 32;
    /** How many threads that are blocked in a close are replaced by others. */
    private static final int MOST_BLOCKED = 1_000;

    private static final int WRITING_THREADS = 32;
    private static final int CALLING_THREADS = 32;
    private static final int LISTENING_THREADS = 8;
    private static final int PING_THREADS = 16;
    private static final int IDLE_THREAD_SECONDS = 10;
    private static final int LAST_CALLS_SECONDS = 1;
    private static final long THREADS_END_NANOS = 1_000_000_000L;
    private static final long STUCK_THREADS_END_NANOS = 60 * THREADS_END_NANOS;
    private static final int STUCK_THREADS_MILLIS = 250;

    /** The threads of all pools: a pool says it has terminated when its threads are about to end. */
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();

    private final ExecutorService fanOut;
    private final ThreadPoolExecutor closing = upTo(CLOSING_THREADS, named("parley-close"));
    private final ExecutorService writing = upTo(WRITING_THREADS, named("parley-write"));
    private final ExecutorService calling = upTo(CALLING_THREADS, named("parley-call"));
    private final ThreadPoolExecutor listening = upTo(LISTENING_THREADS, named("parley-listen"));
    private final ExecutorService pinging = new ThreadPoolExecutor(
            0, PING_THREADS, IDLE_THREAD_SECONDS, TimeUnit.SECONDS, new SynchronousQueue<>(), named("parley-ping"));
    private final ScheduledExecutorService sweep = Executors.newSingleThreadScheduledExecutor(named("parley-sweep"));

    Pools(int fanOutThreads) {
        // Listeners are given work with a room's lock held: none is called then, when these threads have ended.
        listening.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
        this.fanOut = Executors.newFixedThreadPool(fanOutThreads, named("parley-fan-out"));
    }

    ExecutorService fanOut() {
        return fanOut;
    }

    ExecutorService closing() {
        return closing;
    }

    ExecutorService writing() {
        return writing;
    }

    /** Where the code of the application is called that Parley is in. */
    ExecutorService calling() {
        return calling;
    }

    /** Where its listeners are called. */
    ExecutorService listening() {
        return listening;
    }

    ExecutorService pinging() {
        return pinging;
    }

    ScheduledExecutorService sweep() {
        return sweep;
    }

    /**
     * Ends the threads and waits a moment until they are gone: a server calls those that outlive the application a
     * leak.
     */
    void end() {
        calling.shutdown();
        listening.shutdown();
        List.of(sweep, fanOut, writing, pinging, closing).forEach(ExecutorService::shutdownNow);
        try {
            calling.awaitTermination(LAST_CALLS_SECONDS, TimeUnit.SECONDS);
            calling.shutdownNow();
            listening.awaitTermination(LAST_CALLS_SECONDS, TimeUnit.SECONDS);
            listening.shutdownNow();
            long until = System.nanoTime() + THREADS_END_NANOS;
            for (Thread thread : threads) {
                TimeUnit.NANOSECONDS.timedJoin(thread, until - System.nanoTime());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        List<Thread> stuck = threads.stream().filter(Thread::isAlive).toList();
        if (!stuck.isEmpty()) {
            Thread last = new Thread(() -> interruptUntilGone(stuck), "parley-last");
            last.setDaemon(true);
            last.start();
        }
    }

    /**
     * As the sweep would: a close that is blocked on Open Liberty looks once more whenever it is interrupted, and ends
     * some time.
     */
    private static void interruptUntilGone(List<Thread> stuck) {
        long until = System.nanoTime() + STUCK_THREADS_END_NANOS;
        try {
            while (stuck.stream().anyMatch(Thread::isAlive) && System.nanoTime() < until) {
                stuck.forEach(Thread::interrupt);
                Thread.sleep(STUCK_THREADS_MILLIS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Open Liberty does not give every thread back that closes: with 32 of those nobody would be closed any more.
     *
     * @param blocked how many do not come back
     */
    void makeGoodForBlocked(int blocked) {
        int wanted = CLOSING_THREADS + Math.min(blocked, MOST_BLOCKED);
        if (wanted > closing.getMaximumPoolSize()) {
            closing.setMaximumPoolSize(wanted); // in this order: the core is never more
            closing.setCorePoolSize(wanted);
        } else if (wanted < closing.getMaximumPoolSize()) {
            closing.setCorePoolSize(wanted);
            closing.setMaximumPoolSize(wanted);
        }
    }

    private static ThreadPoolExecutor upTo(int threads, ThreadFactory factory) {
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                threads, threads, IDLE_THREAD_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), factory);
        pool.allowCoreThreadTimeOut(true);
        // A session that opens while these threads end is closed by who opens it.
        pool.setRejectedExecutionHandler((task, ended) -> task.run());
        return pool;
    }

    /** Makes threads of that name, a number behind it. */
    ThreadFactory named(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            threads.removeIf(other -> other.getState() == Thread.State.TERMINATED);
            threads.add(thread);
            return thread;
        };
    }
}
