package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.testclient.JsonClient;

/** Requests for pages that wait for messages, over real sockets. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LongPollTest extends HttpBase {
    @TempDir
    private Path folder;

    private final ExecutorService clients = Executors.newCachedThreadPool();

    @AfterEach
    void end() {
        clients.shutdownNow();
    }

    private Future<Got> waits(String path) {
        Callable<Got> ask = () -> get(path);
        return clients.submit(ask);
    }

    private void awaitPolls(int count) throws Exception {
        await().untilAsserted(() -> assertThat(get("/metrics").body()).contains("parley_polls " + count + ".0\n"));
    }

    private static List<Integer> numbers(Got got) {
        return got.json().getJsonArray("messages").getValuesAs(jakarta.json.JsonObject.class).stream()
                .map(message -> message.getInt("seq"))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void itIsAnsweredWhenAMessageComes(String where) throws Exception {
        startWithKey(where.equals("disk") ? "data.folder=" + folder : "room.history=50");
        Future<Got> first = waits("/rooms/java/messages?after=0&wait=50s");
        Future<Got> since = waits("/rooms/java/messages?since=" + System.currentTimeMillis() + "&wait=50");
        Future<Got> behind = waits("/rooms/java/messages?after=1&wait=50s");
        Future<Got> elsewhere = waits("/rooms/tea/messages?after=0&wait=50s");
        awaitPolls(4);
        post("java", "{'text':'one'}");
        assertThat(numbers(first.get())).containsExactly(1);
        assertThat(numbers(since.get())).containsExactly(1);
        awaitPolls(2);
        post("java", "{'text':'two'}");
        assertThat(numbers(behind.get())).containsExactly(2);
        assertThat(get("/rooms/java/messages?after=0&wait=50s").json().getJsonArray("messages"))
                .as("what is there is told at once")
                .hasSize(2);
        assertThat(elsewhere.isDone()).isFalse();
        post("tea", "{'text':'one'}");
        assertThat(numbers(elsewhere.get())).containsExactly(1);
        awaitPolls(0);
    }

    @Test
    void whenTheTimeIsOverThePageIsEmpty() throws Exception {
        startWithKey("limits.handshake-timeout=500ms");
        long began = System.nanoTime();
        Got got = get("/rooms/java/messages?after=0&wait=2s");
        assertThat(got.status()).isEqualTo(200);
        assertThat(numbers(got)).isEmpty();
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThanOrEqualTo(Duration.ofSeconds(2));
        awaitPolls(0);
    }

    /** The room stays for who waits in it, however short it lingers. */
    @Test
    void aRoomStaysForThoseThatWait() throws Exception {
        startWithKey("room.linger=0s");
        Future<Got> waiting = waits("/rooms/java/messages?after=0&wait=50s");
        awaitPolls(1);
        try (JsonClient ann = new JsonClient(ws("/chat/java"))) {
            ann.next("joined");
        }
        awaitMembers(0);
        Thread.sleep(600); // two sweeps, in which the room would have gone
        assertThat(waiting.isDone()).isFalse();
        post("java", "{'text':'one'}");
        assertThat(numbers(waiting.get())).containsExactly(1);
        await().until(() -> server.parley().rooms().roomCount() == 0);
    }

    @Test
    void joinsAndSignalsAreNoMessages() throws Exception {
        startWithKey();
        Future<Got> waiting = waits("/rooms/java/messages?after=0&wait=50s");
        awaitPolls(1);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            ann.next("joined");
            ann.send("{\"type\":\"signal\",\"room\":\"java\",\"data\":1}");
            ann.next("signal");
            assertThat(waiting.isDone()).isFalse();
            ann.send("{\"type\":\"say\",\"room\":\"java\",\"text\":\"hi\"}");
            assertThat(numbers(waiting.get())).containsExactly(1);
        }
    }

    private static void send(Socket socket, String path) throws Exception {
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** The room is let go of too, long before the wait would be over. */
    @Test
    void aClientThatHasGoneIsNoticedAtOnce() throws Exception {
        startWithKey("room.linger=0s");
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            send(socket, "/rooms/java/messages?after=0&wait=50s");
            awaitPolls(1);
        }
        awaitPolls(0);
        await().until(() -> server.parley().rooms().roomCount() == 0);
        try (Socket reset = new Socket("127.0.0.1", server.port())) {
            send(reset, "/rooms/java/messages?after=0&wait=50s");
            awaitPolls(1);
            reset.setSoLinger(true, 0);
        }
        awaitPolls(0);
    }

    /** What it sent behind the request that waits is answered behind that, in order. */
    @Test
    void requestsBehindOneThatWaitsWaitTheirTurn() throws Exception {
        startWithKey();
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            send(socket, "/rooms/java/messages?after=0&wait=50s");
            awaitPolls(1);
            send(socket, "/rooms/java/messages?after=7&limit=1");
            send(socket, "/rooms/java/messages?after=1&wait=50s");
            post("java", "{'text':'one'}");
            awaitPolls(1);
            post("java", "{'text':'two'}");
            send(socket, "/rooms/java/members");
            StringBuilder read = new StringBuilder();
            while (!read.toString().contains("\"members\"")) {
                byte[] some = new byte[8192];
                int length = socket.getInputStream().read(some);
                assertThat(length).as(read.toString()).isPositive();
                read.append(new String(some, 0, length, StandardCharsets.UTF_8));
            }
            assertThat(read.toString().split("\"messages\":", -1))
                    .satisfiesExactly(
                            head -> assertThat(head).contains("200"),
                            first -> assertThat(first).contains("one"),
                            second -> assertThat(second).startsWith("[]"),
                            third -> assertThat(third).contains("\"two\"").doesNotContain("\"one\""));
        }
        awaitPolls(0);
    }

    /** What is said after that is for others. */
    @Test
    void itEndsWithItsToken() throws Exception {
        startWithKey("access.mode=token", "access.secret=" + SECRET, "access.leeway=0s");
        JwtClaims claims = claims("Ann", "java");
        claims.setExpirationTime(NumericDate.fromSeconds(System.currentTimeMillis() / 1000 + 6));
        String token = "Bearer " + token(claims);
        Callable<Got> ask = () -> askAs(token, "GET", "/rooms/java/messages?after=0&wait=50s", null);
        Future<Got> waiting = clients.submit(ask);
        awaitPolls(1);
        Got got = waiting.get(20, TimeUnit.SECONDS);
        assertThat(got.status()).as(got.body()).isEqualTo(401);
        assertThat(got.code()).isEqualTo("unauthorized");
        assertThat(got.header("WWW-Authenticate")).startsWith("Bearer");
        awaitPolls(0);
    }

    @Test
    void moreThanMayWaitAreRefused() throws Exception {
        startWithKey("limits.connections-per-address=2");
        String path = "/rooms/java/messages?after=0&wait=50s";
        Callable<Got> ask = () -> askAs(null, "GET", path, null);
        List<Future<Got>> waiting = List.of(clients.submit(ask), clients.submit(ask));
        awaitPolls(2);
        Got refused = ask.call();
        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.code()).isEqualTo("rate-limited");
        assertThat(refused.header("Retry-After")).isNotEmpty();
        Future<Got> backend = waits(path);
        awaitPolls(3);
        post("java", "{'text':'hi'}");
        for (Future<Got> one : waiting) {
            assertThat(numbers(one.get())).containsExactly(1);
        }
        assertThat(numbers(backend.get())).containsExactly(1);
        assertThat(ask.call().status()).isEqualTo(200);
    }

    @Test
    void aStopAnswersThoseThatWait() throws Exception {
        startWithKey();
        Future<Got> waiting = waits("/rooms/java/messages?after=0&wait=50s");
        awaitPolls(1);
        server.stop();
        assertThat(waiting.get().status()).isEqualTo(200);
        assertThat(numbers(waiting.get())).isEmpty();
    }

    /** A message that is published between the look at the page and the wait is not missed. */
    @Test
    void manyThatWaitAllHearEachMessage() throws Exception {
        startWithKey("limits.requests-per-second-per-address=0");
        int messages = 60;
        List<Future<Integer>> readers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            readers.add(clients.submit(() -> {
                int after = 0;
                while (after < messages) {
                    for (int seq : numbers(get("/rooms/java/messages?wait=50s&after=" + after))) {
                        assertThat(seq).isEqualTo(++after);
                    }
                }
                return after;
            }));
        }
        for (int i = 0; i < messages; i++) {
            post("java", "{'text':'x'}");
        }
        for (Future<Integer> reader : readers) {
            assertThat(reader.get(30, TimeUnit.SECONDS)).isEqualTo(messages);
        }
        awaitPolls(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "wait=20s",
                "before=9&wait=20s",
                "after=0&wait=0",
                "after=0&wait=51s",
                "after=0&wait=-1",
                "after=0&wait=",
                "after=0&wait=1m",
                "after=0&wait=999999999999s"
            })
    void whatIsNoWaitIsSaid(String query) throws Exception {
        startWithKey();
        Got got = get("/rooms/java/messages?" + query);
        assertThat(got.status()).isEqualTo(400);
        assertThat(got.json().getString("detail")).contains("1s to 50s");
    }
}
