package parley.bench;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import parley.client.ClientRoom;
import parley.client.Joining;
import parley.client.ParleyClient;
import parley.client.RoomCallbacks;
import parley.client.RoomMessage;

/**
 * Clients of {@code parley.client} in this JVM, all in one room, made as an application makes one: what each costs, and
 * whether each has every message once. Used by one thread; callbacks come on others.
 */
final class JavaClients implements AutoCloseable {
    private static final String ROOM = "java-clients";
    private static final int AT_ONCE = 100;
    private static final int MESSAGES = 20;
    private static final int WARM_UP = 20;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final double KILOBYTE = 1024;

    private final String address;
    private final List<ParleyClient> clients = new ArrayList<>();
    private final List<Reader> readers = new ArrayList<>();
    /** The time from {@code say} to a client's callback, in microseconds, since the last {@link #count}. */
    private Histogram latency = new ConcurrentHistogram(3);

    JavaClients(int port) {
        this.address = "ws://127.0.0.1:" + port + "/chat";
    }

    /** Checks that messages come once and in order. */
    private final class Reader implements RoomCallbacks {
        /** Its number; 0 before the first. */
        private final AtomicLong last = new AtomicLong();

        private final LongAdder odd = new LongAdder();

        @Override
        public void message(RoomMessage message) {
            long before = last.getAndSet(message.seq());
            if (before != 0 && before != message.seq() - 1) {
                odd.increment();
            }
            latency.recordValue(
                    TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - Long.parseLong(String.valueOf(message.text()))));
        }
    }

    /** Opens that many, says something, and tells what it cost. */
    Map<Metric, Double> measure(int count, double idleSeconds) throws IOException, InterruptedException {
        // What comes with the first client, such as classes, is not a client's.
        open(1);
        say(1);
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        double live = liveBytes();
        double resident = ServerProcess.ownResidentKilobytes();
        long began = System.nanoTime();
        open(count);
        double took = (System.nanoTime() - began) / (double) TimeUnit.SECONDS.toNanos(1);
        say(WARM_UP);
        threads.resetPeakThreadCount();
        latency = new ConcurrentHistogram(3);
        say(MESSAGES);
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        values.put(Metric.PEAK_THREADS, (double) threads.getPeakThreadCount());
        values.put(Metric.P50, (double) latency.getValueAtPercentile(50));
        values.put(Metric.P99, (double) latency.getValueAtPercentile(99));
        values.put(Metric.CLIENTS, (count - 1) / took);
        values.put(Metric.RATIO, 100.0 * latency.getTotalCount() / ((long) count * MESSAGES));
        values.put(Metric.ODD, (double)
                readers.stream().mapToLong(reader -> reader.odd.sum()).sum());
        double cpu = ServerProcess.ownCpuSeconds();
        TimeUnit.MILLISECONDS.sleep((long) (idleSeconds * 1000));
        values.put(Metric.IDLE_CPU, (ServerProcess.ownCpuSeconds() - cpu) / idleSeconds * 100);
        values.put(Metric.CLIENT_HEAP, (liveBytes() - live) / KILOBYTE / (count - 1));
        values.put(Metric.CLIENT_RSS, (ServerProcess.ownResidentKilobytes() - resident) / (count - 1));
        values.put(Metric.THREADS, (double) threads.getThreadCount());
        return values;
    }

    /** As many as that in all, a hundred at a time. */
    private void open(int count) throws IOException, InterruptedException {
        Semaphore opening = new Semaphore(AT_ONCE);
        List<CompletableFuture<ClientRoom>> joined = new ArrayList<>();
        while (clients.size() < count) {
            opening.acquire();
            ParleyClient client = ParleyClient.to(address).build();
            clients.add(client);
            Reader reader = new Reader();
            readers.add(reader);
            CompletableFuture<ClientRoom> room =
                    client.join(ROOM, Joining.live().callbacks(reader)).joined();
            joined.add(room.whenComplete((done, failure) -> opening.release()));
        }
        finish(CompletableFuture.allOf(joined.toArray(CompletableFuture[]::new)), "clients were not let in");
    }

    /** One client says that many messages; each when all clients have the one before. */
    private void say(int messages) throws IOException, InterruptedException {
        ClientRoom room = clients.get(0).join(ROOM);
        for (int i = 0; i < messages; i++) {
            long seq = finish(room.say(Long.toString(System.nanoTime())), "a message was not acknowledged")
                    .seq();
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (readers.stream().anyMatch(reader -> reader.last.get() < seq)) {
                if (System.nanoTime() > deadline) {
                    return; // what did not arrive shows in the numbers
                }
                TimeUnit.MILLISECONDS.sleep(1);
            }
        }
    }

    private static <T> T finish(CompletableFuture<T> future, String otherwise)
            throws IOException, InterruptedException {
        try {
            return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException(otherwise + ": " + e, e);
        }
    }

    private static double liveBytes() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Override
    public void close() throws InterruptedException {
        clients.forEach(ParleyClient::close);
        for (ParleyClient client : clients) {
            client.ended()
                    .orTimeout(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .exceptionally(late -> null)
                    .join();
        }
    }
}
