package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import jakarta.json.JsonObject;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import parley.it.ReverseProxy.Change;
import parley.it.ReverseProxy.Kind;
import parley.testclient.Certificate;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** Parley behind nginx and Apache httpd that end TLS, with the files of {@code docker}. */
@Tag("proxy")
@ParameterizedClass
@EnumSource(Kind.class)
final class ProxyIT {
    private static final int LIMIT = 64 * 1024;
    private static final String SHUTDOWN = "1001 shutdown; retry 500-8000 ms";

    private static Certificate certificate;
    private static HttpClient http;
    private static ParleyProcess parley;
    private static ReverseProxy proxy;

    @Parameter
    Kind kind;

    @BeforeAll
    static void makeCertificate() {
        certificate = Certificate.make(Path.of("target", "proxy").toAbsolutePath());
        http = HttpClient.newBuilder().sslContext(certificate.trusting()).build();
    }

    /** Before the first test, and not before all: a missing program then skips each of them and says why. */
    @BeforeEach
    void start() {
        kind.find();
        if (parley == null) {
            parley = ParleyProcess.start();
        }
        if (proxy == null) {
            proxy = ReverseProxy.start(kind, certificate, parley.port());
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

    @Test
    void thePageAndItsFilesComeAsTheyAre() throws Exception {
        for (String file : List.of("", "page.js", "parley.js", "style.css")) {
            HttpResponse<String> direct = get(URI.create(parley.page() + file));
            HttpResponse<String> proxied = get(page(proxy, file));
            assertThat(proxied.statusCode()).isEqualTo(200);
            assertThat(proxied.body()).isEqualTo(direct.body()).isNotEmpty();
            for (String header : List.of("Content-Type", "Content-Security-Policy", "Cache-Control")) {
                assertThat(proxied.headers().allValues(header))
                        .as(header)
                        .isEqualTo(direct.headers().allValues(header))
                        .isNotEmpty();
            }
        }
    }

    @Test
    void theEchoComesBackUpToTheLimit() throws Exception {
        try (Client client = new Client(http, socket(proxy, "echo"))) {
            assertThat(client.say("größer, \uD83D\uDE80").next()).isEqualTo("größer, \uD83D\uDE80");
            String large = "x".repeat(LIMIT);
            assertThat(client.say(large).next()).isEqualTo(large);
            byte[] bytes = new byte[LIMIT];
            assertThat(client.send(bytes).next()).isEqualTo(bytes);
            assertThat(client.sayPart("in ", false).sayPart("parts", true).next())
                    .isEqualTo("in parts");
        }
    }

    @Test
    void aPingIsAnswered() throws Exception {
        try (RawClient client = raw(proxy, "/echo")) {
            client.frame(true, RawClient.PING, "there?".getBytes());
            assertThat(client.read()).hasToString("10 there?");
        }
    }

    @Test
    void plainTextAndJsonMeetInARoom() throws Exception {
        try (Client ann = new Client(http, socket(proxy, "chat/tea?name=Ann"));
                JsonClient ben = new JsonClient(http, socket(proxy, "chat/tea?name=Ben"))) {
            assertThat(ben.next("joined").getInt("count")).isEqualTo(2);
            ann.say("hello");
            assertThat(ann.next()).isEqualTo("Ann: hello");
            assertThat(ben.next("message").getString("text")).isEqualTo("hello");
            ben.ask("{'type':'say','room':'tea','text':'hi'}");
            assertThat(ann.next()).isEqualTo("Ben: hi");
        }
    }

    @Test
    void manyCommandsInOneMessageAreAnsweredAndComeTogether() throws Exception {
        int count = 1_000;
        try (JsonClient ann = new JsonClient(http, socket(proxy, "chat/batch?name=Ann"))) {
            ann.next("joined");
            ann.send(IntStream.range(0, count)
                    .mapToObj(i -> JsonClient.quoted(
                            "{'type':'say','room':'batch','text':'" + "x".repeat(150) + i + "','ref':" + i + "}"))
                    .collect(Collectors.joining("\n"))); // about 200 KB
            for (int i = 0; i < count; i++) {
                assertThat(ann.next("ack").getInt("ref")).isEqualTo(i);
            }
            JsonObject page = ann.ask("{'type':'history','room':'batch','after':0,'limit':1000}");
            assertThat(page.toString().length()).isGreaterThan(LIMIT / 2);
            assertThat(ann.frames()).as("frames for twice as many events").hasSizeLessThan(count);
        }
    }

    @Test
    void thePagesOwnOriginIsLetInAndAForeignOneIsNot() throws Exception {
        try (RawClient client = handshake(proxy, "/chat", "Origin: https://127.0.0.1:" + proxy.port() + "\r\n")) {
            assertThat(client.status()).isEqualTo(101);
        }
        for (String origin : List.of("https://elsewhere.example", "https://127.0.0.1", "https://127.0.0.1:1", "null")) {
            try (RawClient client = handshake(proxy, "/chat", "Origin: " + origin + "\r\n")) {
                assertThat(client.status()).as(origin).isEqualTo(403);
                assertThat(client.body()).contains("origin is not allowed");
            }
        }
    }

    /** As on port 443, which no browser writes. */
    @Test
    void theOriginOfAHostWithoutAPortIsLetIn() throws Exception {
        String rest = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        for (String origin : List.of("https://www.example.com", "https://elsewhere.example")) {
            try (RawClient client = RawClient.request(
                    certificate.trusting().getSocketFactory(),
                    proxy.port(),
                    "GET /chat HTTP/1.1\r\nHost: www.example.com\r\nOrigin: " + origin + "\r\n" + rest)) {
                assertThat(client.status()).as(origin).isEqualTo(origin.contains("elsewhere") ? 403 : 101);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/chat/two%20words | 400 | a room's name is 1 to 64",
                "/chat/%6Aava      | 400 | a room's name is 1 to 64",
                "/chat//java       | 400 | a room's name is 1 to 64",
                "/chat?name=%0A    | 400 | name is 1 to 40",
                "/chat?name=a%     | 400 | broken %-escape",
                "/chat?after=x     | 400 | to resume",
                "/other            | 404 | there is /echo, /chat",
            })
    void aRefusalPassesWithItsWords(String path, int status, String words) throws Exception {
        try (RawClient client = handshake(proxy, path, "")) {
            assertThat(client.status()).isEqualTo(status);
            assertThat(client.response()).containsIgnoringCase("\r\nContent-Type: text/plain");
            assertThat(client.body()).contains(words);
        }
        assertThat(echoes(proxy)).isTrue();
    }

    /** And not the same twice, once by Parley and once by the proxy. */
    @Test
    void whatIsFullSaysSo() throws Exception {
        try (ParleyProcess small = ParleyProcess.start("--set", "limits.connections=2", "--set", "limits.rooms=1");
                ReverseProxy before = ReverseProxy.start(kind, certificate, small.port());
                Client first = new Client(http, socket(before, "chat/one"))) {
            assertThat(first.say("in").next()).isEqualTo("in");
            try (Client second = new Client(http, socket(before, "chat/two"))) {
                assertThat(second.closed()).isEqualTo("1013 too many rooms");
            }
            try (Client second = reopened(before, "chat/one")) {
                assertThat(second.say("in too").next()).isEqualTo("in too");
                try (RawClient third = handshake(before, "/echo", "")) {
                    assertThat(third.status()).isEqualTo(503);
                    assertThat(third.response()).containsOnlyOnce("Retry-After: 5\r\n");
                    assertThat(third.body()).isEqualTo("the server is full\n");
                }
            }
        }
    }

    /** Opens it as soon as the server knows that another has gone. */
    private static Client reopened(ReverseProxy proxy, String endpoint) {
        return await().ignoreExceptions()
                .atMost(Duration.ofSeconds(20))
                .until(() -> new Client(http, socket(proxy, endpoint)), client -> true);
    }

    @Test
    void closeCodesPassWithTheirReasons() throws Exception {
        try (Client client = new Client(http, socket(proxy, "chat"))) {
            client.say("x".repeat(LIMIT + 1));
            assertThat(client.closed()).isEqualTo("1009 message too big");
        }
        try (Client client = new Client(http, socket(proxy, "chat"))) {
            client.send(new byte[1]);
            assertThat(client.closed()).isEqualTo("1003 rooms carry text");
        }
    }

    @Test
    void whoGoesWithoutAWordHasLeft() throws Exception {
        try (JsonClient ann = new JsonClient(http, socket(proxy, "chat/goodbye?name=Ann"))) {
            assertThat(ann.presence().getJsonArray("joined")).hasToString("[\"Ann\"]");
            Client ben = new Client(http, socket(proxy, "chat/goodbye?name=Ben"));
            assertThat(ann.presence().getJsonArray("joined")).hasToString("[\"Ben\"]");
            ben.abort();
            assertThat(ann.presence().getJsonArray("left")).hasToString("[\"Ben\"]");
        }
    }

    /**
     * Ten of the server's pings take 2.5 seconds, and the proxy allows two of silence. The client sends nothing at all.
     */
    @Test
    void pingsKeepASilentConnection() throws Exception {
        try (ParleyProcess pinging = ParleyProcess.start("--set", "session.ping-interval=250ms");
                ReverseProxy before = ReverseProxy.start(kind, certificate, pinging.port(), kind.silence(2));
                RawClient silent = raw(before, "/echo")) {
            for (int pings = 0; pings < 10; pings++) {
                assertThat(silent.read().opcode()).isEqualTo(RawClient.PING);
            }
            silent.text("still here");
            RawClient.Received next = silent.read();
            while (next.opcode() == RawClient.PING) {
                next = silent.read();
            }
            assertThat(next.text()).isEqualTo("still here");
        }
    }

    /** The reverse of the test before: what it would look like. */
    @Test
    void withoutPingsInTimeTheProxyCuts() throws Exception {
        try (ReverseProxy before = ReverseProxy.start(kind, certificate, parley.port(), kind.silence(1));
                RawClient silent = raw(before, "/echo")) {
            assertThatThrownBy(silent::read)
                    .isInstanceOfAny(EOFException.class, SSLException.class, SocketException.class);
        }
    }

    @Test
    void aStopTellsEverybodyAndTheProxyAnswersUntilParleyIsBack() throws Exception {
        ParleyProcess first = ParleyProcess.start();
        try (first;
                ReverseProxy before = ReverseProxy.start(kind, certificate, first.port())) {
            try (Client plain = new Client(http, socket(before, "chat"));
                    JsonClient json = new JsonClient(http, socket(before, "chat"))) {
                assertThat(plain.say("open").next()).isEqualTo("open");
                assertThat(json.next("message").getString("text")).isEqualTo("open");
                first.signal("TERM");
                assertThat(json.next("bye").getString("reason")).isEqualTo("shutdown");
                assertThat(json.closed()).isEqualTo(SHUTDOWN);
                assertThat(plain.closed()).isEqualTo(SHUTDOWN);
                assertThat(first.exitCode()).isZero();
            }
            for (int times = 0; times < 3; times++) {
                assertThat(get(page(before, "")).statusCode()).isEqualTo(503);
                try (RawClient client = handshake(before, "/chat", "")) {
                    assertThat(client.status()).isEqualTo(503);
                    assertThat(client.response()).containsOnlyOnce("Retry-After: 5\r\n");
                }
            }
            try (ParleyProcess second = ParleyProcess.startAt(first.port())) {
                assertThat(echoes(before)).as(second.output()).isTrue();
                assertThat(get(page(before, "")).statusCode()).isEqualTo(200);
            }
        }
    }

    @Test
    void aReloadKeepsOpenConnectionsOnTheOldProcessesUntilTheyEnd() throws Exception {
        try (ReverseProxy before = ReverseProxy.start(kind, certificate, parley.port())) {
            Set<Long> old;
            try (Client client = new Client(http, socket(before, "echo"))) {
                client.say("open").next();
                old = before.workers();
                before.reload();
                awaitLeft(before, old, 1);
                assertThat(echoes(before)).isTrue();
                assertThat(client.say("still open").next()).isEqualTo("still open");
                assertThat(before.workers()).containsAnyElementsOf(old);
            }
            awaitLeft(before, old, 0);
        }
    }

    private static void awaitLeft(ReverseProxy proxy, Set<Long> old, int count) {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(proxy.workers().stream().filter(old::contains))
                        .hasSize(count));
    }

    @Test
    void nginxCutsWhatIsOpenWhenTheOldWorkersTimeIsOver() throws Exception {
        assumeTrue(kind == Kind.NGINX, "Apache httpd has no such time for a graceful restart");
        try (ReverseProxy before = ReverseProxy.start(
                        kind,
                        certificate,
                        parley.port(),
                        new Change("worker_shutdown_timeout 1h", "worker_shutdown_timeout 1s"));
                RawClient client = raw(before, "/echo")) {
            Set<Long> old = before.workers();
            before.reload();
            client.readToEnd();
            awaitLeft(before, old, 0);
        }
    }

    /** What the proxy and the systems hold has to fill up first; then Parley sees what it sees of any client. */
    @Test
    void aMemberThatDoesNotReadIsEndedThoughTheProxyBuffers() throws Exception {
        String large = "x".repeat(60_000);
        try (ParleyProcess strict = ParleyProcess.start(
                        "--set",
                        "session.send-deadline=1s",
                        "--set",
                        "limits.commands-per-second=0",
                        "--set",
                        "limits.bytes-per-second=0");
                ReverseProxy before = ReverseProxy.start(kind, certificate, strict.port());
                Client reader = new Client(http, socket(before, "chat/busy"));
                RawClient stalled = RawClient.handshake(
                        certificate.trusting().getSocketFactory(), before.port(), "/chat/busy", 16 * 1024, "")) {
            assertThat(stalled.status()).isEqualTo(101);
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> {
                        assertThat(reader.say(large).next()).isEqualTo(large);
                        return strict.output().contains("stuck");
                    });
            assertThat(reader.say("last").next()).isEqualTo("last");
            stalled.readToEnd();
        }
    }

    @Test
    void anApplicationServersPathIsHidden() throws Exception {
        try (ParleyProcess below = ParleyProcess.start("--context", "/parley");
                ReverseProxy before = ReverseProxy.start(kind, certificate, below.port(), kind.atParley())) {
            assertThat(get(page(before, "")).body()).contains("<title>Parley");
            assertThat(get(page(before, "parley.js")).statusCode()).isEqualTo(200);
            assertThat(echoes(before)).isTrue();
            try (JsonClient ann = new JsonClient(http, socket(before, "chat/tea?name=Ann"))) {
                assertThat(ann.next("welcome").getString("name")).isEqualTo("Ann");
                assertThat(ann.next("joined").getString("room")).isEqualTo("tea");
            }
        }
    }

    private static boolean echoes(ReverseProxy proxy) throws InterruptedException {
        try (Client client = new Client(http, socket(proxy, "echo"))) {
            return client.say("hello").next().equals("hello");
        }
    }

    private static RawClient raw(ReverseProxy proxy, String target) throws IOException {
        RawClient client = handshake(proxy, target, "");
        assertThat(client.status()).isEqualTo(101);
        return client;
    }

    private static RawClient handshake(ReverseProxy proxy, String target, String headers) throws IOException {
        return RawClient.handshake(certificate.trusting().getSocketFactory(), proxy.port(), target, 0, headers);
    }

    private static String socket(ReverseProxy proxy, String endpoint) {
        return "wss://127.0.0.1:" + proxy.port() + "/" + endpoint;
    }

    private static URI page(ReverseProxy proxy, String file) {
        return URI.create("https://127.0.0.1:" + proxy.port() + "/" + file);
    }

    private static HttpResponse<String> get(URI address) throws Exception {
        return http.send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString());
    }
}
