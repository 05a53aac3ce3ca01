package parley.cluster;

import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import parley.testclient.NatsServer;

/** A node's connection to a server of NATS, for tests of what uses it. */
final class NatsConnection implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    final ClusterSettings settings;
    final Complaints complaints = new Complaints(System::nanoTime);
    final Link link;
    private final Thread connecting;

    /** Connects, and waits until it is connected; each stream is on that many servers. */
    NatsConnection(NatsServer server, int replicas) {
        settings = new ClusterSettings(
                List.of(server.url()),
                "parley",
                new ClusterSettings.Login(null, "", "", "", null, ""),
                1,
                replicas,
                new ClusterSettings.Kept(100_000, 0, Duration.ZERO, Duration.ofSeconds(20)),
                Duration.ofSeconds(5),
                1 << 20,
                64 << 10,
                Duration.ofSeconds(5));
        link = new Link(settings, "node", complaints, new Link.Events() {
            @Override
            public void up() {}

            @Override
            public void down() {}
        });
        connecting = new Thread(link::keepConnected);
        connecting.start();
        await().atMost(PATIENCE).until(link::isUp);
    }

    @Override
    public void close() throws InterruptedException {
        link.close();
        connecting.interrupt();
        connecting.join();
    }
}
