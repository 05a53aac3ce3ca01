package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.servers.Ports;
import parley.testclient.Client;
import parley.testclient.JsonClient;

/** What the server tells of itself. */
class StatusTest extends ServerBase {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private HttpResponse<String> get(int port, String path, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private HttpResponse<String> get(String path, String... headers) throws Exception {
        return get(server.port(), path, headers);
    }

    private double metric(String name) throws Exception {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no metric " + name));
    }

    @Test
    void probesAreAnswered() throws Exception {
        start("listen.context=/here");
        assertThat(get("/here/health/live").body()).isEqualTo("{\"status\":\"live\"}\n");
        HttpResponse<String> ready = get("/here/health/ready");
        assertThat(ready.statusCode()).isEqualTo(200);
        assertThat(ready.headers().firstValue("Cache-Control")).contains("no-store");
        server.parley().closeDoor();
        assertThat(get("/here/health/ready").statusCode()).isEqualTo(503);
        assertThat(get("/here/health/ready").body()).contains("draining");
        assertThat(get("/here/health/live").statusCode()).isEqualTo(200);
    }

    @Test
    void whatHappensIsCounted() throws Exception {
        start("room.linger=0s");
        try (JsonClient one = new JsonClient(ws("/chat/java"));
                Client two = new Client(ws("/chat/java"))) {
            one.next("joined");
            awaitMembers(2);
            one.ask("{'type':'say','room':'java','text':'hi'}");
            two.next();
            one.next("message");
            assertThat(metric("parley_sessions")).isEqualTo(2);
            assertThat(metric("parley_members")).isEqualTo(2);
            assertThat(metric("parley_rooms")).isEqualTo(1);
            assertThat(metric("parley_messages_published_total")).isEqualTo(1);
            assertThat(metric("parley_messages_delivered_total")).isEqualTo(2);
            assertThat(metric("parley_handshake_seconds_count")).isEqualTo(2);
            await().untilAsserted(() -> assertThat(metric("parley_publish_to_last_send_seconds_count"))
                    .isEqualTo(1));
            assertThat(metric("parley_turn_seconds_count")).isGreaterThanOrEqualTo(1);
            assertThat(metric("parley_frames_sent_total")).isGreaterThanOrEqualTo(4);
            assertThat(metric("parley_log_bytes")).isPositive();
            assertThat(metric("parley_ready")).isEqualTo(1);
        }
        get("/nothing-here");
        HTTP.newWebSocketBuilder()
                .buildAsync(URI.create(ws("/chat/a%20b")), new java.net.http.WebSocket.Listener() {})
                .handle((socket, failure) -> null)
                .join();
        await().untilAsserted(() -> assertThat(metric("parley_rooms")).isZero());
        assertThat(metric("parley_messages_delivered_total"))
                .as("rooms that are gone count on")
                .isEqualTo(2);
        assertThat(metric("parley_handshakes_refused_total{cause=\"bad-request\"}"))
                .isEqualTo(1);
        assertThat(metric("parley_sessions_ended_total{code=\"1000\",reason=\"left\"}"))
                .isEqualTo(2);
    }

    @Test
    void onlyThisMachineReadsTheMetricsUnlessToldOtherwise() throws Exception {
        start();
        assertThat(get("/metrics").statusCode()).isEqualTo(200);
        HttpResponse<String> byProxy = get("/metrics", "X-Forwarded-For", "203.0.113.7");
        assertThat(byProxy.statusCode()).isEqualTo(403);
        assertThat(byProxy.body()).contains("status.for");
        assertThat(get("/health/ready", "X-Forwarded-For", "203.0.113.7").statusCode())
                .isEqualTo(200);
        server.stop();
        start("status.for=everyone");
        assertThat(get("/metrics", "X-Forwarded-For", "203.0.113.7").statusCode())
                .isEqualTo(200);
    }

    @Test
    void aPortOfItsOwnHasItAlone() throws Exception {
        int port = Ports.free();
        start("status.port=" + port);
        assertThat(get(port, "/metrics").statusCode()).isEqualTo(200);
        assertThat(get(port, "/health/ready").statusCode()).isEqualTo(200);
        for (String path : List.of("/metrics", "/health/live", "/health/ready")) {
            assertThat(get(path).statusCode()).as(path).isEqualTo(404);
        }
        assertThat(get("/").statusCode()).isEqualTo(200);
        String upgrade = "ws://127.0.0.1:" + port + "/echo";
        assertThat(HTTP.newWebSocketBuilder()
                        .buildAsync(URI.create(upgrade), new java.net.http.WebSocket.Listener() {})
                        .handle((socket, failure) -> failure == null))
                .succeedsWithin(java.time.Duration.ofSeconds(20))
                .isEqualTo(false);
    }

    /** The list that the dashboard, the alerts and the document are held to. */
    @Test
    void theNamesAreThoseThatAreDocumented(@TempDir Path folder) throws Exception {
        start("nats.url=nats://127.0.0.1:1"); // where nobody is
        TreeSet<String> names = new TreeSet<>(names());
        server.stop();
        start("data.folder=" + folder);
        try (Client client = new Client(ws("/chat"))) {
            client.say("hi").next();
            get("/health/live"); // requests are counted once there are some
            names.addAll(names());
            TreeSet<String> listed = new TreeSet<>();
            Files.readString(Path.of("docs/operations.md"))
                    .lines()
                    .filter(line -> line.startsWith("- `parley_"))
                    .map(line -> line.replaceAll("^- `([a-z_]+).*", "$1"))
                    .forEach(listed::add);
            listed.remove("parley_guards_checks_total"); // only an application has guards: EmbeddedIT reads it
            assertThat(names).containsExactlyElementsOf(listed);
        }
    }

    private List<String> names() throws Exception {
        return get("/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith("parley_"))
                .map(line -> line.replaceAll("[{ ].*", ""))
                .map(name -> name.replaceAll("_seconds_(bucket|sum|count|max)$", "_seconds"))
                .toList();
    }
}
