package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.protocol.MemberName;
import parley.session.Ending;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;
import parley.testclient.Threads;

/** Event streams of a server by itself, read over a raw socket. */
class EventsTest extends ServerBase {
    private EventReader read(String target, String... lines) throws IOException {
        return EventReader.open(server.port(), target, lines);
    }

    private JsonClient in(String room) throws InterruptedException {
        JsonClient client = new JsonClient(ws("/chat/" + room));
        client.next("joined");
        return client;
    }

    private static void say(JsonClient client, String room, String text) throws InterruptedException {
        assertThat(client.ask("{'type':'say','room':'" + room + "','text':'" + text + "'}")
                        .getString("type"))
                .isEqualTo("ack");
    }

    @Test
    void aReaderGetsTheVeryLinesOfAJsonClientAndResumesByItsLastId() throws Exception {
        start();
        String id;
        try (JsonClient ann = in("java");
                EventReader reader = read("/rooms/java/events?name=Ben")) {
            assertThat(reader.status()).isEqualTo(200);
            assertThat(reader.header("Content-Type")).isEqualTo("text/event-stream");
            assertThat(reader.header("Cache-Control")).isEqualTo("no-cache, no-transform");
            assertThat(reader.header("X-Accel-Buffering")).isEqualTo("no");
            assertThat(reader.next().type()).isEqualTo("welcome");
            EventReader.Event joined = reader.next();
            assertThat(joined.type()).isEqualTo("joined");
            assertThat(joined.id()).endsWith(":0");
            assertThat(ann.presence().toString()).contains("Ben");
            say(ann, "java", "hello");
            EventReader.Event event = reader.next("message");
            assertThat(JsonClient.parse(event.data())).isEqualTo(ann.next("message"));
            assertThat(event.id()).endsWith(":1");
            id = event.id();
            say(ann, "java", "two");
            say(ann, "java", "three");
        }
        try (EventReader again = read("/rooms/java/events?history=0", "Last-Event-ID: " + id)) {
            assertThat(again.next("joined").data()).contains("\"recovered\":true");
            assertThat(again.messages(2)).allMatch(next -> next.matches(".*:[23]"));
        }
    }

    @Test
    void severalRoomsShareAStreamAndResumeTogether() throws Exception {
        start();
        String id;
        try (JsonClient a = in("a");
                JsonClient b = in("b")) {
            try (EventReader reader = read("/events?room=a&room=b")) {
                reader.next("joined");
                reader.next("joined");
                say(a, "a", "one");
                reader.next("message");
                say(b, "b", "two");
                id = reader.next("message").id();
                assertThat(id).matches("a=\\w+:1,b=\\w+:1");
            }
            say(a, "a", "three");
            say(b, "b", "four");
            try (EventReader again = read("/events?room=a&room=b", "Last-Event-ID: " + id)) {
                List<String> ids = again.messages(2);
                assertThat(ids.get(1)).matches("a=\\w+:2,b=\\w+:2");
            }
        }
    }

    @Test
    void aClientOfOldHttpReadsABodyThatEndsWithItsConnection() throws Exception {
        start();
        try (JsonClient ann = in("java");
                EventReader reader = EventReader.ask(
                        server.port(), "GET", "/rooms/java/events", "HTTP/1.0", 0, "Connection: keep-alive")) {
            assertThat(reader.header("Transfer-Encoding")).isEmpty();
            assertThat(reader.header("Content-Length")).isEmpty();
            reader.next("joined");
            say(ann, "java", "hello");
            assertThat(reader.next("message").id()).endsWith(":1");
            CompletableFuture<Void> stop = CompletableFuture.runAsync(server::stop, Threads.EACH);
            assertThat(reader.toEnd()).contains("bye");
            stop.get();
        }
    }

    /** Without a byte being written: the close is read. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aClientThatGoesLeavesItsRoomAtOnce(boolean byReset) throws Exception {
        start();
        EventReader reader = read("/rooms/java/events");
        reader.next("joined");
        awaitMembers(1);
        if (byReset) {
            reader.reset();
        } else {
            reader.close();
        }
        awaitEnding(Ending.LEFT);
        awaitMembers(0);
        await().until(() -> server.parley().sessions().notYetGoneCount() == 0);
    }

    @Test
    void whatAClientSendsBehindItsRequestIsThrownAway() throws Exception {
        start();
        try (JsonClient ann = in("java");
                EventReader reader = EventReader.ask(
                        server.port(),
                        "GET",
                        "/rooms/java/events",
                        "HTTP/1.1",
                        0,
                        "X: y\r\n\r\nGET /rooms/java/events HTTP/1.1\r\nHost: a")) {
            reader.next("joined");
            awaitMembers(2);
            say(ann, "java", "hello");
            assertThat(reader.next("message").data()).contains("hello");
        }
    }

    @Test
    void aQuietStreamHasCommentsAndIsNotIdle() throws Exception {
        start("session.ping-interval=100ms", "session.idle-timeout=1s");
        try (EventReader reader = read("/rooms/java/events")) {
            reader.next("joined");
            for (int i = 0; i < 10; i++) { // one a sweep: more than twice the idle time in all
                reader.awaitComment();
            }
            assertThat(server.parley().sessions().openCount()).isEqualTo(1);
        }
    }

    @Test
    void aStopEndsStreamsBehindAByeThatSaysWhenToComeBack() throws Exception {
        start();
        try (EventReader reader = read("/rooms/java/events")) {
            reader.next("joined");
            CompletableFuture<Void> stop = CompletableFuture.runAsync(server::stop, Threads.EACH);
            EventReader.Event bye = reader.next("bye");
            assertThat(Integer.parseInt(bye.retry())).isBetween(500, 8_000);
            assertThat(reader.toEnd()).as("a whole body").isEmpty();
            stop.get();
        }
    }

    @Test
    void aReaderThatStopsReadingIsEndedAndTheOthersReadOn() throws Exception {
        start("session.send-deadline=4s", "listen.send-buffer=16KiB", "limits.commands-per-second=0");
        String text = "x".repeat(60_000);
        try (JsonClient ann = in("java");
                EventReader reading = read("/rooms/java/events");
                EventReader frozen = EventReader.slow(server.port(), "/rooms/java/events", 4 << 10)) {
            reading.next("joined");
            frozen.next("joined");
            CompletableFuture<List<String>> read = CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return reading.messages(40);
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    },
                    Threads.EACH);
            for (int i = 0; i < 40; i++) {
                say(ann, "java", text);
            }
            assertThat(read.get(20, TimeUnit.SECONDS).get(39)).endsWith(":40");
            awaitEnding(Ending.STUCK);
            awaitMembers(2);
            assertThatThrownBy(() -> {
                        while (true) {
                            frozen.next();
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
    }

    @Test
    void whatIsFinalHasAStatusAndWhatIsForNowIsAStreamThatEnds() throws Exception {
        start("limits.connections=1");
        try (EventReader bad = read("/rooms/java/events?after=7")) {
            assertThat(bad.status()).isEqualTo(400);
            assertThat(bad.header("Content-Type")).isEqualTo("application/problem+json");
            assertThat(bad.body()).contains("bad-query", "epoch:seq");
        }
        try (EventReader elsewhere = read("/rooms/java/events", "Origin: https://elsewhere.example")) {
            assertThat(elsewhere.status()).isEqualTo(403);
            assertThat(elsewhere.header("Access-Control-Allow-Origin")).isEmpty();
        }
        try (RawClient in = raw("/echo")) {
            await().until(() -> server.parley().sessions().openCount() == 1);
            EventReader turnedAway = read("/rooms/java/events", "Connection: close");
            assertThat(turnedAway.status()).isEqualTo(200);
            assertThat(turnedAway.header("Content-Type")).isEqualTo("text/event-stream");
            EventReader.Event bye = turnedAway.next();
            assertThat(bye.type()).isEqualTo("bye");
            assertThat(Integer.parseInt(bye.retry())).isBetween(5_000, 10_000);
            assertThat(bye.data()).contains("the server is full");
            assertThat(in).isNotNull();
        }
    }

    /** As a browser does, which shows the id of the last event when it comes back. */
    @ParameterizedTest
    @ValueSource(strings = {"/rooms/java/events?name=Ann", "/events?room=java&room=tea&name=Ann"})
    void aReaderThatWasRemovedIsToldNotToComeBack(String path) throws Exception {
        start();
        EventReader.Event bye;
        try (EventReader reader = read(path)) {
            reader.next("joined");
            server.parley().sessions().removeAll(MemberName.parse("Ann"), "no more");
            bye = reader.next("bye");
            assertThat(bye.data()).contains("no more");
            assertThat(bye.id()).isEqualTo("end");
        }
        try (EventReader again = read(path, "Last-Event-ID: " + bye.id())) {
            assertThat(again.status()).isEqualTo(204);
        }
        for (String parameter : List.of("&lastEventId=end", "&after=end")) {
            try (EventReader again = read(path + parameter)) {
                assertThat(again.status()).as(parameter).isEqualTo(204);
            }
        }
        try (EventReader anew = read(path)) {
            assertThat(anew.status()).isEqualTo(200);
        }
    }

    @Test
    void aPageThatMayConnectMayRead() throws Exception {
        start("origins=https://friend.example");
        try (EventReader reader = read("/rooms/java/events", "Origin: https://friend.example")) {
            assertThat(reader.header("Access-Control-Allow-Origin")).isEqualTo("https://friend.example");
            assertThat(reader.header("Vary")).contains("Origin");
            reader.next("joined");
        }
    }

    @Test
    void aHeadIsAnsweredWithoutAStreamAndOtherMethodsAreRefused() throws Exception {
        start();
        try (EventReader head = EventReader.ask(server.port(), "HEAD", "/rooms/java/events", "HTTP/1.1", 0)) {
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.header("Content-Type")).isEqualTo("text/event-stream");
        }
        try (EventReader post =
                EventReader.ask(server.port(), "POST", "/rooms/java/events", "HTTP/1.1", 0, "Content-Length: 0")) {
            assertThat(post.status()).isEqualTo(405);
            assertThat(post.header("Allow")).contains("GET");
        }
        assertThat(server.parley().sessions().openedCount()).isZero();
    }

    @Test
    void aFullRoomEndsAStreamWithWords() throws Exception {
        start("room.members=1");
        try (JsonClient ann = in("java");
                EventReader reader = read("/rooms/java/events")) {
            assertThat(reader.status()).isEqualTo(200);
            EventReader.Event bye = reader.next("bye");
            assertThat(bye.data()).contains("the room is full");
            assertThatThrownBy(reader::next).isInstanceOf(EOFException.class);
            assertThat(ann.soFar()).isNotNull();
        }
    }
}
