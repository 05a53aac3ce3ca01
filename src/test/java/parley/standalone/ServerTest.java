package parley.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import parley.room.Counts;
import parley.servers.Jvm;
import parley.session.Ending;
import parley.testclient.Client;
import parley.testclient.RawClient;

/** The server by itself, over real sockets. */
class ServerTest extends ServerBase {
    private static final int LIMIT = 65536;
    private static final int LONGEST_FRAME = 4 * LIMIT;

    @Test
    void textAndBinaryComeBackWhole() throws Exception {
        start();
        try (Client client = new Client(ws("/echo"))) {
            assertThat(client.say("hé 😀").next()).isEqualTo("hé 😀");
            assertThat(client.say("").next()).isEqualTo("");
            assertThat(client.send(new byte[] {0, -1, 7}).next()).isEqualTo(new byte[] {0, -1, 7});
            assertThat(client.sayPart("a", false)
                            .sayPart("b😀", false)
                            .sayPart("", true)
                            .next())
                    .isEqualTo("ab😀");
        }
        awaitEnding(Ending.LEFT);
    }

    @Test
    void echoesKeepTheirOrder() throws Exception {
        start();
        try (Client client = new Client(ws("/echo"))) {
            List<Object> messages = new ArrayList<>();
            for (int i = 0; i < 5_000; i++) {
                client.say("m" + i);
                messages.add("m" + i);
            }
            assertThat(client.next(5_000)).isEqualTo(messages);
        }
    }

    @Test
    void aMessageUpToTheLimitPasses() throws Exception {
        start();
        try (Client client = new Client(ws("/echo"))) {
            String largest = "é".repeat(LIMIT / 2);
            assertThat(client.say(largest).next()).isEqualTo(largest);
            assertThat(client.send(new byte[LIMIT]).next()).isEqualTo(new byte[LIMIT]);
        }
    }

    @Test
    void aMessageOverTheLimitClosesWith1009() throws Exception {
        start();
        try (RawClient client = raw("/echo")) {
            client.frame(true, RawClient.BINARY, new byte[LIMIT + 1]);
            assertThat(client.readClose().closeCode()).isEqualTo(1009);
        }
        awaitEnding(Ending.TOO_BIG);
        try (RawClient client = raw("/echo")) {
            client.raw(RawClient.encode(0x80 | RawClient.BINARY, true, LONGEST_FRAME + 1, new byte[0]));
            assertThat(client.readClose().closeCode()).as("by its header alone").isEqualTo(1009);
        }
        awaitEnding(Ending.MALFORMED);
    }

    @Test
    void aMessageOverTheLimitInPartsClosesWith1009() throws Exception {
        start();
        try (RawClient client = raw("/chat")) {
            client.frame(false, RawClient.TEXT, "é".repeat(LIMIT / 2).getBytes(UTF_8));
            client.frame(false, RawClient.CONTINUATION, "x".getBytes(UTF_8));
            assertThat(client.readClose()).hasToString("close 1009 message too big");
        }
        try (RawClient client = raw("/echo")) {
            client.frame(false, RawClient.BINARY, new byte[LIMIT]);
            client.frame(true, RawClient.CONTINUATION, new byte[1]);
            assertThat(client.readClose()).hasToString("close 1009 message too big");
        }
    }

    /** The header alone is enough: nobody waits for, or keeps, a gigabyte that may never come. */
    @Test
    void aFrameThatClaimsAGigabyteIsNotWaitedFor() throws Exception {
        start("session.close-timeout=300ms");
        try (RawClient client = raw("/echo")) {
            client.text("before");
            client.raw(RawClient.encode(0x82, true, 1L << 30, new byte[100]));
            assertThat(client.read().text()).isEqualTo("before");
            assertThat(client.readClose().closeCode()).isEqualTo(1009);
            client.readToEnd();
        }
        try (RawClient client = raw("/echo")) {
            client.raw(RawClient.encode(0x82, true, Long.MIN_VALUE + 5, new byte[0]));
            assertThat(client.readClose().closeCode()).isEqualTo(1009);
        }
    }

    @Test
    void anUnmaskedFrameClosesWith1002() throws Exception {
        start("session.close-timeout=300ms");
        try (RawClient client = raw("/echo")) {
            client.raw(RawClient.encode(0x81, false, 2, "hi".getBytes(UTF_8)));
            assertThat(client.readClose().closeCode()).isEqualTo(1002);
            client.readToEnd();
        }
        awaitEnding(Ending.MALFORMED);
    }

    @ParameterizedTest
    @CsvSource({
        "0xC1, 1002", // a reserved bit
        "0x83, 1002", // a reserved opcode
        "0x80, 1002", // a continuation of nothing
        "0x09, 1002", // a control frame in parts
    })
    void brokenFramesCloseWith1002(String firstByte, int code) throws Exception {
        start();
        try (RawClient client = raw("/chat")) {
            client.raw(RawClient.encode(Integer.decode(firstByte), true, 2, "hi".getBytes(UTF_8)));
            assertThat(client.readClose().closeCode()).isEqualTo(code);
        }
    }

    @Test
    void badUtf8ClosesWith1007() throws Exception {
        start();
        try (RawClient client = raw("/chat")) {
            client.frame(true, RawClient.TEXT, new byte[] {'a', (byte) 0xC3, (byte) 0x28});
            assertThat(client.readClose().closeCode()).isEqualTo(1007);
        }
        awaitEnding(Ending.MALFORMED);
    }

    @Test
    void pingsAreAnsweredAlsoBetweenTheFramesOfAMessage() throws Exception {
        start();
        try (RawClient client = raw("/echo")) {
            client.frame(false, RawClient.TEXT, "a".getBytes(UTF_8));
            client.frame(true, RawClient.PING, "p".getBytes(UTF_8));
            assertThat(client.read()).hasToString("10 p");
            client.frame(true, RawClient.CONTINUATION, "b".getBytes(UTF_8));
            assertThat(client.read()).hasToString("1 ab");
        }
    }

    /** A frame that comes a byte at a time, its header too. */
    @Test
    void framesMayComeInAnyPieces() throws Exception {
        start();
        try (RawClient client = raw("/echo")) {
            String message = "piecemeal ".repeat(30);
            for (byte b : RawClient.encode(0x81, true, message.length(), message.getBytes(UTF_8))) {
                client.raw(new byte[] {b});
            }
            assertThat(client.read().text()).isEqualTo(message);
        }
    }

    @Test
    void whoFloodsTheEchoWithoutReadingIsClosedWith1013() throws Exception {
        start();
        try (RawClient client = raw("/echo")) {
            byte[] message = RawClient.encode(0x82, true, 16_000, new byte[16_000]);
            int sent = 0;
            while (server.parley().sessions().endedCount(Ending.ECHO_BACKLOG) == 0 && sent++ < 10_000) {
                client.raw(message);
            }
            assertThat(client.readClose()).hasToString("close 1013 too slow: read the echoes");
        }
    }

    @Test
    void plainClientsSeeEachOthersLines() throws Exception {
        start();
        try (Client ann = new Client(ws("/chat/java?name=Ann"));
                Client bob = new Client(ws("/chat/java?name=Bob+Lee"));
                Client nobody = new Client(ws("/chat/java"));
                Client elsewhere = new Client(ws("/chat/other"))) {
            ann.say("hi");
            assertThat(ann.next()).isEqualTo("Ann: hi");
            assertThat(bob.next()).isEqualTo("Ann: hi");
            assertThat(nobody.next()).isEqualTo("Ann: hi");
            bob.say("hello");
            assertThat(nobody.next()).isEqualTo("Bob Lee: hello");
            nobody.say("psst");
            assertThat(ann.next(2)).containsExactly("Bob Lee: hello", "psst");
            assertThat(elsewhere.waiting()).isZero();
        }
    }

    @Test
    void chatWithoutARoomIsTheLobby() throws Exception {
        start();
        try (Client one = new Client(ws("/chat"));
                Client two = new Client(ws("/chat/lobby"))) {
            one.say("here");
            assertThat(two.next()).isEqualTo("here");
        }
    }

    @Test
    void historyStartsThatManyMessagesBack() throws Exception {
        start("room.window=2");
        try (Client ann = new Client(ws("/chat/java"))) {
            for (int i = 1; i <= 10; i++) {
                ann.say("m" + i).next();
            }
            try (Client late = new Client(ws("/chat/java?history=5"))) {
                assertThat(late.next(5)).containsExactly("m6", "m7", "m8", "m9", "m10");
                ann.say("live");
                assertThat(late.next()).isEqualTo("live");
            }
        }
    }

    @Test
    void aBinaryMessageInARoomClosesWith1003() throws Exception {
        start();
        try (Client client = new Client(ws("/chat"))) {
            client.send(new byte[1]);
            assertThat(client.closed()).isEqualTo("1003 rooms carry text");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "/chat/a%20b ; '' ; 400 ; a room's name is 1 to 64",
                "/chat/ ; '' ; 400 ; a room's name",
                "/chat/{x} ; '' ; 400 ; a room's name",
                "/chat?name=%0A ; '' ; 400 ; name is 1 to 40",
                "/chat?history=x ; '' ; 400 ; history is a number",
                "/chat ; Origin: http://evil.example ; 403 ; origin is not allowed",
                "/echo ; Origin: null ; 403 ; origin is not allowed",
                "/other ; '' ; 404 ; there is /echo, /chat",
            })
    void aRefusedHandshakeSaysWhy(String target, String header, int status, String words) throws Exception {
        start();
        String headers = header.isEmpty() ? "" : header + "\r\n";
        try (RawClient client = RawClient.handshake(server.port(), target, 0, headers)) {
            assertThat(client.status()).isEqualTo(status);
            assertThat(client.response()).containsIgnoringCase("\r\nContent-Type: text/plain");
            assertThat(client.body()).contains(words);
        }
        assertThat(server.parley().sessions().openCount()).isZero();
    }

    /**
     * For Grizzly a request with an upgrade never ends: what came next on the connection was answered with the
     * refusal's text.
     */
    @Test
    void aRefusedHandshakeEndsItsConnection() throws Exception {
        start();
        try (RawClient client = RawClient.handshake(server.port(), "/nope", 0, "")) {
            assertThat(client.status()).isEqualTo(404);
            assertThat(client.response()).containsIgnoringCase("Connection: close");
            client.body();
            client.readToEnd();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "GET ; HTTP/1.1 ; Upgrade ; 12 ; ''",
                "GET ; HTTP/1.1 ; keep-alive ; 13 ; ''",
                "GET ; HTTP/1.0 ; Upgrade ; 13 ; ''",
                "POST ; HTTP/1.1 ; Upgrade ; 13 ; Content-Length: 5",
                "GET ; HTTP/1.1 ; Upgrade ; 13 ; Content-Length: 5",
                "GET ; HTTP/1.1 ; Upgrade ; 13 ; Transfer-Encoding: chunked",
            })
    void whatIsNoHandshakeIsRefusedWith400(
            String method, String protocol, String connection, String version, String header) throws Exception {
        start();
        String request = method + " /chat " + protocol + "\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: "
                + connection + "\r\nSec-WebSocket-Version: " + version
                + "\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + header + (header.isEmpty() ? "" : "\r\n")
                + "\r\n";
        try (RawClient client = RawClient.request(server.port(), request)) {
            assertThat(client.status()).isEqualTo(400);
            assertThat(client.response()).containsIgnoringCase("Sec-WebSocket-Version: 13");
            client.readToEnd();
        }
    }

    /** Its length was left out: a client waited for the end until the server closed the connection, ten seconds. */
    @Test
    void aPlainGetOfAnAddressOfAWebSocketIsAnsweredWithALength() throws Exception {
        start();
        String get = "GET /chat HTTP/1.1\r\nHost: localhost\r\n\r\n";
        try (RawClient client = RawClient.request(server.port(), get)) {
            assertThat(client.status()).isEqualTo(426);
            assertThat(client.response())
                    .containsIgnoringCase("\r\nUpgrade: websocket\r\n")
                    .containsIgnoringCase("\r\nConnection: Upgrade\r\n");
            assertThat(client.body()).contains("this is the address of a WebSocket");
        }
    }

    /** Browsers leave these as they are in a query, and Tyrus answered 101 and cut the connection. */
    @Test
    void namesWithCharactersThatNeedNoEscapeInAQueryAreNames() throws Exception {
        start();
        try (RawClient client = raw("/chat?name={a|b}^`")) {
            client.text("hi");
            assertThat(client.read().text()).isEqualTo("{a|b}^`: hi");
        }
    }

    /** Tyrus queues a pong for every ping: a client that reads none took the heap, 125 bytes at a time. */
    @Test
    void whoPingsWithoutReadingTakesNoMemory() throws Exception {
        start();
        try (RawClient client = RawClient.open(server.port(), "/echo", 4_096)) {
            ByteBuffer pings = ByteBuffer.allocate(131 * 400);
            for (int i = 0; i < 400; i++) {
                pings.put(RawClient.encode(0x89, true, 125, new byte[125]));
            }
            long before = heapAfterGc();
            for (int i = 0; i < 1_500; i++) {
                client.raw(pings.array()); // 600,000 pings, 75 MB of pongs
            }
            long grown = heapAfterGc() - before;
            System.out.printf("heap grown by %d KB after 600,000 pings whose pongs were not read%n", grown >> 10);
            assertThat(grown).isLessThan(16 << 20);
        }
    }

    /**
     * They connected together, so they are all due for a ping in each sweep. One of them counts ten of these, in which
     * a client that is left out is idle for too long; a busy machine may take most of that time for an answer.
     */
    @Test
    void aHerdThatAnswersItsPingsStays() throws Exception {
        start("session.ping-interval=250ms", "session.idle-timeout=2s");
        List<Client> herd = new ArrayList<>();
        try {
            for (int i = 0; i < 300; i++) {
                herd.add(new Client(ws("/chat/herd")));
            }
            try (RawClient counting = raw("/chat/herd")) {
                for (int pings = 0; pings < 10; pings++) {
                    assertThat(counting.read().opcode()).isEqualTo(RawClient.PING);
                    counting.frame(true, RawClient.PONG, new byte[0]);
                }
            }
            assertThat(server.parley().sessions().endedCount(Ending.IDLE)).isZero();
            assertThat(server.parley().sessions().openCount()).isGreaterThanOrEqualTo(300);
        } finally {
            herd.forEach(Client::close);
        }
    }

    @Test
    void originsAreTheSameHostOrAPattern() throws Exception {
        start("origins=https://*.example.com,localhost:*");
        for (String origin :
                List.of("http://127.0.0.1:" + server.port(), "https://a.example.com", "http://localhost:5173")) {
            try (RawClient client = RawClient.handshake(server.port(), "/echo", 0, "Origin: " + origin + "\r\n")) {
                assertThat(client.status()).as(origin).isEqualTo(101);
            }
        }
    }

    @Test
    void oneConnectionTooManyIsRefusedWith503() throws Exception {
        start("limits.connections=2");
        try (RawClient one = raw("/echo");
                RawClient two = raw("/chat")) {
            try (RawClient three = RawClient.handshake(server.port(), "/echo", 0, "")) {
                assertThat(three.status()).isEqualTo(503);
                assertThat(three.response()).containsIgnoringCase("Retry-After: ");
            }
            one.reset();
            awaitEnding(Ending.LOST);
            await().until(() -> server.parley().sessions().notYetGoneCount() == 0);
            try (RawClient three = raw("/echo")) {
                three.text("in");
                assertThat(three.read().text()).isEqualTo("in");
            }
        }
    }

    @Test
    void oneRoomTooManyIsClosedWith1013() throws Exception {
        start("limits.rooms=1", "room.linger=0s");
        try (RawClient one = raw("/chat/a")) {
            awaitMembers(1); // the answer to a handshake leaves before the room is joined
            try (RawClient two = raw("/chat/b")) {
                assertThat(two.readClose()).hasToString("close 1013 too many rooms");
            }
        }
        await().until(() -> server.parley().rooms().roomCount() == 0);
        try (RawClient two = raw("/chat/b")) {
            two.text("in");
            assertThat(two.read().text()).isEqualTo("in");
        }
    }

    @Test
    void aResetEndsTheSessionOnce() throws Exception {
        start();
        RawClient client = raw("/chat/java");
        awaitMembers(1);
        client.reset();
        awaitMembers(0);
        awaitEnding(Ending.LOST);
    }

    @Test
    void aHalfCloseEndsTheSession() throws Exception {
        start();
        try (RawClient client = raw("/chat/java")) {
            awaitMembers(1);
            client.halfClose();
            awaitMembers(0);
            client.readToEnd();
        }
    }

    @Test
    void aClientThatAnswersNoPingIsClosedAsIdle() throws Exception {
        start("session.ping-interval=200ms", "session.idle-timeout=1s");
        try (RawClient silent = raw("/chat");
                Client answering = new Client(ws("/chat"))) {
            assertThat(silent.read().opcode()).isEqualTo(RawClient.PING);
            assertThat(silent.readClose()).hasToString("close 1001 idle");
            answering.say("still here");
            assertThat(answering.next()).isEqualTo("still here");
        }
        awaitEnding(Ending.IDLE);
    }

    /** Tyrus closes such a session and leaves its TCP connection to the client: it must be cut. */
    @Test
    void aMemberThatReadsNothingIsGoneAfterTheSendDeadlineWithItsConnection() throws Exception {
        start(
                "session.send-deadline=500ms",
                "session.close-timeout=500ms",
                "limits.commands-per-second=0",
                "limits.bytes-per-second=0");
        try (RawClient frozen = RawClient.open(server.port(), "/chat", 4096);
                Client talker = new Client(ws("/chat"))) {
            String message = "x".repeat(60_000);
            while (server.parley().sessions().endedCount(Ending.STUCK) == 0) {
                talker.say(message).next();
            }
            await().until(() -> server.parley().sessions().notYetGoneCount() == 0);
            assertThat(server.parley().rooms().memberCount()).isEqualTo(1);
            frozen.readToEnd();
        }
    }

    /** It weighs seven kilobytes, as much as all the rest of an idle connection. */
    @Test
    void theRequestOfAHandshakeIsLetGoOf() throws Exception {
        start();
        try (RawClient one = raw("/chat");
                RawClient two = raw("/echo")) {
            assertThat(one.status() + two.status()).isEqualTo(202);
            Jvm here = new Jvm(ProcessHandle.current());
            await().until(() ->
                    here.instances(List.of("org.glassfish.grizzly.http.HttpServerFilter$ServerHttpRequestImpl")) == 0);
        }
    }

    /**
     * They stayed, 5 KB each, where Grizzly looks for idle ones: the filter that takes them out is not in the chain for
     * frames.
     */
    @Test
    void connectionsThatAreGoneAreKeptNowhere() throws Exception {
        start();
        Jvm here = new Jvm(ProcessHandle.current());
        List<String> connections = List.of("org.glassfish.grizzly.nio.transport.TCPNIOConnection");
        for (int i = 0; i < 20; i++) {
            try (RawClient closes = raw("/chat");
                    RawClient cuts = raw("/echo");
                    RawClient asks = RawClient.request(server.port(), "GET / HTTP/1.1\r\nHost: x\r\n\r\n")) {
                closes.frame(true, RawClient.CLOSE, new byte[] {3, (byte) 0xE8});
                closes.readClose();
                cuts.reset();
                assertThat(asks.status()).isEqualTo(200);
            }
        }
        await().until(() -> here.instances(connections), count -> count <= 10); // a few stay in what Grizzly uses again
    }

    /** Frames go past Tyrus, which sends the close frame (RFC 6455 section 5.5.1). */
    @Test
    void nothingComesBehindACloseFrame() throws Exception {
        start("limits.commands-per-second=0", "limits.bytes-per-second=0", "session.close-timeout=2s");
        AtomicBoolean enough = new AtomicBoolean();
        try (Client talker = new Client(ws("/chat"))) {
            Thread talking = new Thread(() -> {
                while (!enough.get()) {
                    talker.say("talk");
                }
            });
            talking.start();
            List<RawClient> closing = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                RawClient client = raw("/chat");
                closing.add(client);
                client.read(); // there is talk
                client.frame(true, RawClient.BINARY, new byte[1]);
            }
            for (RawClient client : closing) {
                try (client) {
                    assertThat(client.readClose().closeCode()).isEqualTo(1003);
                    assertThat(client.restToEnd()).isZero();
                }
            }
            enough.set(true);
            talking.join();
        }
    }

    @Test
    void aMemberThatFallsBehindIsClosedWhereTheRoomSaysSo() throws Exception {
        start("room.policy=disconnect", "room.window=10", "limits.commands-per-second=0", "limits.bytes-per-second=0");
        try (RawClient frozen = RawClient.open(server.port(), "/chat", 4096);
                Client talker = new Client(ws("/chat"))) {
            while (server.parley().sessions().endedCount(Ending.BEHIND) == 0) {
                talker.say("x".repeat(60_000)).next();
            }
            assertThat(frozen.readClose()).hasToString("close 1013 too slow for the room");
        }
    }

    @Test
    void floodingARoomIsLimitedAndThenClosedWith1008() throws Exception {
        start("limits.commands-per-second=1");
        try (RawClient client = raw("/chat")) {
            for (int i = 0; i < 20; i++) {
                client.text("m" + i);
            }
            for (int i = 0; i < 5; i++) {
                assertThat(client.read().text()).isEqualTo("m" + i);
            }
            await().until(() -> server.parley().sessions().limitedCount() >= 10); // some may pass while time passes
            await().pollInterval(Duration.ofMillis(50)).until(() -> {
                client.text("on and on");
                return server.parley().sessions().endedCount(Ending.FLOODING) == 1;
            });
            assertThat(client.readClose()).hasToString("close 1008 flooding: too many messages a second");
        }
    }

    @Test
    void pagesAreServedAndNothingElseOfTheWar() throws Exception {
        start("listen.context=/some/where");
        HttpResponse<String> page = get("/some/where/", "GET");
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("<title>Parley");
        // The JDK's client asks for HTTP/2 with an upgrade, for which Grizzly left this out.
        assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
        assertThat(page.headers().firstValue("Content-Security-Policy"))
                .get()
                .asString()
                .contains("default-src 'none'");
        assertThat(get("/some/where", "GET").headers().firstValue("Location")).contains("/some/where/");
        for (String path :
                List.of("/", "/some/where/WEB-INF/web.xml", "/some/where/none.html", "/some/where/../pom.xml")) {
            assertThat(get(path, "GET").statusCode()).as(path).isIn(400, 404);
        }
        assertThat(get("/some/where/", "POST").statusCode()).isEqualTo(405);
        try (Client client = new Client(ws("/some/where/echo"))) {
            assertThat(client.say("here").next()).isEqualTo("here");
        }
    }

    private HttpResponse<String> get(String path, String method) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + path);
        HttpRequest request = HttpRequest.newBuilder(uri)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aTakenPortIsAnErrorAndLeavesNothing() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> start("listen.port=" + taken.getLocalPort()))
                    .isInstanceOf(IOException.class);
        }
        await().untilAsserted(() -> assertThat(threadsOfTheServer()).isEmpty());
    }

    @Test
    void aStopTellsEverybodyToComeBack() throws Exception {
        start();
        try (Client echo = new Client(ws("/echo"));
                Client chat = new Client(ws("/chat"))) {
            echo.say("here").next();
            chat.say("last words");
            await().until(() -> server.parley().rooms().counts().offered() == 1);
            server.stop();
            assertThat(chat.next()).isEqualTo("last words");
            assertThat(chat.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
            assertThat(echo.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
        }
        assertThatThrownBy(() -> raw("/echo")).isInstanceOf(ConnectException.class);
    }

    @Test
    void aStopHasLetGoOfThePort() throws Exception {
        for (int i = 0; i < 50; i++) {
            start();
            server.stop();
            assertThatThrownBy(() -> raw("/echo")).isInstanceOf(ConnectException.class);
        }
    }

    @Test
    void aStopEndsWithClientsThatReadNothing() throws Exception {
        start(
                "shutdown.flush=200ms",
                "shutdown.grace=500ms",
                "limits.commands-per-second=0",
                "limits.bytes-per-second=0");
        List<RawClient> frozen = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            frozen.add(RawClient.open(server.port(), "/chat", 4096));
        }
        try (Client talker = new Client(ws("/chat"))) {
            while (behind() < 20) {
                talker.say("x".repeat(60_000)).next();
            }
            server.stop();
            assertThat(talker.closed()).startsWith("1001 ");
        }
        for (RawClient client : frozen) {
            client.readToEnd();
            client.close();
        }
    }

    /** How many messages members have before them. */
    private long behind() {
        Counts counts = server.parley().rooms().counts();
        return counts.offered() - counts.delivered() - counts.missed();
    }

    /**
     * Two hundred members that read nothing, in a room with steady traffic: the others miss nothing, and the heap holds
     * a frame for each of the two hundred and not the megabytes that they have not read.
     */
    @Test
    void membersThatReadNothingHoldOneFrameEachAndSlowNobody() throws Exception {
        start(
                "session.send-deadline=10m",
                "limits.commands-per-second=0",
                "limits.bytes-per-second=0",
                "shutdown.flush=0s",
                "shutdown.grace=0s");
        int messages = 1_200;
        int size = 4_096;
        List<RawClient> frozen = new ArrayList<>();
        try (Client talker = new Client(ws("/chat"));
                Client listener = new Client(ws("/chat"))) {
            long before = traffic(talker, listener, messages, size);
            for (int i = 0; i < 200; i++) {
                frozen.add(RawClient.open(server.port(), "/chat", 4_096));
            }
            long opened = heapAfterGc();
            long with = traffic(talker, listener, messages, size);
            int rounds = 1;
            while (behind() < 200 * 100 && rounds++ < 10) {
                with = traffic(talker, listener, messages, size);
            }
            System.out.printf(
                    "heap after GC: %d KB with traffic alone, %d KB with 200 members opened, %d KB after %d x %d"
                            + " messages of %d bytes that they did not read: %.1f KB each%n",
                    before >> 10, opened >> 10, with >> 10, rounds, messages, size, (with - opened) / 200 / 1024.0);
            assertThat((with - opened) / 200).as("bytes for each").isLessThan(32 * 1024);
            assertThat(behind()).as("each has a window or a log before it").isGreaterThan(200 * 100);
        } finally {
            for (RawClient client : frozen) {
                client.reset();
            }
        }
    }

    private long traffic(Client talker, Client listener, int messages, int size) throws Exception {
        String message = "x".repeat(size);
        for (int i = 0; i < messages; i++) {
            talker.say(message);
            assertThat(talker.next()).isEqualTo(message);
            assertThat(listener.next()).isEqualTo(message);
        }
        return heapAfterGc();
    }

    private static long heapAfterGc() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        Runtime runtime = Runtime.getRuntime();
        return runtime.totalMemory() - runtime.freeMemory();
    }

    /** Sixteen clients that come, talk and go at random, over real sockets; the counts are checked after every test. */
    @Test
    void sixteenThreadsOfComingTalkingAndGoingLeaveNothing() throws Exception {
        start("limits.commands-per-second=0", "limits.bytes-per-second=0");
        List<Thread> threads = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        for (int t = 0; t < 16; t++) {
            int id = t;
            threads.add(new Thread(() -> {
                try {
                    comeTalkAndGo(id);
                } catch (Throwable e) {
                    synchronized (failures) {
                        failures.add(e);
                    }
                }
            }));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
        await().until(() -> server.parley().sessions().openCount() == 0);
    }

    private void comeTalkAndGo(int id) throws Exception {
        for (int round = 0; round < 25; round++) {
            try (RawClient client = raw("/chat/r" + (id + round) % 3 + "?history=" + round)) {
                String mine = id + "." + round + ".";
                for (int i = 0; i < 10; i++) {
                    client.text(mine + i);
                }
                int seen = 0;
                while (seen < 10) {
                    String text = client.read().text();
                    if (text.startsWith(mine)) {
                        assertThat(text).isEqualTo(mine + seen++);
                    }
                }
                if (round % 3 == 0) {
                    client.reset();
                } else if (round % 3 == 1) {
                    client.frame(true, RawClient.CLOSE, new byte[] {3, (byte) 0xE8});
                    client.readClose();
                }
            }
        }
    }

    @Test
    void theAddressesToOpenNameThePortInUse() throws Exception {
        start("listen.context=/p");
        assertThat(server.addresses())
                .hasSize(5)
                .allSatisfy(line -> assertThat(line).contains(":" + server.port() + "/p/"));
        assertThat(String.join(" ", server.addresses()))
                .contains("page ", "/p/status.html", "echo ", "chat ", "/p/chat/{room}", "npx wscat -c");
    }
}
