package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.JsonClient.parse;

import jakarta.json.JsonObject;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import parley.servers.Difference;
import parley.servers.Server;
import parley.testclient.JsonClient;

/** What backends do over HTTP. */
class HttpIT extends Portability {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    /** For a busy machine; much less than the wait of a client whose going is noticed. */
    private static final Duration MARGIN = Duration.ofSeconds(10);

    private static final String[] JSON = {"Content-Type", "application/json"};

    private HttpRequest request(String method, String path, HttpRequest.BodyPublisher body, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + port() + "/parley" + path))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", "Bearer " + Server.API_KEY)
                .method(method, body);
        return headers.length == 0 ? request.build() : request.headers(headers).build();
    }

    private HttpResponse<String> ask(String method, String path, String body, String... headers) throws Exception {
        HttpRequest.BodyPublisher publisher =
                body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        return HTTP.send(request(method, path, publisher, headers), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void theDescriptionIsServed() throws Exception {
        HttpResponse<String> got = ask("GET", "/openapi.json", null);
        assertThat(got.statusCode()).isEqualTo(200);
        assertThat(parse(got.body()).getString("openapi")).isEqualTo("3.1.0");
    }

    @Test
    void aMessageIsPublishedAndRead() throws Exception {
        try (JsonClient ann = openJson("/chat/http-one?name=Ann")) {
            ann.next("joined");
            HttpResponse<String> posted =
                    ask("POST", "/rooms/http-one/messages", "{\"text\":\"hi\",\"from\":\"shop\",\"id\":\"1\"}", JSON);
            assertThat(posted.statusCode()).isEqualTo(201);
            assertThat(posted.headers().firstValue("Content-Type"))
                    .get()
                    .asString()
                    .startsWith("application/json");
            JsonObject kept = parse(posted.body());
            JsonObject message = ann.next("message");
            assertThat(message.getString("from")).isEqualTo("shop");
            assertThat(message.getString("at")).isEqualTo(kept.getString("at"));
            HttpResponse<String> page = ask("GET", "/rooms/http-one/messages?limit=1", null);
            assertThat(parse(page.body()).getJsonArray("messages").getJsonObject(0))
                    .isEqualTo(message);
            String tag = page.headers().firstValue("ETag").orElseThrow();
            assertThat(ask("GET", "/rooms/http-one/messages?limit=1", null, "If-None-Match", tag)
                            .statusCode())
                    .isEqualTo(304);
            String since = "/rooms/http-one/messages?since=" + message.getString("at");
            assertThat(parse(ask("GET", since, null).body()).getJsonArray("messages"))
                    .containsExactly(message);
            assertThat(parse(ask("GET", "/rooms/http-one/messages?since=2999-01-01T00:00:00Z", null)
                                    .body())
                            .getJsonArray("messages"))
                    .isEmpty();
            CompletableFuture<HttpResponse<String>> poll = HTTP.sendAsync(
                    request(
                            "GET",
                            "/rooms/http-one/messages?wait=50s&after=" + message.getInt("seq"),
                            HttpRequest.BodyPublishers.noBody()),
                    HttpResponse.BodyHandlers.ofString());
            assertThat(ask("POST", "/rooms/http-one/messages", "{\"text\":\"two\"}", JSON)
                            .statusCode())
                    .isEqualTo(201);
            assertThat(parse(poll.get(20, TimeUnit.SECONDS).body()).getJsonArray("messages"))
                    .hasSize(1);
            assertThat(parse(ask("GET", "/rooms/http-one/messages?wait=1s&after=" + (message.getInt("seq") + 1), null)
                                    .body())
                            .getJsonArray("messages"))
                    .isEmpty();
            assertThat(parse(ask("GET", "/rooms/http-one/members", null).body())
                            .getJsonArray("names")
                            .getString(0))
                    .isEqualTo("Ann");
            HttpResponse<String> again =
                    ask("POST", "/rooms/http-one/messages", "{\"text\":\"hi\",\"from\":\"shop\",\"id\":\"1\"}", JSON);
            assertThat(again.statusCode()).isEqualTo(200);
            assertThat(parse(again.body()).getBoolean("duplicate")).isTrue();
            assertThat(ask("POST", "/rooms/http-one/messages", "{\"text\":\"x\"}", with("If-Match", "\"other:1\""))
                            .statusCode())
                    .isEqualTo(412);
            assertThat(ask("DELETE", "/members/Ann?reason=bye", null).statusCode())
                    .isEqualTo(200);
            assertThat(ann.closed()).startsWith("1008");
        }
    }

    @Test
    void aSignalIsPassedOn() throws Exception {
        try (JsonClient ann = openJson("/chat/http-signals?name=Ann")) {
            ann.next("joined");
            HttpResponse<String> passed =
                    ask("POST", "/rooms/http-signals/signals", "{\"data\":{\"typing\":true},\"from\":\"shop\"}", JSON);
            assertThat(passed.statusCode()).isEqualTo(204);
            JsonObject signal = ann.next("signal");
            assertThat(signal.getString("from")).isEqualTo("shop");
            assertThat(signal.getJsonObject("data").getBoolean("typing")).isTrue();
        }
    }

    private static String[] with(String name, String value) {
        return new String[] {JSON[0], JSON[1], name, value};
    }

    @Test
    void whatCannotBeIsAnsweredWithItsStatus() throws Exception {
        assertThat(ask("POST", "/rooms/a~b/messages", "{\"text\":\"x\"}", JSON).statusCode())
                .isEqualTo(404);
        assertThat(ask("PUT", "/rooms/http-two/messages", "{}", JSON).statusCode())
                .isEqualTo(405);
        assertThat(ask("POST", "/rooms/http-two/messages", "x", "Content-Type", "text/plain")
                        .statusCode())
                .isEqualTo(415);
        HttpResponse<String> noJson = ask("POST", "/rooms/http-two/messages", "no json", JSON);
        assertThat(noJson.statusCode()).isEqualTo(400);
        assertThat(parse(noJson.body()).getString("code")).isEqualTo("bad-json");
        assertThat(noJson.headers().firstValue("Content-Type")).get().asString().startsWith("application/problem+json");
        assertThat(ask("POST", "/rooms/http-two/messages", "{}", JSON).statusCode())
                .isEqualTo(422);
        assertThat(ask("POST", "/rooms/http-two/messages", "{\"text\":\"" + "x".repeat(LIMIT + 1) + "\"}", JSON)
                        .statusCode())
                .isEqualTo(413);
        HttpRequest withoutKey = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + port() + "/parley/rooms/http-two/messages"))
                .headers(JSON)
                .POST(HttpRequest.BodyPublishers.ofString("{\"text\":\"x\"}"))
                .build();
        HttpResponse<String> unauthorized = HTTP.send(withoutKey, HttpResponse.BodyHandlers.ofString());
        assertThat(unauthorized.statusCode()).isEqualTo(401);
        assertThat(unauthorized.headers().firstValue("WWW-Authenticate")).isPresent();
    }

    /** Bodies whose length is not announced, and bodies that come in parts with time between. */
    @Test
    void aBodyComesInWhateverParts() throws Exception {
        String message = "{\"text\":\"" + "ü".repeat(LIMIT / 2) + "\"}";
        byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
        HttpRequest chunked = request(
                "POST",
                "/rooms/http-three/messages",
                HttpRequest.BodyPublishers.ofInputStream(() -> new java.io.ByteArrayInputStream(bytes)),
                JSON);
        assertThat(HTTP.send(chunked, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(201);
        try (Socket socket = new Socket("127.0.0.1", port())) {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(20_000);
            OutputStream out = socket.getOutputStream();
            String head = "POST /parley/rooms/http-three/messages HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer "
                    + Server.API_KEY + "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: ";
            out.write((head + bytes.length + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            for (int from = 0; from < bytes.length; from += 10_000) {
                out.flush();
                out.write(bytes, from, Math.min(10_000, bytes.length - from));
            }
            InputStream in = socket.getInputStream();
            assertThat(new String(in.readNBytes(12), StandardCharsets.US_ASCII)).isEqualTo("HTTP/1.1 201");
        }
        HttpResponse<String> page = ask("GET", "/rooms/http-three/messages?limit=1", null);
        assertThat(parse(page.body()).getJsonArray("messages").getJsonObject(0).getString("text"))
                .hasSize(LIMIT / 2);
    }

    /** Where the server does not notice, the wait is short, and its end is what ends the poll. */
    @Test
    void aClientThatGoesWhileItWaitsIsLetGo() throws Exception {
        boolean isUnnoticed = differs(Difference.DOES_NOT_SEE_A_CLIENT_GO_WHILE_IT_WAITS);
        Duration wait = Duration.ofSeconds(isUnnoticed ? 2 : 20);
        awaitPolls(0);
        long asked = System.nanoTime();
        try (Socket socket = new Socket("127.0.0.1", port())) {
            String head = "GET /parley/rooms/http-gone/messages?after=0&wait=" + wait.toSeconds()
                    + "s HTTP/1.1\r\nHost: " + "127.0.0.1\r\nAuthorization: Bearer " + Server.API_KEY + "\r\n\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            awaitPolls(1);
        }
        awaitPolls(0);
        Duration took = Duration.ofNanos(System.nanoTime() - asked);
        if (isUnnoticed) {
            assertThat(took).isBetween(wait, wait.plus(MARGIN));
        } else {
            assertThat(took).isLessThan(MARGIN);
        }
    }

    private void awaitPolls(int count) {
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(get("/parley/metrics").body()).contains("parley_polls " + count + ".0\n"));
    }

    @Test
    void manyAtOnceAreAllAnswered() throws Exception {
        List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            HttpRequest.BodyPublisher body = HttpRequest.BodyPublishers.ofString("{\"text\":\"" + i + "\"}");
            all.add(HTTP.sendAsync(
                    request("POST", "/rooms/http-four/messages", body, JSON), HttpResponse.BodyHandlers.ofString()));
        }
        for (CompletableFuture<HttpResponse<String>> one : all) {
            assertThat(one.get().statusCode()).isEqualTo(201);
        }
        HttpResponse<String> page = ask("GET", "/rooms/http-four/messages?limit=1000", null);
        assertThat(parse(page.body()).getJsonArray("messages")).hasSize(100);
        assertThat(ask("DELETE", "/rooms/http-four/messages", null).statusCode())
                .isEqualTo(204);
        HttpResponse<String> empty = ask("GET", "/rooms/http-four/messages", null);
        assertThat(parse(empty.body()).getJsonArray("messages")).isEmpty();
        assertThat(empty.headers().firstValue("ETag").orElseThrow()).endsWith(":100/0\"");
    }
}
