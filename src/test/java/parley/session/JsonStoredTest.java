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
import parley.room.FakeStore;
import parley.room.Format;
import parley.room.Outcome;
import parley.room.Overflow;
import parley.room.RoomLimits;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.room.Start;

/**
 * A JSON session in rooms whose store takes its time: it gives commands without waiting, and the answers are in their
 * order.
 */
class JsonStoredTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private long now;
    private final FakeStore store = new FakeStore();
    private final RoomLimits limits = Samples.stored(10, 5, Overflow.DROP_OLDEST, 100);
    private final RoomRegistry rooms = new RoomRegistry(
            limits, name -> limits, 9, name -> store, 1 << 20, (took, since) -> {}, turns::add, Clock.systemUTC());
    private final Sessions sessions = new Sessions(
            new SessionLimits(
                    1,
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(25),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(5),
                    1_000,
                    100_000,
                    100_000,
                    5,
                    1_000,
                    0,
                    Long.MAX_VALUE,
                    0),
            turns::add,
            task -> {},
            () -> now,
            Clock.systemUTC(),
            Renewal.NONE,
            AddressLimit.NONE);
    private final FakeTransport transport = new FakeTransport(When.INSIDE_SEND, 1);

    private ChatConnection open(Format format) {
        return sessions.openChat(
                new Client("/test", null, Visitor.UNKNOWN),
                transport,
                rooms,
                new FirstRoom(RoomName.LOBBY, null, rooms.fix(RoomName.LOBBY, new Start.Last(0))),
                format);
    }

    private static void say(ChatConnection who, String... commands) {
        String json = quoted(String.join("\n", commands));
        who.text(json, Utf8.length(json));
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private List<JsonObject> events() {
        List<JsonObject> events = new ArrayList<>();
        for (String frame : transport.sent()) {
            for (String line : frame.split("\n")) {
                events.add(parse(line));
            }
        }
        return events;
    }

    private List<String> types() {
        return events().stream().map(event -> event.getString("type")).toList();
    }

    /** What commands were answered, and how. */
    private List<String> answers() {
        return events().stream()
                .filter(event -> event.containsKey("ref"))
                .map(event -> event.getInt("ref") + " " + event.getString("type"))
                .toList();
    }

    @Test
    void answersAreInTheOrderOfTheCommandsHoweverLongTheStoreTakes() {
        store.keep(3);
        ChatConnection connection = open(Format.JSON);
        say(
                connection,
                "{'type':'say','room':'lobby','text':'a','ref':1}",
                "{'type':'ping','ref':2}",
                "{'type':'history','room':'lobby','ref':3}",
                "{'type':'join','room':'lobby','ref':4}",
                "{'type':'say','room':'lobby','text':'b','ref':5}",
                "{'type':'nonsense','ref':6}",
                "{'type':'leave','room':'lobby','ref':7}",
                "{'type':'ping','ref':8}");
        runTurns();
        assertThat(types()).as("joined comes first, and is to come").containsExactly("welcome");
        while (!store.toDo.isEmpty()) {
            store.toDo.poll().run();
            runTurns();
            assertThat(answers())
                    .isEqualTo(
                            List.of("1 ack", "2 pong", "3 history", "4 joined", "5 ack", "6 error", "7 left", "8 pong")
                                    .subList(0, answers().size()));
        }
        assertThat(answers()).hasSize(8);
        assertThat(types()).startsWith("welcome", "joined");
    }

    @Test
    void aValueThatIsExpectedInAnotherHistoryIsNotCompared() {
        ChatConnection connection = open(Format.JSON);
        say(
                connection,
                "{'type':'say','room':'lobby','key':'k','text':'a','if':1,'epoch':'another','ref':1}",
                "{'type':'remove','room':'lobby','key':'k','if':1,'epoch':'another','ref':2}");
        while (!store.toDo.isEmpty()) {
            store.toDo.poll().run();
        }
        runTurns();
        assertThat(events().stream()
                        .filter(event -> event.containsKey("ref"))
                        .map(event -> event.getString("code"))
                        .toList())
                .containsExactly("other-epoch", "other-epoch");
    }

    @Test
    void nothingOfARoomComesBeforeItsJoined() {
        store.keep(3);
        ChatConnection connection = open(Format.JSON);
        say(connection, "{'type':'say','room':'lobby','text':'a','ref':1}");
        rooms.sweep(1);
        rooms.sweep(1_000_000_000_000L); // presence is due
        runTurns();
        assertThat(types()).containsExactly("welcome");
        store.run();
        runTurns();
        assertThat(types().subList(0, 2)).containsExactly("welcome", "joined");
        assertThat(types()).contains("ack", "message");
    }

    @Test
    void aMessageThatIsNotKeptIsAnsweredSo() {
        ChatConnection connection = open(Format.JSON);
        store.failure = new Outcome.NotKept("say it again later, with the same id");
        say(connection, "{'type':'say','room':'lobby','text':'a','ref':1}");
        store.run();
        runTurns();
        JsonObject error = events().get(2);
        assertThat(error.getString("code")).isEqualTo("unavailable");
        assertThat(error.getString("reason")).isEqualTo(store.failure.reason());
        assertThat(connection.hasEnded()).isFalse();
    }

    @Test
    void aRoomThatCannotBeReadIsAnsweredSoAndMayBeAskedForAgain() {
        ChatConnection connection = open(Format.JSON);
        store.run();
        store.isBroken = true;
        say(
                connection,
                "{'type':'join','room':'other','ref':1}",
                "{'type':'join','room':'other','ref':2}",
                "{'type':'ping','ref':3}");
        store.run();
        runTurns();
        assertThat(answers()).containsExactly("1 error", "2 error", "3 pong");
        assertThat(events().get(2).getString("code")).isEqualTo("unavailable");
        say(connection, "{'type':'say','room':'other','text':'a','ref':4}");
        store.isBroken = false;
        say(connection, "{'type':'join','room':'other','ref':5}");
        store.run();
        runTurns();
        assertThat(answers()).endsWith("4 error", "5 joined");
        assertThat(connection.hasEnded()).isFalse();
    }

    @Test
    void aConnectionToARoomThatCannotBeReadIsClosed() {
        store.isBroken = true;
        ChatConnection json = open(Format.JSON);
        ChatConnection plain = open(Format.PLAIN);
        store.run();
        runTurns();
        assertThat(List.of(json.hasEnded(), plain.hasEnded())).containsOnly(true);
        assertThat(sessions.endedCount(Ending.NOT_KEPT)).isEqualTo(2);
    }

    /** One client is not to take the thread that reads from all others. */
    @Test
    void soManyPagesAreReadForOneAtATime() {
        ChatConnection connection = open(Format.JSON);
        store.run();
        for (int ref = 1; ref <= 20; ref++) {
            say(connection, "{'type':'history','room':'lobby','ref':" + ref + "}");
        }
        assertThat(answers()).hasSize(20).allMatch(answer -> answer.endsWith("history"));
        ChatConnection other = open(Format.JSON);
        for (int ref = 1; ref <= 20; ref++) {
            say(other, "{'type':'join','room':'new','ref':0}", "{'type':'history','room':'new','ref':" + ref + "}");
        }
        store.run();
        runTurns();
        assertThat(answers().stream().filter(answer -> answer.endsWith("history")))
                .as("and 20 from before")
                .hasSize(36);
        assertThat(answers().stream().filter(answer -> answer.endsWith("error")))
                .hasSize(4);
    }

    @Test
    void whoKeepsAskingToComeIntoAFullRoomIsClosed() {
        for (int i = 0; i < limits.members(); i++) {
            open(Format.PLAIN);
        }
        ChatConnection connection = sessions.openChat(
                new Client("/test", null, Visitor.UNKNOWN),
                transport,
                rooms,
                new FirstRoom(new RoomName("other"), null, rooms.fix(new RoomName("other"), new Start.Last(0))),
                Format.JSON);
        store.run();
        for (int i = 0; i < 1_000 && !connection.hasEnded(); i++) {
            now += 10_000_000;
            say(connection, "{'type':'join','room':'lobby','ref':1}");
            runTurns();
        }
        assertThat(sessions.endedCount(Ending.TOO_MANY_ERRORS)).isOne();
    }

    /** It is the last word: what was acknowledged behind it would be said again elsewhere. */
    @Test
    void byeWaitsForAnswersThatAreToCome() {
        ChatConnection connection = open(Format.JSON);
        store.run();
        say(connection, "{'type':'say','room':'lobby','text':'a','ref':1}");
        connection.sayBye();
        runTurns();
        assertThat(types()).doesNotContain("bye");
        store.run();
        runTurns();
        assertThat(types()).endsWith("ack", "bye");
    }

    /** There are no words for it. */
    @Test
    void aPlainConnectionWhoseMessageIsNotKeptIsClosed() {
        ChatConnection connection = open(Format.PLAIN);
        store.failure = new Outcome.NotKept("say it again later");
        connection.text("a", 1);
        store.run();
        runTurns();
        assertThat(connection.hasEnded()).isTrue();
        assertThat(sessions.endedCount(Ending.NOT_KEPT)).isOne();
    }

    /** Its answer comes when it has gone. */
    @Test
    void whoGoesBeforeTheStoreAnswersLeavesNothingBehind() {
        ChatConnection connection = open(Format.JSON);
        say(connection, "{'type':'say','room':'lobby','text':'a','ref':1}");
        connection.gone(1006);
        store.run();
        runTurns();
        rooms.sweep(1);
        rooms.sweep(2);
        store.run();
        assertThat(rooms.roomCount()).isZero();
        assertThat(rooms.memberCount()).isZero();
        assertThat(rooms.counts().published()).isOne();
        assertThat(rooms.counts().offered()).isZero();
        assertThat(types()).containsExactly("welcome");
    }
}
