package parley.testclient;

import java.net.http.HttpClient;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import parley.client.ParleyClient;

/** Threads for Java clients of one test, since those that all clients share may outlive it. */
public final class ClientThreads implements AutoCloseable {
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final ScheduledExecutorService timers = Executors.newSingleThreadScheduledExecutor();

    /** Begins a client that runs on these threads. */
    public ParleyClient.Builder client(String address) {
        return ParleyClient.to(address).executor(threads).timers(timers).http(HttpClient.newHttpClient());
    }

    @Override
    public void close() {
        threads.shutdown();
        timers.shutdown();
    }
}
