package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.session.Ending;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** Clients that are slow, and clients that make the server hold what is not finished. */
class SlowClientTest extends ServerBase {
    private static final int MIB = 1 << 20;
    private static final int SMALL = 4 << 10;
    private static final int HEADER_BYTES = 10;

    /**
     * The kernel's buffer once held megabytes, and nobody could tell a client that reads slowly from one that does not
     * read: both were closed. The message takes twice the deadline.
     */
    @Test
    void aClientThatKeepsReadingGetsItsMessageHoweverLongThatTakesAndOneThatReadsNothingIsClosed() throws Exception {
        start(
                "limits.message-bytes=1MiB",
                "limits.command-bytes=1MiB",
                "limits.backlog=2MiB",
                "session.send-deadline=2s",
                "session.idle-timeout=3s",
                "session.ping-interval=500ms",
                "listen.send-buffer=16KiB");
        byte[] message = new byte[MIB];
        Arrays.fill(message, (byte) 'x');
        try (RawClient reading = RawClient.open(server.port(), "/echo", SMALL);
                RawClient frozen = RawClient.open(server.port(), "/echo", SMALL)) {
            reading.frame(true, RawClient.BINARY, message);
            frozen.frame(true, RawClient.BINARY, message);
            byte[] first = firstOfTheEcho(reading);
            assertThat(first[1]).as("eight bytes of length").isEqualTo((byte) 127);
            int parts = 16;
            for (int part = 0; part < parts; part++) {
                Thread.sleep(250); // the pace of the client
                assertThat(reading.readBytes(MIB / parts)).containsOnly('x');
            }
            awaitEnding(Ending.STUCK);
            assertThat(server.parley().sessions().openCount())
                    .as("the one that reads")
                    .isEqualTo(1);
            assertThat(server.parley().sessions().endedCount(Ending.IDLE)).isZero();
        }
    }

    /** A ping may have come before it. */
    private static byte[] firstOfTheEcho(RawClient client) throws Exception {
        byte[] start = client.readBytes(2);
        while ((start[0] & 0x0F) == RawClient.PING) {
            start = client.readBytes(2);
        }
        byte[] all = Arrays.copyOf(start, HEADER_BYTES);
        System.arraycopy(client.readBytes(HEADER_BYTES - 2), 0, all, 2, HEADER_BYTES - 2);
        return all;
    }

    /** It answers no ping meanwhile: a frame of its own is under way, and a pong must not stand in the middle of it. */
    @Test
    void aFrameThatTricklesInIsASignOfLife() throws Exception {
        start("session.idle-timeout=1s", "session.ping-interval=300ms");
        byte[] message = "it takes its time".getBytes(StandardCharsets.UTF_8);
        try (RawClient client = RawClient.open(server.port(), "/echo")) {
            byte[] frame = RawClient.encode(0x80 | RawClient.TEXT, true, message.length, message);
            for (byte each : frame) {
                client.raw(new byte[] {each});
                Thread.sleep(150); // the pace of the client: three and a half times the idle time in all
            }
            assertThat(client.readMessage().text()).isEqualTo("it takes its time");
        }
    }

    @Test
    void unfinishedMessagesOfAllClientsTogetherAreBounded() throws Exception {
        start("limits.held-bytes=1MiB", "limits.command-bytes=512KiB");
        byte[] half = RawClient.encode(0x80 | RawClient.TEXT, true, 400 << 10, new byte[200 << 10]);
        List<RawClient> clients = new ArrayList<>();
        try (JsonClient other = new JsonClient(ws("/chat/java"))) {
            other.next("joined");
            for (int i = 0; i < 20; i++) {
                RawClient client = RawClient.openJson(server.port(), "/chat/java", 0);
                clients.add(client);
                client.raw(half);
            }
            await().until(() -> server.parley().sessions().endedCount(Ending.HELD_TOO_MUCH) >= 15);
            await().until(() -> server.parley().sessions().heldBytes() <= MIB);
            assertThat(health()).isEqualTo(200);
            assertThat(other.ask("{'type':'ping'}").getString("type"))
                    .as("a client that holds nothing")
                    .isEqualTo("pong");
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    void answersThatClientsDoNotReadCountToo() throws Exception {
        start(
                "limits.held-bytes=1MiB",
                "limits.command-bytes=512KiB",
                "session.send-deadline=1m",
                "listen.send-buffer=16KiB");
        List<RawClient> clients = new ArrayList<>();
        try (JsonClient other = new JsonClient(ws("/chat/java"))) {
            other.next("joined");
            for (int i = 0; i < 50; i++) {
                other.ask("{'type':'say','room':'java','text':'" + "x".repeat(1_000) + "'}");
            }
            for (int i = 0; i < 20; i++) {
                RawClient client = RawClient.openJson(server.port(), "/chat/java", SMALL);
                clients.add(client);
                client.text("{\"type\":\"history\",\"room\":\"java\"}\n".repeat(8));
            }
            await().until(() -> server.parley().sessions().endedCount(Ending.HELD_TOO_MUCH) > 0);
            await().until(() -> server.parley().sessions().heldBytes() <= MIB);
            assertThat(server.parley().sessions().endedCount(Ending.ANSWER_BACKLOG))
                    .as("by itself none holds too much")
                    .isZero();
            assertThat(other.ask("{'type':'ping'}").getString("type")).isEqualTo("pong");
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
    }

    private int health() throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + server.port() + "/health/live");
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void fragmentsOfOneMessageCountTogether() throws Exception {
        start("limits.held-bytes=1MiB", "limits.command-bytes=1MiB");
        byte[] part = new byte[64 << 10];
        Arrays.fill(part, (byte) ' ');
        try (RawClient one = RawClient.openJson(server.port(), "/chat/java", 0);
                RawClient two = RawClient.openJson(server.port(), "/chat/java", 0)) {
            for (int i = 0; i < 12; i++) {
                one.frame(false, i == 0 ? RawClient.TEXT : RawClient.CONTINUATION, part);
            }
            await().until(() -> server.parley().sessions().heldBytes() >= 12 * part.length);
            for (int i = 0; i < 8; i++) {
                two.frame(false, i == 0 ? RawClient.TEXT : RawClient.CONTINUATION, part);
            }
            awaitEnding(Ending.HELD_TOO_MUCH);
            assertThat(one.readCloseOrEnd()).as("it holds most, and longest").isNotEmpty();
            assertThat(server.parley().sessions().openCount()).isEqualTo(1);
        }
    }

    @Test
    void framesThatCarryNothingAreCounted() throws Exception {
        start();
        byte[] ping = RawClient.encode(0x80 | RawClient.PING, true, 0, new byte[0]);
        byte[] pings = new byte[ping.length * 10_000];
        for (int i = 0; i < 10_000; i++) {
            System.arraycopy(ping, 0, pings, i * ping.length, ping.length);
        }
        try (RawClient client = raw("/echo")) {
            client.raw(pings);
            awaitEnding(Ending.EMPTY_FRAMES);
        }
        try (RawClient client = raw("/echo")) {
            client.frame(false, RawClient.TEXT, new byte[0]);
            byte[] empty = RawClient.encode(RawClient.CONTINUATION, true, 0, new byte[0]);
            byte[] fragments = new byte[empty.length * 10_000];
            for (int i = 0; i < 10_000; i++) {
                System.arraycopy(empty, 0, fragments, i * empty.length, empty.length);
            }
            client.raw(fragments);
            await().until(() -> server.parley().sessions().endedCount(Ending.EMPTY_FRAMES) == 2);
        }
    }
}
