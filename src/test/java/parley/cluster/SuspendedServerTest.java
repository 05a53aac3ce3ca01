package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.NatsServer;

/** Three servers of NATS that keep each stream, of which one stands still. */
class SuspendedServerTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int SERVERS = 3;

    @TempDir
    private Path folder;

    /** One in three requests goes to the one that stands still, for as long as the others have not given it up. */
    @Test
    void messagesAreReadWhileAServerThatKeepsThemStandsStill() throws Exception {
        List<NatsServer> servers = NatsServer.startCluster(folder, SERVERS);
        try (NatsConnection connection = new NatsConnection(servers.get(0), SERVERS)) {
            Link link = connection.link;
            NatsStreams streams =
                    new NatsStreams(connection.settings, new Subjects("parley", 1), link, System::nanoTime);
            await().atMost(PATIENCE)
                    .ignoreExceptions()
                    .until(() -> streams.prepare(0).last() == 0);
            for (int i = 0; i < 10; i++) {
                link.connection().jetStream().publish("parley.say.0.java", new byte[] {1});
            }
            NatsServer still = servers.get(
                    neither(0, Integer.parseInt(streams.state(0, null).leader())));
            still.suspend(true);
            for (int i = 0; i < 40; i++) {
                assertThat(streams.read(0, "parley.say.0.java", 1, 100, 1 << 20).messages())
                        .hasSize(10);
            }
            still.suspend(false);
        } finally {
            for (NatsServer server : servers) {
                server.close();
            }
        }
    }

    private static int neither(int one, int other) {
        for (int server = 0; server < SERVERS; server++) {
            if (server != one && server != other) {
                return server;
            }
        }
        throw new AssertionError();
    }
}
