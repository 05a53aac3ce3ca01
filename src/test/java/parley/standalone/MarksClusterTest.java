package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import org.awaitility.Awaitility;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;

/** Read marks in a cluster: two nodes with a real NATS. */
class MarksClusterTest extends ServerBase {
    @TempDir
    private Path folder;

    private NatsServer nats;
    private Server other;

    @BeforeEach
    void startNodes() throws Exception {
        nats = NatsServer.start(folder);
        startNode();
        other = server;
        startNode();
    }

    private void startNode() throws Exception {
        start(
                "nats.url=" + nats.url(),
                "access.mode=token",
                "access.secret=" + SECRET,
                "room.marks-shown=members",
                "room.linger=0s");
    }

    @AfterEach
    void stopNats() throws Exception {
        server.stop(); // before what it stores in
        other.stop();
        nats.close();
    }

    private static JsonClient client(Server node, String user) throws Exception {
        return client(node, user, "java");
    }

    private static JsonClient client(Server node, String user, String room) throws Exception {
        JwtClaims claims = claims(user, "java", "tea", "lobby");
        claims.setSubject(user);
        return new JsonClient("ws://127.0.0.1:" + node.port() + "/chat/" + room + "?token=" + token(claims));
    }

    /** Says something in both rooms in turn, which share their numbers; returns those of java. */
    private static List<Long> say(JsonClient client, int messages) throws Exception {
        List<Long> numbers = new java.util.ArrayList<>();
        client.ask("{'type':'join','room':'tea'}");
        for (int i = 0; i < messages; i++) {
            numbers.add(client.ask("{'type':'say','room':'java','text':'m'}")
                    .getJsonNumber("seq")
                    .longValue());
            client.ask("{'type':'say','room':'tea','text':'m'}");
        }
        return numbers;
    }

    @Test
    void aMarkIsToldOnAllNodesAndGivenBackOnAnyAlsoAfterAllNodesAndNatsWereStartedAgain() throws Exception {
        List<Long> numbers;
        try (JsonClient ann = client(server, "ann");
                JsonClient tab = client(other, "ann");
                JsonClient bob = client(other, "bob")) {
            tab.next("joined");
            bob.next("joined");
            numbers = say(bob, 8);
            long fifth = numbers.get(4);
            // Seen on the other node, perhaps before it has come here.
            JsonObject ack = ann.ask("{'type':'mark','room':'java','seq':" + fifth + "}");
            assertThat(ack.getJsonNumber("seq").longValue()).isEqualTo(fifth);
            for (JsonClient one : List.of(ann, tab)) {
                JsonObject told = one.next("mark");
                assertThat(told.getJsonNumber("mark").longValue()).isEqualTo(fifth);
            }
            JsonObject lower = tab.ask("{'type':'mark','room':'java','seq':" + numbers.get(1) + "}");
            assertThat(lower.getJsonNumber("seq").longValue()).isEqualTo(fifth);
            try (JsonClient next = client(other, "ann")) {
                JsonObject joined = next.next("joined");
                assertThat(joined.getJsonNumber("mark").longValue()).isEqualTo(fifth);
                assertThat(joined.getInt("unread")).isEqualTo(3);
            }
            long last = numbers.get(7);
            JsonObject beyond = tab.ask("{'type':'mark','room':'java','seq':999999}");
            assertThat(beyond.getJsonNumber("seq").longValue()).isEqualTo(last);
            JsonObject told = ann.next("mark");
            assertThat(told.getJsonNumber("mark").longValue()).isEqualTo(last);
            assertThat(told.getInt("unread")).isZero();
            try (JsonClient next = client(server, "bob")) {
                assertThat(next.next("joined")).doesNotContainKey("mark");
            }
        }
        server.stop();
        other.stop();
        nats.close();
        nats.start();
        startNode();
        other = server;
        try (JsonClient ann = client(server, "ann")) {
            JsonObject joined = ann.next("joined");
            assertThat(joined.getJsonNumber("mark").longValue()).isEqualTo(numbers.get(7));
            assertThat(joined.getInt("unread")).isZero();
        }
    }

    /** Reads events until one has such an entry. */
    private static void await(JsonClient client, String type, String list, Predicate<JsonObject> wanted)
            throws Exception {
        boolean isThere = false;
        while (!isThere) {
            JsonObject event = type.equals("presence") ? client.presence() : client.next(type);
            isThere = event.containsKey(list)
                    && event.getJsonArray(list).getValuesAs(JsonObject.class).stream()
                            .anyMatch(wanted);
        }
    }

    private static Predicate<JsonObject> watched(long mark, int unread) {
        return room -> room.getString("room").equals("java")
                && room.containsKey("mark")
                && room.getJsonNumber("mark").longValue() == mark
                && room.getInt("unread", -1) == unread;
    }

    @Test
    void whoWatchesOnAnotherNodeAndMembersThereHearOfIt() throws Exception {
        try (JsonClient ann = client(server, "ann");
                JsonClient tab = client(other, "ann", "lobby")) {
            List<Long> numbers = say(ann, 8);
            ann.ask("{'type':'mark','room':'java','seq':" + numbers.get(2) + "}");
            tab.ask("{'type':'watch','rooms':['java'],'marks':true}");
            await(tab, "watched", "rooms", watched(numbers.get(2), 5));
            ann.ask("{'type':'mark','room':'java','seq':" + numbers.get(5) + "}");
            await(tab, "watched", "rooms", watched(numbers.get(5), 2));
            try (JsonClient bob = client(other, "bob")) {
                bob.next("joined");
                Awaitility.await().until(() -> hasRead(bob, numbers.get(5)));
                ann.ask("{'type':'mark','room':'java','seq':" + numbers.get(7) + "}");
                await(bob, "presence", "members", member -> hasRead(member, numbers.get(7)));
            }
        }
    }

    private static boolean hasRead(JsonClient asking, long seq) throws Exception {
        return asking.ask("{'type':'who','room':'java'}").getJsonArray("members").getValuesAs(JsonObject.class).stream()
                .anyMatch(member -> hasRead(member, seq));
    }

    private static boolean hasRead(JsonObject member, long seq) {
        return member.getString("user", "").equals("ann")
                && member.containsKey("read")
                && member.getJsonNumber("read").longValue() == seq;
    }

    @Test
    void ofMarksOnTwoNodesAtTheSameTimeTheFurthestHolds() throws Exception {
        try (JsonClient ann = client(server, "ann");
                JsonClient tab = client(other, "ann");
                JsonClient bob = client(other, "bob")) {
            List<Long> numbers = say(bob, 30);
            for (int i = 0; i < 29; i++) {
                ann.send(JsonClient.quoted("{'type':'mark','room':'java','seq':" + numbers.get(i) + "}"));
                tab.send(JsonClient.quoted("{'type':'mark','room':'java','seq':" + numbers.get(28 - i) + "}"));
            }
            for (JsonClient one : List.of(ann, tab)) {
                JsonObject ack = one.ask("{'type':'mark','room':'java','seq':1}");
                assertThat(ack.getJsonNumber("seq").longValue()).isEqualTo(numbers.get(28));
                JsonObject told = one.next("mark");
                while (told.getJsonNumber("mark").longValue() < numbers.get(28)) {
                    long before = told.getJsonNumber("mark").longValue();
                    told = one.next("mark");
                    assertThat(told.getJsonNumber("mark").longValue()).isGreaterThanOrEqualTo(before);
                }
                assertThat(told.getInt("unread")).isOne();
            }
        }
    }
}
