package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import parley.access.Grant;
import parley.delivery.FakeTransport;
import parley.delivery.FakeTransport.When;
import parley.protocol.EventId;
import parley.protocol.RoomName;
import parley.room.Overflow;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.room.Start;

/** Sessions that read event streams, with a clock that stands still and tasks that the test runs. */
class EventsConnectionTest {
    private static final Client CLIENT = new Client("/test", null, Visitor.UNKNOWN);
    private static final long SECOND = 1_000_000_000L;

    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final Deque<Runnable> closing = new ArrayDeque<>();
    private static final StreamTerms TERMS = new StreamTerms(Duration.ofSeconds(2), 200, null);

    private final FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);
    private long now;

    private final SessionLimits limits = new SessionLimits(
            1,
            Duration.ofSeconds(10),
            Duration.ofSeconds(25),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            1_000,
            2_000,
            1_000,
            5,
            3,
            0,
            Long.MAX_VALUE,
            0);
    private final Sessions sessions = new Sessions(
            limits, turns::add, closing::add, () -> now, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
    private RoomRegistry rooms = rooms(Overflow.DROP_OLDEST, 3);

    private RoomRegistry rooms(Overflow overflow, int most) {
        return new RoomRegistry(
                Samples.limits(100, 0, overflow, Duration.ofMinutes(1)), most, turns::add, Clock.systemUTC());
    }

    private EventsConnection open(Client client, Start start, String... names) {
        List<FirstRoom> first = Stream.of(names)
                .map(RoomName::new)
                .map(name -> new FirstRoom(name, null, rooms.fix(name, start)))
                .toList();
        EventsConnection opened = sessions.openEvents(client, transport, rooms, first, TERMS);
        run(turns);
        return opened;
    }

    private EventsConnection open(String... names) {
        return open(CLIENT, new Start.Last(0), names);
    }

    private void publish(String room, String text) {
        rooms.publish(new RoomName(room), Samples.line(null, text), outcome -> {});
        run(turns);
    }

    private static void run(Deque<Runnable> tasks) {
        while (!tasks.isEmpty()) {
            tasks.poll().run();
        }
    }

    private void sweepAfter(Duration time) {
        now += time.toNanos();
        sessions.sweep();
        run(turns);
        run(closing);
    }

    /** Each event that was sent: its type, and its id without the epochs, which are random. */
    private List<String> sent() {
        List<String> all = new ArrayList<>();
        for (String frame : transport.sent()) {
            for (String event : frame.split("\n\n")) {
                String type = "message";
                String id = "";
                for (String line : event.split("\n")) {
                    type = line.startsWith("event: ") ? line.substring(7) : type;
                    id = line.startsWith("id: ") ? " " + line.substring(4).replaceAll("(^|=)[^:=,]+:", "$1") : id;
                }
                all.add(event.equals("PING") ? "PING" : type + id);
            }
        }
        return all;
    }

    private String last() {
        return transport.sent().get(transport.sentCount() - 1);
    }

    private static String line(String event, String field) {
        return Stream.of(event.split("\n"))
                .filter(line -> line.startsWith(field + ": "))
                .map(line -> line.substring(field.length() + 2))
                .findFirst()
                .orElse("");
    }

    @Test
    void aStreamSaysWhenToComeBackThenThatTheClientIsInThenEachMessage() {
        open("java");
        publish("java", "hello");
        assertThat(sent()).containsExactly("welcome", "joined 0", "message 1");
        assertThat(Integer.parseInt(line(transport.sent().get(0), "retry"))).isBetween(1_000, 3_000);
        assertThat(line(last(), "data"))
                .contains("\"type\":\"message\",\"room\":\"java\",\"seq\":1")
                .contains("hello");
    }

    @Test
    void oneThatComesBackGoesOnBehindTheLastEventItHas() {
        EventsConnection first = open("java");
        publish("java", "one");
        publish("java", "two");
        String id = line(last(), "id");
        first.failed(new IOException("gone"));
        publish("java", "three");
        int before = sent().size();

        EventId.Position at =
                EventId.parse(id, List.of(new RoomName("java"))).orElseThrow().get(new RoomName("java"));
        open(CLIENT, new Start.After(at.epoch(), at.seq()), "java");

        assertThat(sent().subList(before, sent().size())).containsExactly("welcome", "joined 2", "message 3");
        assertThat(transport.sent().toString()).contains("\"recovered\":true");
    }

    /** The id of its joined is where it began: cut before any message came, it misses none. */
    @Test
    void oneThatIsCutBehindItsJoinedHasAPositionAlready() {
        publish("java", "one");
        publish("java", "two");
        open(CLIENT, new Start.Last(1), "java");
        assertThat(sent()).containsExactly("welcome", "joined 1", "message 2");
    }

    @Test
    void inSeveralRoomsEachIdHasThePositionsInAllThatItIsIn() {
        open("a", "b");
        publish("b", "one");
        publish("a", "two");
        publish("b", "three");
        assertThat(sent())
                .containsExactly(
                        "welcome",
                        "joined a=0,b=0",
                        "joined a=0,b=0",
                        "message a=0,b=1",
                        "message a=1,b=1",
                        "message a=1,b=2");
        assertThat(rooms.memberCount()).isEqualTo(2);
    }

    @Test
    void severalRoomsResumeFromOneId() {
        open("a", "b").failed(new IOException("gone"));
        publish("a", "one");
        publish("b", "two");
        String id = line(last(), "id");
        open("a", "b").failed(new IOException("gone"));
        id = line(last(), "id");
        publish("a", "three");
        int before = sent().size();

        List<RoomName> names = List.of(new RoomName("a"), new RoomName("b"));
        var positions = EventId.parse(id, names).orElseThrow();
        List<FirstRoom> first = names.stream()
                .map(name -> new FirstRoom(
                        name,
                        null,
                        new Start.After(
                                positions.get(name).epoch(), positions.get(name).seq())))
                .toList();
        sessions.openEvents(CLIENT, transport, rooms, first, TERMS);
        run(turns);

        assertThat(sent().subList(before, sent().size()))
                .as("each of them a position in both rooms, also before it has heard of both")
                .containsExactly("welcome", "joined a=1,b=1", "message a=2,b=1", "joined a=2,b=1");
    }

    @Test
    void aReaderIsNeverIdleAndGetsCommentsMoreOftenThanPingsWhereThoseAreRare() {
        EventsConnection reader = open("java");
        for (int i = 0; i < 30; i++) {
            sweepAfter(Duration.ofSeconds(15));
        }
        assertThat(reader.hasEnded()).isFalse();
        assertThat(sent()).filteredOn("PING"::equals).hasSize(30);
    }

    @Test
    void aReaderThatTakesNothingIsEndedAtTheSendDeadline() {
        transport.when = When.LATER;
        EventsConnection reader = open("java");
        sweepAfter(Duration.ofSeconds(1));
        sweepAfter(Duration.ofSeconds(10));
        assertThat(reader.hasEnded()).isTrue();
        assertThat(sessions.endedCount(Ending.STUCK)).isEqualTo(1);
        assertThat(rooms.memberCount()).isZero();
    }

    @Test
    void aSlowReaderIsEndedWhereTheRoomDisconnects() {
        rooms = rooms(Overflow.DISCONNECT, 3);
        EventsConnection reader = open("java");
        transport.when = When.LATER;
        publish("java", "under way");
        publish("java", "waits");
        sweepAfter(Duration.ofSeconds(1));
        sweepAfter(Samples.SLOW_AFTER.plusSeconds(1));
        assertThat(reader.hasEnded()).isTrue();
        assertThat(sessions.endedCount(Ending.BEHIND)).isEqualTo(1);
    }

    @Test
    void aClientThatGoesHasLeft() {
        open("java").failed(new IOException("reset"));
        assertThat(sessions.endedCount(Ending.LEFT)).isEqualTo(1);
        assertThat(rooms.memberCount()).isZero();
    }

    @Test
    void aTokensEndEndsTheStreamWithWordsAndTheNextRequestHearsWhy() {
        Grant overSoon = new Grant(null, Grant.ANYONE.read(), List.of(), List.of(), false, 1);
        open(new Client("/test", null, new Visitor(null, null, overSoon)), new Start.Last(0), "java");
        sweepAfter(Duration.ofSeconds(1));
        assertThat(transport.closes()).hasSize(1);
        assertThat(transport.closes().get(0)).contains("event: bye\ndata: ").contains("token expired");
    }

    @Test
    void aServerThatStopsSaysByeWithARandomTimeToComeBackAndSaysItOnce() throws Exception {
        open("java");
        publish("java", "last");
        sessions.endAll(Duration.ZERO, Duration.ZERO);
        run(closing);
        assertThat(sent()).endsWith("message 1", "bye");
        assertThat(Integer.parseInt(line(last(), "retry"))).isBetween(500, 8_000);
        assertThat(line(last(), "data"))
                .isEqualTo("{\"type\":\"bye\",\"reason\":\"shutdown\",\"retry\":{\"min\":500,\"max\":8000}}");
        assertThat(transport.closes()).containsExactly("1001 ");
    }

    @Test
    void aReaderForWhichThereIsNoRoomIsToldWhenToTryAgain() {
        rooms = rooms(Overflow.DROP_OLDEST, 1);
        EventsConnection reader = open("a", "b");
        run(closing);
        assertThat(reader.hasEnded()).isTrue();
        assertThat(sessions.endedCount(Ending.TOO_MANY_ROOMS)).isEqualTo(1);
        assertThat(rooms.memberCount()).isZero();
        String bye = transport.closes().get(0);
        assertThat(bye).contains("event: bye").contains("too many rooms");
        assertThat(bye).containsPattern("retry: ([5-9]\\d{3}|10000)\n");
    }

    @Test
    void whoIsTurnedAwayGetsAStreamThatSaysWhenToComeBack() throws Exception {
        String busy = sessions.turnAway("the server is full");
        assertThat(busy).containsPattern("^retry: ([5-9]\\d{3}|10000)\nevent: bye\ndata: \\{.*the server is full");
        sessions.endAll(Duration.ZERO, Duration.ZERO);
        assertThat(Integer.parseInt(line(sessions.turnAway("shutting down"), "retry")))
                .isBetween(500, 8_000);
    }
}
