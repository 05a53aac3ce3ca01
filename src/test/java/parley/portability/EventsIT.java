package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.servers.Jvm;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/** Event streams: read by hand, while others speak WebSocket. */
class EventsIT extends Portability {
    private static final List<String> READERS = List.of("parley.session.EventsConnection");

    /** A few sweeps, and as many comments as a server takes before it finds that the client has gone. */
    private static final Duration TO_NOTICE = Duration.ofSeconds(12);

    private EventReader read(String path, String... lines) throws IOException {
        return EventReader.open(port(), "/parley" + path, lines);
    }

    private JsonClient in(String room, String name) throws InterruptedException {
        JsonClient client = openJson("/chat/" + room + "?name=" + name);
        client.next("joined");
        return client;
    }

    private static void say(JsonClient client, String room, String text) throws InterruptedException {
        assertThat(client.ask("{'type':'say','room':'" + room + "','text':'" + text + "'}")
                        .getString("type"))
                .isEqualTo("ack");
    }

    private static int count(JsonClient client, String room) throws InterruptedException {
        return client.ask("{'type':'who','room':'" + room + "'}").getInt("count");
    }

    @Test
    void aReaderGetsTheLinesOfAJsonClientAndResumesByItsLastId() throws Exception {
        String id;
        try (JsonClient ann = in("read", "Ann")) {
            try (EventReader reader = read("/rooms/read/events?name=Ben")) {
                assertThat(reader.status()).isEqualTo(200);
                assertThat(reader.header("Content-Type")).startsWith("text/event-stream");
                assertThat(reader.header("Cache-Control")).isEqualTo("no-cache, no-transform");
                assertThat(reader.header("X-Accel-Buffering")).isEqualTo("no");
                assertThat(reader.next().type()).isEqualTo("welcome");
                assertThat(reader.next().type()).isEqualTo("joined");
                say(ann, "read", "hello");
                EventReader.Event event = reader.next("message");
                JsonObject line = ann.next("message");
                assertThat(JsonClient.parse(event.data())).isEqualTo(line);
                id = event.id();
            }
            say(ann, "read", "two");
            say(ann, "read", "three");
            try (EventReader again = read("/rooms/read/events", "Last-Event-ID: " + id)) {
                assertThat(again.next("joined").data()).contains("\"recovered\":true");
                assertThat(again.next("message").data()).contains("two");
                assertThat(again.next("message").data()).contains("three");
            }
        }
    }

    @Test
    void severalRoomsShareAStreamAndResumeTogether() throws Exception {
        try (JsonClient a = in("one", "Ann");
                JsonClient b = in("two", "Ben")) {
            String id;
            try (EventReader reader = read("/events?room=one&room=two")) {
                reader.next("joined");
                reader.next("joined");
                say(a, "one", "first");
                reader.next("message");
                say(b, "two", "second");
                id = reader.next("message").id();
                assertThat(id).matches("one=\\w+:1,two=\\w+:1");
            }
            say(a, "one", "third");
            say(b, "two", "fourth");
            try (EventReader again = read("/events?room=one&room=two", "Last-Event-ID: " + id)) {
                assertThat(again.messages(2).get(1)).matches("one=\\w+:2,two=\\w+:2");
            }
        }
    }

    /** Each is read before the next is said: one that was held back until more came would never come. */
    @ParameterizedTest
    @ValueSource(strings = {"identity", "gzip, deflate, br"})
    void eachEventComesAtOnce(String encodings) throws Exception {
        try (JsonClient ann = in("flush", "Ann");
                EventReader reader = read("/rooms/flush/events", "Accept-Encoding: " + encodings)) {
            assertThat(reader.header("Content-Encoding")).isEmpty();
            reader.next("joined");
            for (int i = 0; i < 20; i++) {
                say(ann, "flush", "m" + i);
                assertThat(reader.next("message").data()).contains("\"m" + i + "\"");
            }
        }
    }

    /**
     * A stream that has gone is found out by a write that fails. On Tomcat its request was let go of twice then: two
     * clients got one request, and a fresh stream was cut behind its head.
     */
    @Test
    void aStreamIsWholeThoughOthersGo() throws Exception {
        long pings = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (System.nanoTime() < pings) {
            try (EventReader reader = read("/rooms/come-and-go/events")) {
                reader.next("joined");
            }
            try (EventReader reader = read("/rooms/come-and-go/events")) {
                reader.next("joined");
                Thread.sleep(20); // not more than a server lets in a second
            }
        }
    }

    @Test
    void aQuietStreamHasCommentsAndIsNotIdle() throws Exception {
        try (EventReader reader = read("/rooms/quiet/events")) {
            reader.next("joined");
            for (int i = 0; i < 7; i++) { // each a second, and the idle time is five
                reader.awaitComment();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClientThatGoesIsNoticedAndNothingIsLeftOfIt(boolean byReset) throws Exception {
        Jvm jvm = new Jvm(server.process(PARLEY));
        try (JsonClient ann = in("gone", "Ann")) {
            EventReader reader = read("/rooms/gone/events");
            reader.next("joined");
            assertThat(count(ann, "gone")).isEqualTo(2);
            if (byReset) {
                reader.reset();
            } else {
                reader.close();
            }
            await().atMost(TO_NOTICE).until(() -> count(ann, "gone") == 1);
        }
        await("no session is kept in the heap")
                .atMost(Duration.ofSeconds(20))
                .until(() -> jvm.instances(READERS), left -> left == 0);
        assertThat(jvm.threads("parley.web.ServletStream")).isEmpty();
    }

    /** Some servers take megabytes before they say that a client does not read. */
    @Test
    void aReaderThatStopsReadingIsEndedAndTheOthersReadOn() throws Exception {
        Jvm jvm = new Jvm(server.process(PARLEY));
        String large = "x".repeat(60_000);
        try (JsonClient ann = in("stalled", "Ann");
                EventReader stalled = EventReader.slow(port(), "/parley/rooms/stalled/events", 16 * 1024);
                EventReader reader = read("/rooms/stalled/events")) {
            stalled.next("joined");
            reader.next("joined");
            await().pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> {
                        say(ann, "stalled", large);
                        reader.next("message");
                        return count(ann, "stalled") == 2;
                    });
            say(ann, "stalled", "last");
            assertThat(reader.next("message").data()).contains("last");
            stalled.reset();
        }
        await("no session is kept in the heap")
                .atMost(Duration.ofSeconds(60))
                .until(() -> jvm.instances(READERS), left -> left == 0);
        await("no thread is kept")
                .atMost(Duration.ofSeconds(60))
                .until(() -> jvm.threads("parley.web.ServletStream").isEmpty());
    }

    @Test
    void anUndeployEndsStreamsBehindAByeThatSaysWhenToComeBack() throws Exception {
        deployer.deploy(SHORT_LIVED);
        EventReader reader;
        try {
            reader = EventReader.open(server.address(SHORT_LIVED).getPort(), "/" + SHORT_LIVED + "/rooms/short/events");
            reader.next("joined");
        } finally {
            deployer.undeploy(SHORT_LIVED);
        }
        try (reader) {
            EventReader.Event bye = reader.next("bye");
            assertThat(Integer.parseInt(bye.retry())).isBetween(500, 8_000);
            assertThat(bye.data()).contains("shutdown");
        }
    }

    @Test
    void whatIsFinalHasAStatus() throws Exception {
        try (EventReader bad = read("/rooms/java/events?after=7")) {
            assertThat(bad.status()).isEqualTo(400);
        }
        try (EventReader elsewhere = read("/rooms/java/events", "Origin: https://elsewhere.example")) {
            assertThat(elsewhere.status()).isEqualTo(403);
        }
    }
}
