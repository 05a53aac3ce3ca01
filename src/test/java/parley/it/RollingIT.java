package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import parley.servers.Output;
import parley.testclient.Certificate;

/**
 * A rolling restart: two servers behind nginx, one of which has all clients, since rooms are in one process. One after
 * the other is stopped, and the clients come to the other.
 */
final class RollingIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int CLIENTS = 5;
    /** What is said while the last client is on its way: it may take eight seconds. */
    private static final String[] KEEPS_ALL = {
        "--set", "room.history=100000", "--set", "room.window=100000", "--set", "room.history-bytes=64MiB"
    };

    private final HttpClient http = HttpClient.newHttpClient();

    @Test
    void whileServersAreStoppedInTurnEveryMessageArrivesExactlyOnce() throws Exception {
        Certificate certificate =
                Certificate.make(Path.of("target", "proxy", "rolling").toAbsolutePath());
        ParleyProcess first = ParleyProcess.start(KEEPS_ALL);
        ParleyProcess second = ParleyProcess.start(KEEPS_ALL);
        try (first;
                second;
                ReverseProxy before = ReverseProxy.start(
                        ReverseProxy.Kind.NGINX, certificate, first.port(), another(second.port()), NEXT)) {
            String chat = "wss://127.0.0.1:" + before.port() + "/chat";
            ProcessBuilder builder = new ProcessBuilder(
                    Tool.find("apt-get install nodejs (20 or newer)", "node").toString(),
                    Path.of("src/test/js/rolling.mjs").toString(),
                    chat,
                    NodeIT.ws());
            builder.environment().put("NODE_EXTRA_CA_CERTS", certificate.chain().toString());
            Process node = builder.redirectErrorStream(true).start();
            try {
                Output output = new Output("Node", node);
                output.await(Pattern.compile("talking"), PATIENCE);
                awaitTalk(first);
                assertThat(first.stop()).isZero();
                awaitTalk(second);
                try (ParleyProcess again = ParleyProcess.startAt(first.port(), KEEPS_ALL)) {
                    assertThat(second.stop()).isZero();
                    awaitTalk(again);
                    node.getOutputStream().write("enough\n".getBytes(StandardCharsets.UTF_8));
                    node.getOutputStream().flush();
                    output.await(Pattern.compile("each once|Error"), PATIENCE);
                }
                assertThat(output.text()).containsPattern("over (1\\d|[2-9]\\d) lost connections, each once");
                System.out.println(
                        "rolling restart: " + output.text().lines().skip(1).findFirst());
            } finally {
                Output.stop(node, PATIENCE);
            }
        }
    }

    /** What docker/nginx.conf has in comments for two. */
    private static final ReverseProxy.Change NEXT =
            new ReverseProxy.Change("# proxy_next_upstream", "proxy_next_upstream");

    private static ReverseProxy.Change another(int port) {
        return new ReverseProxy.Change("# server 127.0.0.1:8081 backup;", "server 127.0.0.1:" + port + " backup;");
    }

    /** Waits until all clients are there and talk. */
    private void awaitTalk(ParleyProcess parley) {
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> metric(parley, "parley_members") == CLIENTS);
        double published = metric(parley, "parley_messages_published_total");
        await().atMost(PATIENCE).until(() -> metric(parley, "parley_messages_published_total") > published + 100);
    }

    private double metric(ParleyProcess parley, String name) {
        URI uri = URI.create("http://127.0.0.1:" + parley.port() + "/metrics");
        try {
            return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body()
                    .lines()
                    .filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .findFirst()
                    .orElseThrow();
        } catch (IOException e) {
            return -1;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
