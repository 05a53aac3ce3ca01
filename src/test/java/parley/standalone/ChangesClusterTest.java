package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.nats.client.Connection;
import io.nats.client.JetStreamApiException;
import io.nats.client.JetStreamManagement;
import io.nats.client.Nats;
import io.nats.client.api.MessageInfo;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import parley.client.ClientRoom;
import parley.client.Joining;
import parley.client.ParleyClient;
import parley.client.RoomCallbacks;
import parley.client.RoomMessage;
import parley.testclient.ClientThreads;
import parley.testclient.CutLine;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;

/** Messages that are edited and removed in a cluster: nodes in one process, with a real NATS. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class ChangesClusterTest extends HttpBase {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String SECRET = "a-secret-that-is-nowhere-to-be-found";
    /** More with {@code -Dparley.change-cuts=300}. */
    private static final int CUTS = Integer.getInteger("parley.change-cuts", 12);

    @TempDir
    private Path folder;

    private NatsServer nats;
    private final List<Server> nodes = new ArrayList<>();

    @BeforeEach
    void startNats() throws Exception {
        nats = NatsServer.start(folder);
    }

    @AfterEach
    void stopAll() throws Exception {
        nodes.forEach(Server::stop); // before what they store in
        nats.close();
    }

    private void startNodes(int count, String... more) throws Exception {
        for (int i = 0; i < count; i++) {
            startNode(nats.url(), more);
        }
    }

    private Server startNode(String url, String... more) throws Exception {
        List<String> settings = new ArrayList<>(List.of(more));
        settings.addAll(List.of("nats.url=" + url, "nats.streams=1", "access.api-key=" + KEY));
        start(settings.toArray(new String[0]));
        nodes.add(server);
        return server;
    }

    private JsonClient client(int node, String path) {
        return new JsonClient("ws://127.0.0.1:" + nodes.get(node).port() + path);
    }

    private static long say(JsonClient client, String text) throws Exception {
        return seq(client.ask("{'type':'say','room':'java','text':'" + text + "'}"));
    }

    private static long edit(JsonClient client, long seq, String text) throws Exception {
        return seq(client.ask("{'type':'edit','room':'java','seq':" + seq + ",'text':'" + text + "'}"));
    }

    private static long remove(JsonClient client, long seq) throws Exception {
        return seq(client.ask("{'type':'remove','room':'java','seq':" + seq + "}"));
    }

    private static long seq(JsonObject ack) {
        assertThat(ack.getString("type")).as("%s", ack).isEqualTo("ack");
        return ack.getJsonNumber("seq").longValue();
    }

    @Test
    void valuesOfKeysAreRefusedInACluster() throws Exception {
        startNodes(1);
        try (JsonClient client = client(0, "/chat/java")) {
            for (String command : List.of(
                    "{'type':'say','room':'java','key':'k','text':'v'}",
                    "{'type':'remove','room':'java','key':'k'}",
                    "{'type':'join','room':'tea','state':true}")) {
                assertThat(client.ask(command).getString("code")).as(command).isEqualTo("not-implemented");
            }
        }
        assertThat(get("/rooms/java/state").status()).isEqualTo(501);
        assertThat(get("/rooms/java/state/k").status()).isEqualTo(501);
    }

    private static List<String> history(JsonClient client) throws Exception {
        return client
                .ask("{'type':'history','room':'java'}")
                .getJsonArray("messages")
                .getValuesAs(JsonObject.class)
                .stream()
                .map(ChangesClusterTest::said)
                .toList();
    }

    private static String said(JsonObject message) {
        String of = message.containsKey("changes") ? message.getJsonNumber("changes") + "=" : "";
        return of + (message.getBoolean("removed", false) ? "removed" : message.getString("text"));
    }

    private static List<String> next(JsonClient client, int count) throws Exception {
        List<String> next = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            next.add(said(client.nextMessageOrGap()));
        }
        return next;
    }

    @Test
    void aChangeOnOneNodeIsHeardOnTheOthersAndReadByWhoeverComesLater() throws Exception {
        startNodes(3);
        String epoch;
        String eventId;
        long one;
        long two;
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben")) {
            epoch = ann.next("joined").getString("epoch");
            one = say(ann, "one");
            two = say(ann, "two");
            try (EventReader reader =
                    EventReader.open(nodes.get(1).port(), "/rooms/java/events?after=" + epoch + ":0")) {
                eventId = reader.messages(2).get(1);
            }
            say(ann, "three");
            assertThat(next(ben, 3)).containsExactly("one", "two", "three");
            edit(ann, one, "uno");
            long edit = edit(ann, one, "eins");
            long removal = remove(ann, two);
            assertThat(next(ben, 3)).containsExactly(one + "=uno", one + "=eins", two + "=removed");
            assertThat(history(ben)).containsExactly("eins", "removed", "three");
            assertThat(remove(ann, two)).as("once more").isEqualTo(removal);
            assertThat(edit).isLessThan(removal);
            assertThat(ann.ask("{'type':'edit','room':'java','seq':" + two + ",'text':'x'}")
                            .getString("code"))
                    .isEqualTo("not-found");
            assertThat(ben.ask("{'type':'edit','room':'java','seq':" + one + ",'text':'x'}")
                            .getString("code"))
                    .isEqualTo("forbidden");
        }
        // The third node opens the room only now.
        try (JsonClient fresh = client(2, "/chat/java?name=Cat&history=3");
                JsonClient away = client(2, "/chat/java?name=Dan&epoch=" + epoch + "&after=" + two)) {
            assertThat(history(fresh)).containsExactly("eins", "removed", "three");
            JsonObject joined = away.next("joined");
            assertThat(joined.getBoolean("recovered")).isTrue();
            assertThat(next(away, 3)).containsExactly("three", one + "=eins", two + "=removed");
            try (JsonClient resumed = client(2, "/chat/java?name=Eve&epoch=" + epoch + "&after=0")) {
                assertThat(resumed.next("joined").getBoolean("recovered"))
                        .as("nothing is gone")
                        .isTrue();
                assertThat(next(resumed, 5))
                        .containsExactly("eins", "removed", "three", one + "=eins", two + "=removed");
            }
        }
        try (EventReader reader =
                EventReader.open(nodes.get(2).port(), "/rooms/java/events", "Last-Event-ID: " + eventId)) {
            assertThat(reader.next("joined").data()).contains("\"recovered\":true");
            List<String> events = new ArrayList<>();
            while (events.size() < 3) {
                EventReader.Event event = reader.next();
                if (event.type().equals("message")) {
                    events.add(said(JsonClient.parse(event.data())));
                }
            }
            assertThat(events).containsExactly("three", one + "=eins", two + "=removed");
        }
    }

    @Test
    void messagesAreChangedOverHttpAtAnyNode() throws Exception {
        startNodes(2);
        server = nodes.get(0);
        int one = post("java", "{'text':'one'}").json().getInt("seq");
        int two = post("java", "{'text':'two'}").json().getInt("seq");
        server = nodes.get(1);
        String[] json = {"Content-Type", "application/json"};
        String edit = "{\"text\":\"uno\",\"id\":\"e\"}";
        Got edited = ask("PATCH", "/rooms/java/messages/" + one, edit, json);
        assertThat(edited.status()).as(edited.body()).isEqualTo(200);
        Got again = ask("PATCH", "/rooms/java/messages/" + one, edit, json);
        assertThat(again.body()).contains("\"duplicate\":true");
        assertThat(again.json().getInt("seq")).isEqualTo(edited.json().getInt("seq"));
        assertThat(ask("DELETE", "/rooms/java/messages/" + two, null).status()).isEqualTo(200);
        assertThat(ask("DELETE", "/rooms/java/messages/" + two, null).body()).contains("\"duplicate\":true");
        assertThat(ask("DELETE", "/rooms/java/messages/999", null).status()).isEqualTo(404);
        for (Server node : nodes) {
            server = node;
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(get("/rooms/java/messages").body())
                            .contains("\"uno\"", "\"removed\":true")
                            .doesNotContain("\"one\"", "\"two\""));
        }
    }

    @Test
    void aJavaClientHearsOfChangesOnAnotherNode() throws Exception {
        startNodes(2);
        BlockingQueue<RoomMessage> changes = new LinkedBlockingQueue<>();
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                ClientThreads threads = new ClientThreads();
                ParleyClient client = threads.client(
                                "ws://127.0.0.1:" + nodes.get(1).port() + "/chat")
                        .name("Ben")
                        .build()) {
            ClientRoom room = client.join("java", Joining.live().callbacks(new RoomCallbacks() {
                @Override
                public void changed(RoomMessage change) {
                    changes.add(change);
                }
            }));
            room.joined().get(10, TimeUnit.SECONDS);
            long one = say(ann, "one");
            long edit = edit(ann, one, "uno");
            remove(ann, one);
            RoomMessage change = changes.poll(10, TimeUnit.SECONDS);
            assertThat(change.seq()).isEqualTo(edit);
            assertThat(change.changes()).isEqualTo(one);
            assertThat(changes.poll(10, TimeUnit.SECONDS).isRemoved()).isTrue();
        }
    }

    /** Each message of the stream, and the files of the server, byte by byte. */
    @Test
    void whatWasRemovedOrReplacedIsNotInTheStreamAnyMore() throws Exception {
        startNodes(1);
        try (JsonClient ann = client(0, "/chat/java?name=Ann")) {
            List<Long> secrets = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                say(ann, "before " + i);
                secrets.add(say(ann, SECRET + " " + i));
            }
            assertThat(inStream()).anyMatch(message -> message.contains(SECRET));
            assertThat(inFiles()).isNotEmpty();
            for (long secret : secrets) {
                edit(ann, secret, "edited, " + SECRET);
                edit(ann, secret, secret % 2 == 0 ? "nothing" : "again " + SECRET);
                if (secret % 2 != 0) {
                    remove(ann, secret);
                }
            }
            assertThat(inStream()).hasSizeGreaterThan(40).noneMatch(message -> message.contains(SECRET));
        }
        nodes.get(0).stop();
        nats.kill();
        assertThat(inFiles()).as("files of NATS that have it").isEmpty();
    }

    private List<String> inStream() throws Exception {
        List<String> messages = new ArrayList<>();
        try (Connection connection = Nats.connect(nats.url())) {
            JetStreamManagement management = connection.jetStreamManagement();
            long last = management.getStreamInfo("parley_0").getStreamState().getLastSequence();
            for (long seq = 1; seq <= last; seq++) {
                try {
                    MessageInfo message = management.getMessage("parley_0", seq);
                    messages.add(new String(message.getData(), StandardCharsets.ISO_8859_1));
                } catch (JetStreamApiException e) {
                    continue; // erased
                }
            }
        }
        return messages;
    }

    private List<String> inFiles() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            List<String> found = new ArrayList<>();
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                if (new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(SECRET)) {
                    found.add(folder.relativize(file) + ", " + Files.size(file) + " bytes");
                }
            }
            return found;
        }
    }

    @Test
    void messagesThatAreLetGoOfTakeTheirChangesAlong() throws Exception {
        startNodes(2);
        server = nodes.get(0);
        try (JsonClient ann = client(0, "/chat/java?name=Ann")) {
            long one = say(ann, "one");
            long two = say(ann, "two");
            edit(ann, one, SECRET);
            remove(ann, two);
        }
        assertThat(ask("DELETE", "/rooms/java/messages", null).status()).isEqualTo(204);
        assertThat(inStream()).noneMatch(message -> message.contains(SECRET));
        server = nodes.get(1);
        assertThat(get("/rooms/java/messages").body()).contains("\"messages\":[]");
    }

    /** Whatever a client hears before its line is cut and behind it, it ends with what a new one reads. */
    @Test
    void clientsThatAreCutAtRandomEndWithWhatANewOneReads() throws Exception {
        startNodes(1);
        try (CutLine line = new CutLine(nats.port())) {
            startNode(line.url(), "nats.deadline=10s");
            Random random = new Random(Long.getLong("parley.seed", 7));
            Map<Long, String> folded = new TreeMap<>();
            String epoch = "";
            long after = 0;
            List<Long> mine = new ArrayList<>();
            try (JsonClient ann = client(0, "/chat/java?name=Ann")) {
                for (int cut = 0; cut < CUTS; cut++) {
                    line.cut(cut % 3 == 2);
                    for (int i = 0; i < 10; i++) {
                        change(ann, mine, random);
                    }
                    line.cut(false);
                    String last = "end " + cut;
                    mine.add(say(ann, last));
                    String at = epoch.isEmpty() ? "&history=1" : "&after=" + after + "&epoch=" + epoch;
                    try (JsonClient reader = client(1, "/chat/java?name=Ben" + at)) {
                        JsonObject joined = reader.next("joined");
                        assertThat(joined.getBoolean("recovered", true)).isTrue();
                        epoch = joined.getString("epoch");
                        do {
                            after = take(reader.nextMessageOrGap(), folded);
                        } while (!last.equals(folded.get(after)) && (random.nextInt(30) > 0 || cut == CUTS - 1));
                    }
                }
            }
            Map<Long, String> fresh = new TreeMap<>();
            try (JsonClient reader = client(1, "/chat/java?name=Cat")) {
                reader.ask("{'type':'history','room':'java','limit':1000}")
                        .getJsonArray("messages")
                        .getValuesAs(JsonObject.class)
                        .forEach(message -> take(message, fresh));
            }
            assertThat(fresh).hasSize(mine.size());
            fresh.keySet().retainAll(folded.keySet()); // it began somewhere
            assertThat(folded).isEqualTo(fresh);
        }
    }

    private static void change(JsonClient client, List<Long> mine, Random random) throws Exception {
        int what = random.nextInt(4);
        if (what == 0 || mine.isEmpty()) {
            mine.add(say(client, "m" + mine.size()));
            return;
        }
        long which = mine.get(random.nextInt(mine.size()));
        String command = what == 1 && random.nextInt(4) == 0 ? "'remove'" : "'edit','text':'e" + random.nextInt() + "'";
        client.ask("{'type':" + command + ",'room':'java','seq':" + which + "}"); // it may have been removed
    }

    private static long take(JsonObject message, Map<Long, String> folded) {
        assertThat(message.getString("type", "message")).isEqualTo("message");
        long seq = message.getJsonNumber("seq").longValue();
        String says = message.getBoolean("removed", false) ? "removed" : message.getString("text");
        if (message.containsKey("changes")) {
            folded.computeIfPresent(message.getJsonNumber("changes").longValue(), (of, before) -> says);
        } else {
            folded.put(seq, says);
        }
        return seq;
    }
}
