package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.door.Cause;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** What a stranger cannot make grow. */
class LimitsTest extends ServerBase {
    @Test
    void connectionsOfOneAddressAreLimitedAndOthersAreNot() throws Exception {
        start("limits.connections-per-address=2");
        String theirs = "X-Forwarded-For: 203.0.113.7\r\n";
        try (RawClient one = opened("/echo", theirs);
                RawClient two = opened("/chat", theirs);
                RawClient three = RawClient.handshake(server.port(), "/chat", 0, theirs);
                RawClient invented =
                        RawClient.handshake(server.port(), "/chat", 0, "X-Forwarded-For: 1.1.1.1, 203.0.113.7\r\n");
                RawClient other = RawClient.handshake(server.port(), "/chat", 0, "X-Forwarded-For: 203.0.113.8\r\n")) {
            assertThat(List.of(one.status(), two.status(), other.status())).containsOnly(101);
            assertThat(List.of(three.status(), invented.status())).containsOnly(429);
            assertThat(three.response()).contains("Retry-After: 5");
            one.reset();
            await().pollInterval(Duration.ofMillis(20)).until(() -> {
                try (RawClient again = RawClient.handshake(server.port(), "/echo", 0, theirs)) {
                    return again.status() == 101;
                }
            });
        }
        assertThat(server.parley().admission().refusedCount(Cause.ADDRESS_FULL)).isGreaterThanOrEqualTo(2);
    }

    /** Once it has been counted, which is behind the answer to the handshake. */
    private RawClient opened(String path, String header) throws Exception {
        RawClient client = RawClient.handshake(server.port(), path, 0, header);
        client.text("open");
        client.read();
        return client;
    }

    @Test
    void handshakesASecondAreLimited() throws Exception {
        start("limits.handshakes-per-second=1");
        int in = 0;
        int refused = 0;
        long began = System.nanoTime();
        for (int i = 0; i < 20 || refused == 0; i++) {
            try (RawClient client = RawClient.handshake(server.port(), "/echo", 0, "")) {
                if (client.status() == 101) {
                    in++;
                } else {
                    assertThat(client.status()).isEqualTo(503);
                    refused++;
                }
            }
        }
        assertThat(in).as("a burst of five, and one a second").isBetween(5, 6 + secondsSince(began));
        assertThat(server.parley().admission().refusedCount(Cause.RATE)).isEqualTo(refused);
    }

    @Test
    void handshakesASecondFromOneAddressTakeNothingFromOthers() throws Exception {
        start("limits.handshakes-per-second-per-address=1");
        int in = 0;
        int refused = 0;
        long began = System.nanoTime();
        for (int i = 0; i < 20 || refused == 0; i++) {
            try (RawClient client = handshake("203.0.113.1")) {
                if (client.status() != 101) {
                    assertThat(client.status()).isEqualTo(429);
                    assertThat(client.response()).contains("Retry-After:");
                    assertThat(client.body()).contains("too many handshakes a second from this address");
                    refused++;
                } else {
                    in++;
                }
            }
        }
        assertThat(in).as("a burst of five, and one a second").isBetween(5, 6 + secondsSince(began));
        assertThat(server.parley().admission().refusedCount(Cause.ADDRESS_RATE)).isEqualTo(refused);
        try (RawClient other = handshake("203.0.113.2")) {
            assertThat(other.status()).isEqualTo(101);
        }
    }

    /** How much the limit has grown meanwhile, on a machine that has other work too. */
    private static int secondsSince(long nanos) {
        return (int) Duration.ofNanos(System.nanoTime() - nanos).toSeconds() + 1;
    }

    private RawClient handshake(String address) throws Exception {
        return RawClient.handshake(server.port(), "/echo", 0, "X-Forwarded-For: " + address + "\r\n");
    }

    @Test
    void bytesASecondAreLimited() throws Exception {
        start("limits.bytes-per-second=256KiB");
        try (JsonClient client = new JsonClient(ws("/chat"))) {
            client.next("joined");
            String say = "{'type':'say','room':'lobby','text':'" + "x".repeat(60_000) + "'}";
            int acknowledged = 0;
            long began = System.nanoTime();
            while (client.ask(say).getString("type").equals("ack")) {
                acknowledged++;
            }
            assertThat(acknowledged)
                    .as("a burst of five seconds, and 4.4 a second")
                    .isBetween(21, 22 + 5 * secondsSince(began));
        }
    }

    @Test
    void tooManyBytesAreCalledBytes() throws Exception {
        start("limits.bytes-per-second=64KiB", "limits.command-bytes=64KiB");
        String say = "{'type':'say','room':'lobby','text':'" + "x".repeat(60_000) + "'}";
        try (JsonClient client = new JsonClient(ws("/chat"))) {
            client.next("joined");
            String reason = "";
            while (reason.isEmpty()) {
                reason = client.ask(say).getString("reason", "");
            }
            assertThat(reason).contains("bytes a second").doesNotContain("commands");
        }
    }

    @Test
    void membersOfARoomAreLimitedAndRoomsMayDiffer() throws Exception {
        start("rooms.\"small*\".members=1");
        try (Client one = new Client(ws("/chat/small-1"));
                JsonClient asks = new JsonClient(ws("/chat/large"));
                Client two = new Client(ws("/chat/small-1"))) {
            assertThat(two.closed()).isEqualTo("1013 the room is full");
            asks.next("joined");
            assertThat(asks.ask("{'type':'join','room':'small-1'}").getString("code"))
                    .isEqualTo("room-full");
            assertThat(asks.ask("{'type':'join','room':'small-2'}").getString("type"))
                    .isEqualTo("joined");
            one.close();
            awaitMembers(2);
            assertThat(asks.ask("{'type':'join','room':'small-1'}").getString("type"))
                    .isEqualTo("joined");
        }
    }

    @Test
    void whatAllRoomsKeepIsLimited() throws Exception {
        start("limits.log-bytes=100KiB", "room.history-bytes=64KiB");
        try (JsonClient client = new JsonClient(ws("/chat/r0"))) {
            client.next("joined");
            for (int room = 0; room < 9; room++) {
                client.ask("{'type':'join','room':'r" + room + "'}");
                client.ask("{'type':'say','room':'r" + room + "','text':'" + "x".repeat(30_000) + "'}");
            }
            await().until(() -> server.parley().rooms().logBytes() <= 100 * 1024);
            assertThat(history(client, "r0")).as("said first").isZero();
            assertThat(history(client, "r8")).as("said last").isEqualTo(1);
            assertThat(server.parley().rooms().forgottenCount()).isPositive();
        }
    }

    private static int history(JsonClient client, String room) throws InterruptedException {
        return client.ask("{'type':'history','room':'" + room + "'}")
                .getJsonArray("messages")
                .size();
    }

    /** A byte now and then keeps an idle timeout from ending it; the time for the whole does not mind. */
    @Test
    void whoAsksSlowlyIsCut() throws Exception {
        start("limits.handshake-timeout=600ms");
        try (Socket slow = new Socket("127.0.0.1", server.port());
                Socket mute = new Socket("127.0.0.1", server.port());
                Client session = new Client(ws("/echo"))) {
            slow.setSoTimeout(50);
            byte[] request = "GET /echo HTTP/1.1\r\nHost: localhost\r\nX-Slow: ".getBytes(StandardCharsets.US_ASCII);
            slow.getOutputStream().write(request);
            long began = System.nanoTime();
            assertThat(trickle(slow)).isTrue();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofMillis(400));
            mute.setSoTimeout(20_000);
            assertThat(readOrCut(mute.getInputStream())).isTrue();
            assertThat(session.say("a session stays").next()).isEqualTo("a session stays");
        }
    }

    private static boolean trickle(Socket slow) throws Exception {
        for (int i = 0; i < 1000; i++) {
            try {
                slow.getOutputStream().write('x');
                if (slow.getInputStream().read() < 0) {
                    return true;
                }
            } catch (SocketTimeoutException e) {
                continue;
            } catch (java.io.IOException e) {
                return true;
            }
        }
        return false;
    }

    private static boolean readOrCut(InputStream in) {
        try {
            return in.read() < 0;
        } catch (SocketTimeoutException e) {
            return false;
        } catch (java.io.IOException e) {
            return true;
        }
    }

    @Test
    void aBrowserMayAskAgainOnTheSameConnection() throws Exception {
        start("limits.handshake-timeout=600ms");
        try (Socket browser = new Socket("127.0.0.1", server.port())) {
            browser.setSoTimeout(20_000);
            long began = System.nanoTime();
            while (System.nanoTime() - began < Duration.ofSeconds(1).toNanos()) { // longer in all than one may wait
                browser.getOutputStream()
                        .write("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                StringBuilder answer = new StringBuilder();
                while (!answer.toString().endsWith("}\n") && !answer.toString().endsWith("0\r\n\r\n")) {
                    int next = browser.getInputStream().read();
                    assertThat(next).as("after " + answer).isNotNegative();
                    answer.append((char) next);
                }
                Thread.sleep(20); // a connection has 256 requests
            }
        }
    }

    @Test
    void thereAreOnlySoManyWhoHaveNotAsked() throws Exception {
        start("limits.handshaking=3", "limits.handshake-timeout=5m");
        List<Socket> mute = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            mute.add(new Socket("127.0.0.1", server.port()));
            mute.get(i).setSoTimeout(10);
        }
        await().until(
                        () -> { // the selectors may have taken them in another order
                            for (Socket socket : mute) {
                                if (readOrCut(socket.getInputStream())) {
                                    return true;
                                }
                            }
                            return false;
                        });
        try (Client session = new Client(ws("/echo"))) {
            assertThat(session.say("there is room for who asks").next()).isEqualTo("there is room for who asks");
        }
        for (Socket socket : mute) {
            socket.close();
        }
    }
}
