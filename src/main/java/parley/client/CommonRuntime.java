package parley.client;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Threads, timers and connections of the clients that were given none: a set for all of them, since an {@link
 * HttpClient} and a timer cost a thread each. It begins with the first client and ends with the last one, so that
 * nothing keeps an application in memory that has closed its clients. Any thread.
 */
final class CommonRuntime {
    /** The one of this class loader. */
    static final CommonRuntime OF_ALL = new CommonRuntime();

    private static final int IDLE_SECONDS = 10;
    private static final Duration CONNECT = Duration.ofSeconds(10);
    /** Looking up an address blocks one. */
    private static final int LEAST_WORKERS = 2;

    /**
     * What clients share.
     *
     * @param work a thread for each processor: its tasks never block, and there may be one for each client at a time
     * @param executor as many threads as block
     */
    record Parts(Executor work, Executor executor, ScheduledThreadPoolExecutor timers, HttpClient http) {}

    private final Object lock = new Object();

    @GuardedBy("lock")
    private @Nullable Parts parts;

    @GuardedBy("lock")
    private int clients;

    CommonRuntime() {}

    /** For one client, which calls {@link #giveBack} once when it has ended. */
    Parts take() {
        synchronized (lock) {
            Parts shared = parts == null ? make() : parts;
            parts = shared;
            clients++;
            return shared;
        }
    }

    void giveBack() {
        Parts unused;
        synchronized (lock) {
            clients--;
            if (clients > 0) {
                return;
            }
            unused = parts;
            parts = null;
        }
        if (unused != null) {
            unused.timers.shutdownNow(); // the pools end when they are idle: futures are completed there even now
        }
    }

    private static Parts make() {
        int workers = Math.max(LEAST_WORKERS, Runtime.getRuntime().availableProcessors());
        ThreadPoolExecutor work = pool(workers, workers, new LinkedBlockingQueue<>());
        work.allowCoreThreadTimeOut(true);
        ScheduledThreadPoolExecutor timers = new ScheduledThreadPoolExecutor(1, CommonRuntime::thread);
        timers.setRemoveOnCancelPolicy(true);
        HttpClient http = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(CONNECT)
                .executor(work)
                .build();
        return new Parts(work, pool(0, Integer.MAX_VALUE, new SynchronousQueue<>()), timers, http);
    }

    private static ThreadPoolExecutor pool(int least, int most, BlockingQueue<Runnable> queue) {
        return new ThreadPoolExecutor(least, most, IDLE_SECONDS, TimeUnit.SECONDS, queue, CommonRuntime::thread);
    }

    private static Thread thread(Runnable task) {
        Thread thread = new Thread(task, "parley-client");
        thread.setDaemon(true);
        // Not that of the caller, which may be another application that has ended long before the thread does.
        thread.setContextClassLoader(CommonRuntime.class.getClassLoader());
        return thread;
    }
}
