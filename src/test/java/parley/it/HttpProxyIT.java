package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocketFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.it.ReverseProxy.Change;
import parley.it.ReverseProxy.Kind;
import parley.testclient.Certificate;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/**
 * Event streams, pages and publishing behind nginx and Apache httpd with the files of {@code docker}, which here
 * compress whatever they may, and speak HTTP/1.1 or HTTP/1.0 to Parley.
 */
@Tag("proxy")
@ParameterizedClass
@EnumSource(HttpProxyIT.Way.class)
final class HttpProxyIT {
    /** A proxy, and how it speaks to Parley. */
    enum Way {
        NGINX(Kind.NGINX, false),
        NGINX_WITH_HTTP_1_0(Kind.NGINX, true),
        APACHE(Kind.APACHE, false),
        APACHE_WITH_HTTP_1_0(Kind.APACHE, true);

        private final Kind kind;
        private final boolean isOld;

        Way(Kind kind, boolean isOld) {
            this.kind = kind;
            this.isOld = isOld;
        }

        ReverseProxy before(ParleyProcess parley, Change... more) {
            List<Change> all = new ArrayList<>(List.of(more));
            all.addAll(kind.compressing());
            if (isOld) {
                all.addAll(kind.oldHttp());
            }
            return ReverseProxy.start(kind, certificate, parley.port(), all.toArray(Change[]::new));
        }
    }

    private static final String[] FAST_COMMENTS = {
        "--set", "session.ping-interval=250ms", "--set", "http.publish=everyone"
    };

    private static Certificate certificate;
    private static HttpClient http;
    private static SSLSocketFactory tls;
    private static ParleyProcess parley;
    private static ReverseProxy proxy;

    @Parameter
    Way way;

    @BeforeAll
    static void makeCertificate() {
        certificate = Certificate.make(Path.of("target", "http-proxy").toAbsolutePath());
        http = HttpClient.newBuilder()
                .sslContext(certificate.trusting())
                .version(HttpClient.Version.HTTP_1_1)
                .build();
        tls = certificate.trusting().getSocketFactory();
    }

    /** Before the first test, and not before all: a missing program then skips each of them and says why. */
    @BeforeEach
    void start() {
        way.kind.find();
        if (parley == null) {
            parley = ParleyProcess.start("--set", "http.publish=everyone");
        }
        if (proxy == null) {
            proxy = way.before(parley);
        }
    }

    @AfterParameterizedClassInvocation
    static void stop() {
        if (proxy != null) {
            proxy.close();
        }
        if (parley != null) {
            parley.close();
        }
        proxy = null;
        parley = null;
    }

    private static EventReader read(ReverseProxy through, String target, String... lines) throws IOException {
        return EventReader.from("127.0.0.1", tls, through.port(), target, lines);
    }

    private static HttpRequest.Builder request(ReverseProxy through, String path) {
        return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + through.port() + path))
                .timeout(Duration.ofSeconds(30));
    }

    private static HttpRequest.Builder posting(ReverseProxy through, String room, String text) {
        return request(through, "/rooms/" + room + "/messages")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"text\":\"" + text + "\"}"));
    }

    /** An answer, with its body as it is without compression. */
    private record Got(HttpResponse<byte[]> response) {
        int status() {
            return response.statusCode();
        }

        String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        String body() throws IOException {
            byte[] bytes = response.body();
            InputStream plain = new ByteArrayInputStream(bytes);
            if (header("Content-Encoding").equals("gzip")) {
                plain = new GZIPInputStream(plain);
            }
            return new String(plain.readAllBytes(), StandardCharsets.UTF_8);
        }

        JsonObject json() throws IOException {
            return JsonClient.parse(body());
        }
    }

    private static Got ask(HttpRequest.Builder request) throws IOException, InterruptedException {
        return new Got(http.send(request.build(), HttpResponse.BodyHandlers.ofByteArray()));
    }

    private static void say(ReverseProxy through, String room, String text) throws Exception {
        assertThat(ask(posting(through, room, text)).status()).isEqualTo(201);
    }

    private static double metric(String name) throws Exception {
        HttpRequest metrics =
                HttpRequest.newBuilder(URI.create(parley.page() + "metrics")).build();
        return http.send(metrics, HttpResponse.BodyHandlers.ofString())
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }

    /** Each is read before the next is said: one that was held back until more came would never come. */
    @ParameterizedTest
    @ValueSource(strings = {"identity", "gzip"})
    void eachEventComesAtOnce(String encoding) throws Exception {
        try (EventReader reader = read(proxy, "/rooms/" + encoding + "/events", "Accept-Encoding: " + encoding)) {
            assertThat(reader.status()).isEqualTo(200);
            assertThat(reader.header("Content-Type")).isEqualTo("text/event-stream");
            assertThat(reader.header("Cache-Control")).isEqualTo("no-cache, no-transform");
            assertThat(reader.next().type()).isEqualTo("welcome");
            assertThat(reader.next().type()).isEqualTo("joined");
            assertThat(reader.next().type()).isEqualTo("presence");
            for (int i = 0; i < 20; i++) {
                say(proxy, encoding, "m" + i);
                assertThat(reader.next().data()).contains("\"m" + i + "\"");
            }
        }
    }

    /** All over one connection, where HTTP/1.1 takes one each, of which browsers open six to a host. */
    @Test
    @Timeout(60)
    void nginxCarriesManyStreamsOverOneConnectionOfHttp2() throws Exception {
        assumeTrue(way.kind == Kind.NGINX, "docker/apache.conf does not load mod_http2");
        try (ReverseProxy before = way.before(parley, new Change("listen 443 ssl", "listen 443 ssl http2"))) {
            HttpClient two =
                    HttpClient.newBuilder().sslContext(certificate.trusting()).build();
            List<Iterator<String>> streams = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                HttpResponse<Stream<String>> answer = two.send(
                        request(before, "/rooms/h2-" + i + "/events").build(), HttpResponse.BodyHandlers.ofLines());
                assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
                streams.add(answer.body().iterator());
                awaitLine(streams.get(i), "event: joined");
            }
            for (int i = 0; i < 10; i++) {
                say(before, "h2-" + i, "hello");
                awaitLine(streams.get(i), "hello");
            }
        }
    }

    private static void awaitLine(Iterator<String> lines, String words) {
        while (!lines.next().contains(words)) {
            // what stands before
        }
    }

    @Test
    void aReaderResumesByItsLastIdInOneRoomAndInSeveral() throws Exception {
        String id;
        try (EventReader reader = read(proxy, "/events?room=one&room=two")) {
            reader.next("joined");
            reader.next("joined");
            say(proxy, "one", "a");
            reader.next("message");
            say(proxy, "two", "b");
            id = reader.next("message").id();
            assertThat(id).matches("one=\\w+:1,two=\\w+:1");
        }
        for (String text : List.of("c", "d", "e")) {
            say(proxy, "two", text);
        }
        try (EventReader again = read(proxy, "/events?room=one&room=two", "Last-Event-ID: " + id)) {
            assertThat(again.messages(3)).element(2).asString().matches("one=\\w+:1,two=\\w+:4");
        }
        try (EventReader one = read(proxy, "/rooms/two/events", "Last-Event-ID: " + id.replaceAll(".*two=", ""))) {
            assertThat(one.next("joined").data()).contains("\"recovered\":true");
            assertThat(one.next("message").data()).contains("\"c\"");
        }
    }

    /** Ten comments take 2.5 seconds, and the proxy allows two of silence. */
    @Test
    void commentsKeepASilentStream() throws Exception {
        try (ParleyProcess commenting = ParleyProcess.start(FAST_COMMENTS);
                ReverseProxy before = way.before(commenting, way.kind.silence(2));
                EventReader reader = read(before, "/rooms/java/events", "Accept-Encoding: gzip")) {
            reader.next("joined");
            for (int comments = 0; comments < 10; comments++) {
                reader.awaitComment();
            }
            say(before, "java", "still here");
            assertThat(reader.next("message").data()).contains("still here");
        }
    }

    /** The reverse of the test before. What the reader then does loses nothing. */
    @Test
    void withoutCommentsInTimeTheProxyCutsAndTheReaderGoesOn() throws Exception {
        try (ReverseProxy before = way.before(parley, way.kind.silence(1))) {
            String id;
            try (EventReader reader = read(before, "/rooms/cut/events")) {
                reader.next("joined");
                say(before, "cut", "one");
                id = reader.next("message").id();
                assertThatThrownBy(() -> reader.next("gap")) // whatever comes before the end
                        .isInstanceOfAny(EOFException.class, SSLException.class, SocketException.class);
            }
            say(before, "cut", "two");
            try (EventReader again = read(before, "/rooms/cut/events", "Last-Event-ID: " + id)) {
                assertThat(again.next("message").data()).contains("two");
            }
        }
    }

    /** Apache httpd notices when it writes, which takes a comment or two; nginx does at once. */
    @Test
    void aReaderThatGoesHasLeft() throws Exception {
        try (ParleyProcess commenting = ParleyProcess.start(FAST_COMMENTS);
                ReverseProxy before = way.before(commenting);
                JsonClient ann = new JsonClient(commenting.socket("chat/goodbye?name=Ann"))) {
            assertThat(ann.presence().getJsonArray("joined")).hasToString("[\"Ann\"]");
            try (EventReader ben = read(before, "/rooms/goodbye/events?name=Ben")) {
                ben.next("joined");
                assertThat(ann.presence().getJsonArray("joined")).hasToString("[\"Ben\"]");
            }
            assertThat(ann.presence().getJsonArray("left")).hasToString("[\"Ben\"]");
        }
    }

    @Test
    void nginxSaysAtOnceThatAReaderHasGone() throws Exception {
        assumeTrue(way.kind == Kind.NGINX, "Apache httpd notices when it writes");
        leavesBeforeAComment(reader -> reader.close());
    }

    /** Behind whatever proxy. */
    @Test
    void aReaderThatEndsItsStreamByItsKeyHasLeftAtOnce() throws Exception {
        leavesBeforeAComment(reader -> {
            HttpRequest.Builder end =
                    request(proxy, "/events/" + "k".repeat(20)).DELETE();
            assertThat(ask(end).status()).isEqualTo(204);
        });
    }

    private interface Leaving {
        void leave(EventReader reader) throws Exception;
    }

    private void leavesBeforeAComment(Leaving how) throws Exception {
        try (JsonClient ann = new JsonClient(parley.socket("chat/leaves?name=Ann"))) {
            assertThat(ann.presence().getJsonArray("joined")).hasToString("[\"Ann\"]");
            try (EventReader ben = read(proxy, "/rooms/leaves/events?name=Ben&key=" + "k".repeat(20))) {
                ben.next("joined");
                assertThat(ann.presence().getJsonArray("joined")).hasToString("[\"Ben\"]");
                long began = System.nanoTime();
                how.leave(ben);
                assertThat(ann.presence().getJsonArray("left")).hasToString("[\"Ben\"]");
                assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
                assertThat(ben.comments()).isZero();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"identity", "gzip"})
    void aLongPollIsAnsweredWhenAMessageComesOrItsTimeIsOver(String encoding) throws Exception {
        String path = "/rooms/poll-" + encoding + "/messages?after=0&wait=";
        assertThat(ask(request(proxy, path + "1s").header("Accept-Encoding", encoding))
                        .json()
                        .getJsonArray("messages"))
                .isEmpty();
        HttpRequest waits =
                request(proxy, path + "25s").header("Accept-Encoding", encoding).build();
        CompletableFuture<HttpResponse<byte[]>> answer = http.sendAsync(waits, HttpResponse.BodyHandlers.ofByteArray());
        await().until(() -> metric("parley_polls") == 1);
        say(proxy, "poll-" + encoding, "at last");
        assertThat(new Got(answer.get(10, TimeUnit.SECONDS)).body()).contains("at last");
    }

    /** A tag that a proxy has made weak, since it compresses what the tag stands for, does for what Parley asks of it. */
    @ParameterizedTest
    @ValueSource(strings = {"identity", "gzip"})
    void pagesAndTheirTagsPass(String encoding) throws Exception {
        String path = "/rooms/page-" + encoding + "/messages";
        for (int i = 0; i < 100; i++) {
            say(proxy, "page-" + encoding, "message " + i);
        }
        Got page = ask(request(proxy, path).header("Accept-Encoding", encoding));
        assertThat(page.header("Content-Encoding")).isEqualTo(encoding.equals("gzip") ? "gzip" : "");
        assertThat(page.json().getJsonArray("messages")).hasSize(50);
        String tag = page.header("ETag");
        assertThat(ask(request(proxy, path).header("Accept-Encoding", encoding).header("If-None-Match", tag))
                        .status())
                .isEqualTo(304);
        assertThat(ask(posting(proxy, "page-" + encoding, "next").header("If-Match", tag))
                        .status())
                .isEqualTo(201);
        Got late = ask(posting(proxy, "page-" + encoding, "late").header("If-Match", tag));
        assertThat(late.status()).isEqualTo(412);
        assertThat(late.json().getInt("seq")).isEqualTo(101);
    }

    @Test
    void messagesArePublishedOnceAndRefusalsPassWithTheirWords() throws Exception {
        Got one = ask(posting(proxy, "post", "one").header("Idempotency-Key", "k-1"));
        assertThat(one.status()).isEqualTo(201);
        assertThat(one.json().getString("room")).isEqualTo("post");
        Got again = ask(posting(proxy, "post", "one").header("Idempotency-Key", "k-1"));
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.json().getBoolean("duplicate")).isTrue();
        Got none = ask(request(proxy, "/rooms/post/messages")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{}")));
        assertThat(none.status()).isEqualTo(422);
        assertThat(none.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(none.json().getString("code")).isEqualTo("missing-field");
        Got large = ask(posting(proxy, "post", "x".repeat(300_000)));
        assertThat(large.status()).isEqualTo(413);
        assertThat(large.json().getString("code")).isEqualTo("too-large");
    }

    /** A proxy that speaks HTTP/1.0 to Parley has to know the length of a body before it passes it on. */
    @Test
    void manyLinesAreAnsweredInOrderWhateverTheLengthOfTheBodyIsCalled() throws Exception {
        String lines = IntStream.range(0, 500)
                .mapToObj(i -> "{\"text\":\"" + "x".repeat(100) + i + "\"}")
                .collect(Collectors.joining("\n"));
        byte[] bytes = lines.getBytes(StandardCharsets.UTF_8);
        for (HttpRequest.BodyPublisher body : List.of(
                HttpRequest.BodyPublishers.ofByteArray(bytes),
                HttpRequest.BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes)))) { // in chunks
            Got got = ask(request(proxy, "/rooms/lines/messages")
                    .header("Content-Type", "application/x-ndjson")
                    .header("Accept-Encoding", "gzip")
                    .POST(body));
            assertThat(got.status()).isEqualTo(200);
            List<Integer> numbers = got.body()
                    .lines()
                    .map(line -> JsonClient.parse(line).getInt("seq"))
                    .toList();
            assertThat(numbers).hasSize(500).isSorted();
        }
    }

    @Test
    void limitsCountTheAddressThatTheProxySaysAndNotTheOneThatAClientClaims() throws Exception {
        String[] handshake = {
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
        };
        try (ParleyProcess strict = ParleyProcess.start(
                        "--set", "trusted-proxies=127.0.0.1", "--set", "limits.connections-per-address=2");
                ReverseProxy before = way.before(strict)) {
            int port = before.port();
            try (EventReader one = EventReader.from("127.0.0.2", tls, port, "/rooms/java/events");
                    EventReader two = EventReader.from("127.0.0.2", tls, port, "/rooms/tea/events")) {
                one.next("joined");
                two.next("joined");
                for (String claim : List.of("X-Other: 1", "X-Forwarded-For: 198.51.100.7")) {
                    try (EventReader third = EventReader.from("127.0.0.2", tls, port, "/rooms/java/events", claim)) {
                        assertThat(third.status()).isEqualTo(200);
                        assertThat(third.next("bye").data()).contains("too many connections from this address");
                    }
                }
                try (EventReader other = EventReader.from("127.0.0.3", tls, port, "/rooms/java/events")) {
                    other.next("joined");
                }
                if (!way.isOld) { // WebSocket is there from HTTP/1.1 on
                    try (EventReader third = EventReader.from("127.0.0.2", tls, port, "/chat/java", handshake);
                            EventReader other = EventReader.from("127.0.0.4", tls, port, "/chat/java", handshake)) {
                        assertThat(third.status()).isEqualTo(429);
                        assertThat(other.status()).isEqualTo(101);
                    }
                }
            }
        }
    }

    @Test
    void ratesOfRequestsCountTheAddressThatTheProxySays() throws Exception {
        try (ParleyProcess strict = ParleyProcess.start(
                        "--set", "trusted-proxies=127.0.0.1", "--set", "limits.requests-per-second-per-address=1");
                ReverseProxy before = way.before(strict)) {
            await().pollInterval(Duration.ofMillis(1))
                    .until(() -> status(before, "127.0.0.2"), status -> status == 429);
            assertThat(status(before, "127.0.0.3")).isEqualTo(200);
        }
    }

    private static int status(ReverseProxy through, String address) throws IOException {
        String path = "/rooms/java/messages";
        try (EventReader page = EventReader.from(address, tls, through.port(), path, "Connection: close")) {
            return page.status();
        }
    }

    /** An {@code EventSource} would give up at any other status for good. */
    @Test
    void whileParleyIsAwayReadersHearWhenToComeBackAndRequestsGet503() throws Exception {
        ParleyProcess first = ParleyProcess.start("--set", "http.publish=everyone");
        try (first;
                ReverseProxy before = way.before(first)) {
            try (EventReader reader = read(before, "/rooms/java/events", "Accept-Encoding: gzip")) {
                reader.next("joined");
                first.signal("TERM");
                assertThat(reader.next("bye").data()).contains("shutdown");
                assertThat(first.exitCode()).isZero();
            }
            for (String target :
                    List.of("/rooms/java/events", "/events?room=java&room=tea", "/rooms/java/events?a=b")) {
                String[] asked = {"Origin: https://elsewhere.example", "Connection: close"};
                try (EventReader reader = read(before, target, asked)) {
                    assertThat(reader.status()).isEqualTo(200);
                    assertThat(reader.header("Content-Type")).isEqualTo("text/event-stream");
                    assertThat(reader.header("Access-Control-Allow-Origin")).isEqualTo("https://elsewhere.example");
                    EventReader.Event bye = reader.next();
                    assertThat(bye.type()).isEqualTo("bye");
                    assertThat(bye.retry()).isEqualTo("5000");
                    JsonObject retry = JsonClient.parse(bye.data()).getJsonObject("retry");
                    assertThat(retry.getInt("min")).isBetween(1, retry.getInt("max"));
                    assertThat(reader.toEnd()).isEmpty();
                }
            }
            for (HttpRequest.Builder request :
                    List.of(posting(before, "java", "x"), request(before, "/rooms/java/messages"))) {
                Got got = ask(request);
                assertThat(got.status()).isEqualTo(503);
                assertThat(got.header("Retry-After")).isEqualTo("5");
            }
            try (ParleyProcess second = ParleyProcess.startAt(first.port(), "--set", "http.publish=everyone");
                    EventReader reader = read(before, "/rooms/java/events")) {
                reader.next("joined");
                say(before, "java", "back");
                assertThat(reader.next("message").data()).contains("back");
                assertThat(second.output()).contains("is running");
            }
        }
    }

    /** What the proxy and the systems hold has to fill up first; then Parley sees what it sees of any reader. */
    @Test
    void aReaderThatDoesNotReadIsEndedThoughTheProxyBuffers() throws Exception {
        String large = "x".repeat(60_000);
        try (ParleyProcess strict = ParleyProcess.start(
                        "--set", "session.send-deadline=1s",
                        "--set", "limits.commands-per-second=0",
                        "--set", "limits.bytes-per-second=0");
                ReverseProxy before = way.before(strict);
                JsonClient ann = new JsonClient(strict.socket("chat/busy?name=Ann"));
                EventReader stalled = EventReader.slow(tls, before.port(), "/rooms/busy/events", 16 * 1024)) {
            stalled.next("joined");
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> {
                        ann.ask("{'type':'say','room':'busy','text':'" + large + "'}");
                        return strict.output().contains("too slow");
                    });
            stalled.reset();
        }
    }
}
