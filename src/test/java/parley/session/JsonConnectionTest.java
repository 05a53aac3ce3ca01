package parley.session;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;
import static parley.testclient.JsonClient.quoted;

import jakarta.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.delivery.FakeTransport;
import parley.delivery.FakeTransport.When;
import parley.protocol.RoomName;
import parley.protocol.Utf8;
import parley.room.Format;
import parley.room.Overflow;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.room.Start;

/** One JSON session over a transport that completes when it is told to. */
class JsonConnectionTest {
    private static final Client CLIENT = new Client("/test", null, Visitor.UNKNOWN);

    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final Deque<Runnable> closing = new ArrayDeque<>();
    private final SessionLimits limits = new SessionLimits(
            1,
            Duration.ofSeconds(10),
            Duration.ofSeconds(25),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            1_000,
            100_000,
            2_000,
            5,
            10,
            0,
            Long.MAX_VALUE,
            0);
    private long now;
    private Runnable whenAskedForTheTime = () -> {};
    private final Sessions sessions = new Sessions(
            limits, turns::add, closing::add, this::now, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
    private final RoomRegistry rooms = new RoomRegistry(
            Samples.limits(1000, 1000, Overflow.DROP_OLDEST, Duration.ZERO), 9, turns::add, Clock.systemUTC());

    private long now() {
        whenAskedForTheTime.run();
        return now;
    }

    private ChatConnection open(FakeTransport transport, String room) {
        return open(sessions, transport, room);
    }

    private ChatConnection open(Sessions in, FakeTransport transport, String room) {
        RoomName name = new RoomName(room);
        return in.openChat(
                CLIENT, transport, rooms, new FirstRoom(name, null, rooms.fix(name, new Start.Last(0))), Format.JSON);
    }

    private static void say(ChatConnection who, String command) {
        String json = quoted(command);
        who.text(json, Utf8.length(json));
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    /** What was sent, a word an event: the type, with the room and the number where there are such. */
    private static List<String> sent(FakeTransport transport) {
        List<String> words = new ArrayList<>();
        for (String frame : transport.sent()) {
            List<String> inFrame = new ArrayList<>();
            for (String line : frame.split("\n")) {
                JsonObject event = parse(line);
                inFrame.add(event.getString("type")
                        + (event.containsKey("room") ? " " + event.getString("room") : "")
                        + (event.containsKey("seq") ? " " + event.getInt("seq") : ""));
            }
            words.add(String.join(", ", inFrame));
        }
        return words;
    }

    private static List<String> since(FakeTransport transport, int frames) {
        return sent(transport).subList(frames, transport.sentCount());
    }

    @Test
    void aBlankFrameMeansNothing() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        ChatConnection client = open(transport, "java");
        int before = transport.sentCount();
        for (String blank : List.of("", " ", "\n", " \r\n\t\n")) {
            say(client, blank);
        }
        assertThat(since(transport, before)).isEmpty();
        say(client, "\n{'type':'ping'}\n\n");
        assertThat(since(transport, before)).containsExactly("pong");
    }

    /** A room that always has more does not keep a quiet one waiting, and neither keeps an answer waiting. */
    @Test
    void answersComeFirstAndRoomsTakeTurns() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        ChatConnection reader = open(transport, "busy");
        ChatConnection talker = open(new FakeTransport(When.INSIDE_SEND, 1), "busy");
        for (String room : List.of("quiet", "other")) {
            say(reader, "{'type':'join','room':'" + room + "'}");
            say(talker, "{'type':'join','room':'" + room + "'}");
        }
        int before = transport.sentCount();
        transport.when = When.LATER;
        say(talker, "{'type':'say','room':'busy','text':'x'}");
        runTurns(); // one frame is in flight now
        for (int i = 0; i < 3; i++) {
            say(talker, "{'type':'say','room':'busy','text':'x'}");
        }
        say(talker, "{'type':'say','room':'quiet','text':'x'}");
        say(talker, "{'type':'say','room':'other','text':'x'}");
        say(reader, "{'type':'ping'}");
        runTurns();
        for (int i = 0; i < 5; i++) {
            transport.completeOne(null);
            say(talker, "{'type':'say','room':'busy','text':'x'}");
            runTurns();
        }
        assertThat(since(transport, before))
                .containsExactly(
                        "message busy 1",
                        "pong",
                        "message quiet 1",
                        "message other 1",
                        "message busy 2, message busy 3, message busy 4, message busy 5, message busy 6, message busy"
                                + " 7",
                        "message busy 8");
    }

    @Test
    void nothingOfARoomComesBeforeItsJoinedOrAfterItsLeft() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        ChatConnection reader = open(transport, "a");
        ChatConnection talker = open(new FakeTransport(When.INSIDE_SEND, 1), "b");
        say(talker, "{'type':'say','room':'b','text':'before'}");
        say(reader, "{'type':'join','room':'b','history':1}");
        say(talker, "{'type':'say','room':'b','text':'now'}");
        runTurns();
        while (transport.completeOne(null)) {
            runTurns();
        }
        say(talker, "{'type':'say','room':'b','text':'not taken'}");
        say(reader, "{'type':'leave','room':'b'}");
        say(talker, "{'type':'say','room':'b','text':'after'}");
        runTurns();
        while (transport.completeOne(null)) {
            runTurns();
        }
        assertThat(String.join("; ", sent(transport)))
                .isEqualTo("welcome, joined a 0; joined b 1; message b 1, message b 2; left b");
    }

    @Test
    void whoDoesNotReadItsAnswersIsClosed() {
        FakeTransport transport = new FakeTransport(When.LATER, 1);
        ChatConnection client = open(transport, "a");
        for (int i = 0; i < 100 && !client.hasEnded(); i++) {
            say(client, "{'type':'ping'}");
        }
        closing.forEach(Runnable::run);
        assertThat(transport.closes()).containsExactly("1013 too slow: read the answers");
        assertThat(rooms.memberCount()).isZero();
    }

    @Test
    void aCommandOverTheRateIsAnsweredAndNotCarriedOut() {
        SessionLimits slow = new SessionLimits(
                limits.inFlight(),
                limits.sendDeadline(),
                limits.pingInterval(),
                limits.idleTimeout(),
                limits.closeTimeout(),
                limits.messageBytes(),
                limits.commandBytes(),
                limits.backlog(),
                limits.rooms(),
                limits.connections(),
                1,
                Long.MAX_VALUE,
                0);
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        ChatConnection client = open(
                new Sessions(
                        slow, turns::add, closing::add, this::now, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE),
                transport,
                "a");
        for (int i = 0; i < 7; i++) {
            say(client, "{'type':'say','room':'a','text':'x'}");
        }
        assertThat(since(transport, 1))
                .containsExactly("ack a 1", "ack a 2", "ack a 3", "ack a 4", "ack a 5", "error a", "error a");
        assertThat(rooms.counts().offered()).isEqualTo(5);
    }

    @Test
    void whoKeepsMakingMistakesForSecondsOnEndIsClosed() {
        FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
        ChatConnection client = open(transport, "a");
        for (int i = 0; i < 101; i++) {
            say(client, "nonsense");
        }
        for (int i = 0; i < 49; i++) {
            now += 100_000_000;
            say(client, "nonsense\n".repeat(3));
        }
        assertThat(client.hasEnded()).as("for less than five seconds").isFalse();
        now += 100_000_000;
        say(client, "nonsense\n".repeat(3));
        closing.forEach(Runnable::run);
        assertThat(transport.closes()).containsExactly("1008 flooding: too many errors a second");
    }

    @Test
    void whoEndsLeavesEveryRoom() {
        ChatConnection client = open(new FakeTransport(When.LATER, 1), "a");
        say(client, "{'type':'join','room':'b'}\n{'type':'join','room':'c'}");
        assertThat(rooms.memberCount()).isEqualTo(3);
        client.gone(1000);
        assertThat(rooms.memberCount()).isZero();
        say(client, "{'type':'join','room':'d'}");
        assertThat(rooms.memberCount()).isZero();
    }

    /** What is acknowledged has to be delivered; so nobody is answered any more when the first is told good-bye. */
    @Test
    void byeIsTheLastEventAndNobodyIsAcknowledgedAfterTheFirst() throws Exception {
        FakeTransport[] transports = {new FakeTransport(When.INSIDE_SEND, 1), new FakeTransport(When.INSIDE_SEND, 1)};
        ChatConnection[] clients = {open(transports[0], "a"), open(transports[1], "a")};
        int[] left = {10}; // so that it ends where they are answered
        for (int i = 0; i < 2; i++) {
            transports[i].onSend = words -> {
                if (left[0]-- > 0) {
                    for (ChatConnection client : clients) {
                        say(client, "{'type':'say','room':'a','text':'late'}\n{'type':'ping'}");
                    }
                    runTurns();
                }
            };
        }
        sessions.endAll(Duration.ZERO, Duration.ZERO);
        for (FakeTransport transport : transports) {
            assertThat(sent(transport).get(0)).isEqualTo("welcome, joined a 0");
            assertThat(sent(transport).subList(1, transport.sentCount())).containsExactly("bye");
        }
        assertThat(rooms.counts().offered()).isZero();
    }

    @Test
    void aShutdownSaysByeBehindWhatIsInFlight() throws Exception {
        FakeTransport slow = new FakeTransport(When.LATER, 1);
        open(slow, "a");
        whenAskedForTheTime = () -> {
            now += 10_000_000;
            if (sessions.isLeaving()) { // it waits, for the last word to be taken
                slow.completeOne(null);
            }
        };
        sessions.endAll(Duration.ZERO, Duration.ZERO);
        assertThat(sent(slow)).containsExactly("welcome, joined a 0", "bye");
        closing.forEach(Runnable::run);
        assertThat(slow.closes()).containsExactly("1001 shutdown; retry 500-8000 ms");
    }
}
