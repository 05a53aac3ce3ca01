package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.nats.client.JetStreamManagement;
import io.nats.client.api.StreamConfiguration;
import jakarta.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.app.SettingsException;
import parley.app.SettingsSources;
import parley.room.Counts;
import parley.session.Ending;
import parley.testclient.Burst;
import parley.testclient.Client;
import parley.testclient.CutLine;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;

/** Nodes of a cluster in one process, each with a line of its own to a real NATS. */
class ClusterTest {
    /** How often each burst comes; more with {@code -Dparley.bursts=50}. */
    private static final int BURSTS = Integer.getInteger("parley.bursts", 3);

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final List<Server> nodes = new ArrayList<>();
    private final List<CutLine> lines = new ArrayList<>();

    @TempDir
    private Path folder;

    private NatsServer nats;

    @BeforeEach
    void startNats() throws Exception {
        nats = NatsServer.start(folder);
    }

    /** Whatever a test did, the counts add up on each node, and no thread is left. */
    @AfterEach
    void stopAll() throws Exception {
        for (Server node : nodes) {
            node.stop();
            assertThat(node.parley().rooms().memberCount()).isZero();
            assertThat(node.parley().sessions().endedCount(Ending.FAULT)).isZero();
            Counts counts = node.parley().rooms().counts();
            assertThat(counts.offered()).isEqualTo(counts.delivered() + counts.missed());
        }
        for (CutLine line : lines) {
            line.close();
        }
        if (nats != null) {
            nats.close();
        }
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(ServerBase.threadsOfTheServer()).isEmpty());
    }

    private int node(String... settings) throws Exception {
        CutLine line = new CutLine(nats.port());
        lines.add(line);
        nodes.add(new Server(sources(line.url(), settings).load(), Path.of("webapp")));
        int node = nodes.size() - 1;
        awaitReady(node, 200);
        return node;
    }

    private static SettingsSources sources(String url, String... settings) {
        SettingsSources sources = new SettingsSources(Map.of(), new Properties())
                .set("listen.port", "0")
                .set("nats.url", url)
                .set("nats.node-timeout", "2s")
                .set("room.linger", "30s");
        for (String setting : settings) {
            sources.set(setting.split("=")[0], setting.split("=")[1]);
        }
        return sources;
    }

    private void awaitReady(int node, int status) {
        await().atMost(PATIENCE).until(() -> ready(node) == status);
    }

    private int ready(int node) throws Exception {
        return get(node, "/health/ready").statusCode();
    }

    private HttpResponse<String> get(int node, String path) throws Exception {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(
                                        "http://127.0.0.1:" + nodes.get(node).port() + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    /** Has a NATS that is started otherwise, in place of the one that there is. */
    private void natsWith(String... more) throws Exception {
        nats.close();
        nats = NatsServer.start(Files.createDirectory(folder.resolve("other")), more);
        folder = folder.resolve("other");
    }

    @ParameterizedTest
    @EnumSource
    @Timeout(value = 1, unit = TimeUnit.HOURS) // for the long form; each wait has an end of its own
    void burstsReachMembersThatReadOnAllNodesWhole(Burst burst) throws Exception {
        List<String> addresses = List.of(at(node(), ""), at(node(), ""), at(node(), ""));
        for (int run = 0; run < BURSTS; run++) {
            burst.inPlainText(addresses, "plain-" + run);
            burst.inJson(addresses, "json-" + run);
        }
    }

    private String at(int node, String path) {
        return "ws://127.0.0.1:" + nodes.get(node).port() + path;
    }

    private JsonClient client(int node, String path) throws Exception {
        JsonClient client = new JsonClient(at(node, path));
        client.next("welcome");
        return client;
    }

    private static JsonObject say(JsonClient client, String room, String text) throws Exception {
        return client.ask("{'type':'say','room':'" + room + "','text':'" + text + "','id':'" + room + text + "'}");
    }

    /** A message that begins with a number. */
    private static void sayLong(JsonClient client, int number, int length) throws Exception {
        JsonObject answer =
                client.ask("{'type':'say','room':'java','text':'" + number + " " + "x".repeat(length) + "'}");
        assertThat(answer.getString("type")).as(answer.toString()).isEqualTo("ack");
    }

    private static long seq(JsonObject event) {
        return event.getJsonNumber("seq").longValue();
    }

    @Test
    void whatIsSaidOnOneNodeComesToAllInOneOrderWithOneNumber() throws Exception {
        node();
        node();
        node();
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben");
                JsonClient cy = client(2, "/chat/java?name=Cy")) {
            List<JsonClient> all = List.of(ann, ben, cy);
            TreeSet<String> epochs = new TreeSet<>();
            for (JsonClient one : all) {
                epochs.add(one.next("joined").getString("epoch"));
            }
            assertThat(epochs).hasSize(1);
            List<Long> acks = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                acks.add(seq(say(all.get(i % 3), "java", "m" + i)));
            }
            assertThat(acks).isSorted().doesNotHaveDuplicates();
            for (JsonClient one : all) {
                for (int i = 0; i < 30; i++) {
                    JsonObject message = one.nextMessageOrGap();
                    assertThat(message.getString("type")).isEqualTo("message");
                    assertThat(message.getString("text")).isEqualTo("m" + i);
                    assertThat(seq(message)).isEqualTo(acks.get(i));
                    assertThat(message.getString("from"))
                            .isEqualTo(List.of("Ann", "Ben", "Cy").get(i % 3));
                }
            }
        }
    }

    @Test
    void plainTextClientsAreInTheClusterToo() throws Exception {
        node();
        node();
        try (Client ann = new Client(at(0, "/chat?name=Ann"))) {
            ann.say("alone");
            assertThat(ann.next()).isEqualTo("Ann: alone");
            try (Client ben = new Client(at(1, "/chat?name=Ben"))) {
                ben.say("here");
                for (Client one : List.of(ann, ben)) {
                    assertThat(one.next()).isEqualTo("Ben: here");
                }
                ann.say("hello");
                for (Client one : List.of(ann, ben)) {
                    assertThat(one.next()).isEqualTo("Ann: hello");
                }
            }
        }
    }

    @Test
    void aMessageSaidAgainOnAnotherNodeIsNotPublishedAgain() throws Exception {
        node();
        node();
        try (JsonClient ann = client(0, "/chat/java");
                JsonClient again = client(1, "/chat/java")) {
            again.next("joined");
            JsonObject first = say(ann, "java", "once");
            JsonObject second = say(again, "java", "once");
            assertThat(first.getBoolean("duplicate")).isFalse();
            assertThat(second.getBoolean("duplicate")).isTrue();
            assertThat(seq(second)).isEqualTo(seq(first));
            say(again, "java", "more");
            assertThat(again.nextMessageOrGap().getString("text")).isEqualTo("once");
            assertThat(again.nextMessageOrGap().getString("text")).isEqualTo("more");
        }
    }

    @Test
    void theSameIdInAnotherRoomIsAnotherMessage() throws Exception {
        node();
        try (JsonClient ann = client(0, "/chat/java")) {
            ann.ask("{'type':'join','room':'tea'}");
            for (String room : List.of("java", "tea")) {
                JsonObject ack = ann.ask("{'type':'say','room':'" + room + "','text':'x','id':'one'}");
                assertThat(ack.getBoolean("duplicate")).isFalse();
            }
        }
    }

    /** A dot would be a separator, and a room's name at the end of a subject another's beginning. */
    @Test
    void roomsWhoseNamesLookLikeSubjectsAreRoomsOfTheirOwn() throws Exception {
        node("nats.streams=1");
        node("nats.streams=1");
        List<String> rooms =
                List.of("a", "a.b", "a.b.c", ".a", "a.", "-", "_", "...", "m", "A", "=2E".replace("=", "-"));
        try (JsonClient ann = client(0, "/chat/lobby");
                JsonClient ben = client(1, "/chat/lobby")) {
            ann.next("joined");
            ben.next("joined");
            for (String room : rooms) {
                assertThat(ann.ask("{'type':'join','room':'" + room + "'}").getString("type"))
                        .isEqualTo("joined");
                assertThat(ben.ask("{'type':'join','room':'" + room + "'}").getString("type"))
                        .isEqualTo("joined");
            }
            for (String room : rooms) {
                say(ann, room, "in " + room);
            }
            List<String> heard = new ArrayList<>();
            for (int i = 0; i < rooms.size(); i++) {
                JsonObject message = ben.nextMessageOrGap();
                assertThat(message.getString("text")).isEqualTo("in " + message.getString("room"));
                heard.add(message.getString("room"));
            }
            assertThat(heard).containsExactlyInAnyOrderElementsOf(rooms);
            assertThat(ben.soFar()).isEmpty();
        }
    }

    @Test
    void aClientResumesOnAnotherNodeAndMissesNothing() throws Exception {
        node();
        node();
        String epoch;
        long seen;
        try (JsonClient ann = client(0, "/chat/java")) {
            epoch = ann.next("joined").getString("epoch");
            say(ann, "java", "m0");
            seen = seq(say(ann, "java", "m1"));
        }
        try (JsonClient other = client(0, "/chat/java")) {
            for (int i = 2; i < 60; i++) {
                say(other, "java", "m" + i);
            }
        }
        try (JsonClient ann = client(1, "/chat/java?epoch=" + epoch + "&after=" + seen)) {
            JsonObject joined = ann.next("joined");
            assertThat(joined.getString("epoch")).isEqualTo(epoch);
            assertThat(joined.getBoolean("recovered")).isTrue();
            for (int i = 2; i < 60; i++) {
                assertThat(ann.nextMessageOrGap().getString("text")).isEqualTo("m" + i);
            }
        }
    }

    /** The node has the room open, and in memory less than the client wants. */
    @Test
    void whoResumesFurtherBackThanMemoryGetsItFromTheStream() throws Exception {
        node("room.history=10", "room.window=10");
        String epoch;
        long seen;
        try (JsonClient ann = client(0, "/chat/java")) {
            epoch = ann.next("joined").getString("epoch");
            seen = seq(say(ann, "java", "m0"));
            for (int i = 1; i < 300; i++) {
                say(ann, "java", "m" + i);
            }
            try (JsonClient ben = client(0, "/chat/java?epoch=" + epoch + "&after=" + seen)) {
                assertThat(ben.next("joined").getBoolean("recovered")).isTrue();
                for (int i = 1; i < 300; i++) {
                    assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("m" + i);
                }
            }
        }
    }

    @Test
    void historyIsReadFromTheStreamForwardAndBack() throws Exception {
        node();
        try (JsonClient ann = client(0, "/chat/java")) {
            for (int i = 0; i < 230; i++) {
                say(ann, "java", "m" + i);
            }
        }
        node("room.history=10", "room.window=10"); // has to read what came before it
        try (JsonClient ben = client(1, "/chat/java")) {
            List<String> back = new ArrayList<>();
            String before = "";
            JsonObject page;
            do {
                page = ben.ask("{'type':'history','room':'java','limit':40" + before + "}");
                assertThat(page.getString("type")).as(page.toString()).isEqualTo("history");
                List<JsonObject> messages = page.getJsonArray("messages").getValuesAs(JsonObject.class);
                for (int i = messages.size() - 1; i >= 0; i--) {
                    back.add(messages.get(i).getString("text"));
                }
                before = ",'before':" + seq(messages.get(0));
            } while (page.getBoolean("more"));
            assertThat(back).hasSize(230).startsWith("m229", "m228").endsWith("m1", "m0");
            JsonObject forward = ben.ask("{'type':'history','room':'java','limit':3,'after':0}");
            assertThat(forward.getJsonArray("messages").getValuesAs(JsonObject.class))
                    .extracting(message -> message.getString("text"))
                    .containsExactly("m0", "m1", "m2");
            assertThat(forward.getBoolean("more")).isTrue();
        }
    }

    /** The store and the room weighed messages differently: a page that was full said that there was nothing more. */
    @Test
    void historyGoesOnBehindAPageThatIsFullOfBytes() throws Exception {
        node("room.history=10", "room.window=10", "room.batch-bytes=16KiB");
        try (JsonClient ann = client(0, "/chat/java")) {
            ann.next("joined");
            int messages = 300;
            for (int i = 0; i < messages; i++) {
                JsonObject said = ann.ask("{'type':'say','room':'java','text':'" + "x".repeat(100) + i + "'}");
                assertThat(said.getString("type")).as(said.toString()).isEqualTo("ack");
            }
            List<String> back = new ArrayList<>();
            String before = "";
            JsonObject page;
            do {
                page = ann.ask("{'type':'history','room':'java','limit':500" + before + "}");
                List<JsonObject> read = page.getJsonArray("messages").getValuesAs(JsonObject.class);
                read.forEach(message -> back.add(message.getString("text")));
                before = read.isEmpty() ? before : ",'before':" + seq(read.get(0));
            } while (page.getBoolean("more"));
            assertThat(back).hasSize(messages).doesNotHaveDuplicates();
        }
    }

    @Test
    void signalsGoToAllNodesOnce() throws Exception {
        node();
        node();
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben")) {
            ann.next("joined");
            ben.next("joined");
            ann.ask("{'type':'signal','room':'java','data':{'typing':true}}");
            assertThat(ben.next("signal").getString("from")).isEqualTo("Ann");
            assertThat(ann.next("signal").getString("from")).isEqualTo("Ann");
            assertThat(ann.soFar()).isEmpty();
            assertThat(ben.soFar()).isEmpty();
        }
    }

    private static List<String> names(JsonClient client) throws Exception {
        return client
                .ask("{'type':'who','room':'java'}")
                .getJsonArray("names")
                .getValuesAs(jakarta.json.JsonString.class)
                .stream()
                .map(jakarta.json.JsonString::getString)
                .sorted()
                .toList();
    }

    private static void awaitNames(JsonClient client, String... names) {
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(names(client)).containsExactly(names));
    }

    @Test
    void presenceIsSentAcrossNodesAndRightAgainWhenOneIsSilent() throws Exception {
        node("room.away=0s");
        node("room.away=0s");
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben");
                JsonClient cy = client(1, "/chat/java?name=Ann")) {
            awaitNames(ann, "Ann", "Ben");
            awaitNames(ben, "Ann", "Ben");
            await().atMost(PATIENCE) // the second Ann changes no names
                    .until(() -> ann.ask("{'type':'who','room':'java'}").getInt("count") == 3);
            cy.ask("{'type':'rename','name':'Cy'}");
            awaitNames(ann, "Ann", "Ben", "Cy");
            cy.ask("{'type':'leave','room':'java'}");
            awaitNames(ann, "Ann", "Ben");
            lines.get(1).cut(true); // for the others as if it had died
            awaitNames(ann, "Ann");
            assertThat(ann.ask("{'type':'who','room':'java'}").getInt("count")).isEqualTo(1);
            lines.get(1).cut(false);
            awaitNames(ann, "Ann", "Ben");
            awaitNames(ben, "Ann", "Ben");
            nodes.get(1).stop();
            awaitNames(ann, "Ann");
        }
    }

    @Test
    void whenNatsIsGoneNodesSayNotReadyAndGoOnWhenItIsBack() throws Exception {
        node("nats.deadline=1s");
        node("nats.deadline=1s");
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben")) {
            ben.next("joined");
            long before = seq(say(ann, "java", "before"));
            assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("before");
            nats.kill();
            awaitReady(0, 503);
            awaitReady(1, 503);
            JsonObject answer = say(ann, "java", "meanwhile");
            assertThat(answer.getString("type")).isEqualTo("error");
            assertThat(answer.getString("code")).isEqualTo("unavailable");
            JsonObject history = ben.ask("{'type':'history','room':'java','limit':5}");
            assertThat(history.getJsonArray("messages").getValuesAs(JsonObject.class))
                    .as("what is in memory")
                    .extracting(message -> message.getString("text"))
                    .containsExactly("before");
            nats.start();
            awaitReady(0, 200);
            awaitReady(1, 200);
            long after = seq(say(ann, "java", "after"));
            assertThat(after).isGreaterThan(before);
            JsonObject next = ben.nextMessageOrGap();
            assertThat(next.getString("text")).isEqualTo("after");
            assertThat(say(ann, "java", "meanwhile").getString("type")).isEqualTo("ack");
            assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("meanwhile");
        }
    }

    /** It answers nothing, and its connections hold: what was said arrives late, after it was given up. */
    @Test
    void whenNatsStandsStillMessagesAreAnsweredInTimeAndStoredOnce() throws Exception {
        node("nats.deadline=1s");
        node();
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben")) {
            ben.next("joined");
            say(ann, "java", "before");
            nats.suspend(true);
            assertThat(say(ann, "java", "meanwhile").getString("code")).isEqualTo("unavailable");
            awaitReady(0, 503);
            nats.suspend(false);
            awaitReady(0, 200);
            assertThat(say(ann, "java", "meanwhile").getString("type")).isEqualTo("ack");
            say(ann, "java", "after");
            for (String text : List.of("before", "meanwhile", "after")) {
                assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo(text);
            }
        }
    }

    /** NATS does away with the connection of who takes nothing, and what was on its way is lost. */
    @Test
    void aNodeThatIsTooSlowForNatsReadsWhatItMissed() throws Exception {
        natsWith(
                "-c",
                Files.writeString(
                                folder.resolve("slow.conf"),
                                "max_payload: 32768\nmax_pending: 65536\nwrite_deadline: \"1s\"\n")
                        .toString());
        node();
        node("room.history=10000", "room.window=10000", "room.history-bytes=64MiB");
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben")) {
            ben.next("joined");
            lines.get(1).silence(true);
            int said = 0;
            while (!log().contains("Slow Consumer")) {
                assertThat(said).as("messages, and NATS has patience").isLessThan(5_000);
                sayLong(ann, said++, 5_000);
            }
            lines.get(1).silence(false);
            for (int i = 0; i < said; i++) {
                assertThat(ben.nextMessageOrGap().getString("text")).startsWith(i + " ");
            }
            assertThat(metric(1, "parley_cluster_filled_total")).isPositive();
        }
    }

    private String log() throws IOException {
        return Files.readString(folder.resolve("nats.log"));
    }

    private double metric(int node, String name) throws Exception {
        return get(node, "/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void whatIsSaidWhileNatsIsAwayForAMomentIsStoredOnceAndInOrder() throws Exception {
        node("nats.deadline=20s");
        node();
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben")) {
            ben.next("joined");
            say(ann, "java", "first");
            nats.kill();
            awaitReady(0, 503);
            for (int i = 0; i < 50; i++) {
                ann.send(JsonClient.quoted("{'type':'say','room':'java','text':'m" + i + "','ref':" + i + "}"));
            }
            nats.start();
            long last = 0;
            for (int i = 0; i < 50; i++) {
                JsonObject ack = ann.next("ack");
                assertThat(ack.getInt("ref")).isEqualTo(i);
                assertThat(seq(ack)).isGreaterThan(last);
                last = seq(ack);
            }
            assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("first");
            for (int i = 0; i < 50; i++) {
                assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("m" + i);
            }
        }
    }

    @Test
    void aNodeThatWasCutOffCatchesUp() throws Exception {
        node();
        node();
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben")) {
            ben.next("joined");
            say(ann, "java", "before");
            assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("before");
            lines.get(1).cut(true);
            for (int i = 0; i < 100; i++) {
                say(ann, "java", "m" + i);
            }
            lines.get(1).cut(false);
            for (int i = 0; i < 100; i++) {
                assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("m" + i);
            }
        }
    }

    /**
     * The connection is not broken, and nothing comes through: what was sent arrives after its sender has sent it
     * again.
     */
    @Test
    void aSilentLineDoublesNothing() throws Exception {
        node("nats.deadline=30s");
        node();
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                JsonClient ben = client(1, "/chat/java?name=Ben")) {
            ben.next("joined");
            say(ann, "java", "before");
            lines.get(0).silence(true);
            for (int i = 0; i < 20; i++) {
                ann.send(JsonClient.quoted("{'type':'say','room':'java','text':'m" + i + "'}"));
            }
            Thread.sleep(4_000);
            lines.get(0).silence(false);
            for (int i = 0; i < 20; i++) {
                assertThat(ann.next("ack").getString("room")).isEqualTo("java");
            }
            assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("before");
            for (int i = 0; i < 20; i++) {
                assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("m" + i);
            }
            assertThat(ben.soFar()).isEmpty();
        }
    }

    @Test
    void aNodeThatStartsBeforeNatsIsReadyWhenNatsIs() throws Exception {
        nats.kill();
        SettingsSources sources = new SettingsSources(Map.of(), new Properties())
                .set("listen.port", "0")
                .set("nats.url", nats.url());
        nodes.add(new Server(sources.load(), Path.of("webapp")));
        assertThat(ready(0)).isEqualTo(503);
        try (JsonClient ann = client(0, "/chat/java?name=Ann")) {
            nats.start();
            awaitReady(0, 200);
            ann.next("joined");
            assertThat(say(ann, "java", "hello").getString("type")).isEqualTo("ack");
        }
    }

    /** Whoever deletes a stream loses its messages: everybody is told of another epoch. */
    @Test
    void whenTheStreamIsAnotherTheRoomBeginsAnew() throws Exception {
        node("nats.streams=1");
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                io.nats.client.Connection admin = io.nats.client.Nats.connect(nats.url())) {
            String epoch = ann.next("joined").getString("epoch");
            say(ann, "java", "one");
            say(ann, "java", "two");
            ann.nextMessageOrGap();
            ann.nextMessageOrGap();
            admin.jetStreamManagement().deleteStream("parley_0");
            JsonObject joined = ann.next("joined");
            assertThat(joined.getString("epoch")).isNotEqualTo(epoch);
            JsonObject ack = say(ann, "java", "three");
            assertThat(seq(ack)).isEqualTo(1);
            assertThat(seq(ann.nextMessageOrGap())).isEqualTo(1);
        }
    }

    /**
     * A stream that gives numbers again is said to: it was deleted, or NATS has lost messages. Done again where the
     * node has noticed before the message was sent.
     */
    @Test
    void aStreamThatGivesANumberTwiceIsCounted() throws Exception {
        node("nats.streams=1");
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                io.nats.client.Connection admin = io.nats.client.Nats.connect(nats.url())) {
            ann.next("joined");
            assertThat(metric(0, "parley_cluster_given_twice_total")).isZero();
            do {
                say(ann, "java", "one");
                say(ann, "java", "two");
                JetStreamManagement management = admin.jetStreamManagement();
                StreamConfiguration same = management.getStreamInfo("parley_0").getConfiguration();
                management.deleteStream("parley_0");
                management.addStream(same);
                say(ann, "java", "three");
                ann.next("joined"); // of the other stream
            } while (metric(0, "parley_cluster_given_twice_total") == 0);
        }
    }

    @Test
    void whenTheStreamIsPurgedNumbersGoOnAndClientsThatComeBackGetAGap() throws Exception {
        node("nats.streams=1");
        try (JsonClient ann = client(0, "/chat/java?name=Ann");
                io.nats.client.Connection admin = io.nats.client.Nats.connect(nats.url())) {
            String epoch = ann.next("joined").getString("epoch");
            long first = seq(say(ann, "java", "one"));
            long last = seq(say(ann, "java", "two"));
            admin.jetStreamManagement().purgeStream("parley_0");
            node("nats.streams=1"); // has nothing in memory
            long next = seq(say(ann, "java", "three"));
            assertThat(next).isGreaterThan(last);
            try (JsonClient back = client(1, "/chat/java?epoch=" + epoch + "&after=" + first)) {
                JsonObject joined = back.next("joined");
                assertThat(joined.getString("epoch")).isEqualTo(epoch);
                assertThat(joined.getBoolean("recovered")).isFalse();
                JsonObject gap = back.nextMessageOrGap();
                assertThat(gap.getString("type")).isEqualTo("gap");
                assertThat(gap.getJsonNumber("after").longValue()).isEqualTo(first);
                assertThat(gap.getJsonNumber("before").longValue()).isEqualTo(next);
                assertThat(back.nextMessageOrGap().getString("text")).isEqualTo("three");
            }
            for (String text : List.of("one", "two", "three")) {
                assertThat(ann.nextMessageOrGap().getString("text")).isEqualTo(text);
            }
        }
    }

    @Test
    void whenAStreamIsFullItsOldestMessagesGoAndClientsThatComeBackForThemGetAGap() throws Exception {
        node("nats.streams=1", "nats.bytes=20KiB", "room.history=10", "room.window=10");
        try (JsonClient ann = client(0, "/chat/java?name=Ann")) {
            String epoch = ann.next("joined").getString("epoch");
            long first = seq(say(ann, "java", "0"));
            for (int i = 1; i < 60; i++) {
                sayLong(ann, i, 1_000);
            }
            try (JsonClient back = client(0, "/chat/java?epoch=" + epoch + "&after=" + first)) {
                assertThat(back.next("joined").getBoolean("recovered")).isFalse();
                JsonObject gap = back.nextMessageOrGap();
                assertThat(gap.getString("type")).isEqualTo("gap");
                assertThat(gap.getJsonNumber("after").longValue()).isEqualTo(first);
                long next = gap.getJsonNumber("before").longValue();
                assertThat(next).isGreaterThan(first + 1);
                assertThat(seq(back.nextMessageOrGap())).isEqualTo(next);
            }
        }
    }

    /** The stream lets go of the oldest messages, whatever room they are of. */
    @Test
    void aClientRecoversWhenOnlyMessagesOfOtherRoomsAreGone() throws Exception {
        String[] small = {"nats.streams=1", "nats.bytes=20KiB", "room.history=10", "room.window=10"};
        node(small);
        node(small);
        try (JsonClient quiet = client(0, "/chat/quiet");
                JsonClient busy = client(0, "/chat/java")) {
            String epoch = quiet.next("joined").getString("epoch");
            long last = seq(say(quiet, "quiet", "q0"));
            for (int i = 0; i < 60; i++) {
                sayLong(busy, i, 1_000);
            }
            long ofOthers = seq(say(busy, "java", "the newest"));
            await().atMost(PATIENCE).untilAsserted(() -> {
                try (JsonClient back = client(0, "/chat/quiet?epoch=" + epoch + "&after=" + (last - 1))) {
                    assertThat(back.next("joined").getBoolean("recovered"))
                            .as("q0 itself is gone")
                            .isFalse();
                }
            });
            for (long after : List.of(last, ofOthers)) {
                try (JsonClient back = client(0, "/chat/quiet?epoch=" + epoch + "&after=" + after)) {
                    assertThat(back.next("joined").getBoolean("recovered"))
                            .as("after %d", after)
                            .isTrue();
                }
            }
            say(quiet, "quiet", "q1"); // tells that there was none between
            try (JsonClient elsewhere = client(1, "/chat/quiet?epoch=" + epoch + "&after=" + last)) {
                assertThat(elsewhere.next("joined").getBoolean("recovered")).isTrue();
                assertThat(elsewhere.nextMessageOrGap().getString("text")).isEqualTo("q1");
            }
        }
    }

    @Test
    void aRoomWithoutMessagesIsAtZeroWhateverOthersHave() throws Exception {
        node("nats.streams=1");
        try (JsonClient ann = client(0, "/chat/java")) {
            String epoch = ann.next("joined").getString("epoch");
            for (int i = 0; i < 5; i++) {
                say(ann, "java", "m" + i);
            }
            JsonObject joined = ann.ask("{'type':'join','room':'empty'}");
            assertThat(seq(joined)).isZero();
            try (JsonClient back = client(0, "/chat/empty?epoch=" + epoch + "&after=0")) {
                assertThat(back.next("joined").getBoolean("recovered")).isTrue();
            }
        }
    }

    /** Of another version, or nothing that a node has written: it is counted, and hides no other. */
    @Test
    void aMessageThatCannotBeReadIsCounted() throws Exception {
        node("nats.streams=1");
        try (JsonClient ann = client(0, "/chat/java");
                io.nats.client.Connection admin = io.nats.client.Nats.connect(nats.url())) {
            ann.next("joined");
            say(ann, "java", "before");
            admin.jetStream().publish("parley.say.0.java", new byte[] {77, 1, 2});
            say(ann, "java", "after");
            assertThat(ann.nextMessageOrGap().getString("text")).isEqualTo("before");
            assertThat(ann.nextMessageOrGap().getString("text")).isEqualTo("after");
            assertThat(metric(0, "parley_cluster_unreadable_total")).isPositive();
        }
    }

    /** NATS cuts the line of a node that sends it more than it takes, with all its rooms. */
    @Test
    void whateverSizeAMessageHasNatsKeepsTheLine() throws Exception {
        int most = 8_192;
        natsWith(
                "-c",
                Files.writeString(folder.resolve("small.conf"), "max_payload: " + most + "\n")
                        .toString());
        node("limits.commands-per-second=0");
        try (JsonClient ann = client(0, "/chat/java?name=Ann")) {
            ann.next("joined");
            int longest = 0;
            int shortestRefused = Integer.MAX_VALUE;
            for (int length = most - 400;
                    length <= most + 400;
                    length += length > most - 200 && length < most ? 1 : 20) {
                JsonObject answer = ann.ask("{'type':'say','room':'java','text':'" + "x".repeat(length) + "'}");
                if (answer.getString("type").equals("ack")) {
                    longest = Math.max(longest, length);
                    assertThat(ann.nextMessageOrGap().getString("text")).hasSize(length);
                } else {
                    assertThat(answer.getString("code")).isEqualTo("too-large");
                    shortestRefused = Math.min(shortestRefused, length);
                }
            }
            assertThat(longest).isBetween(most - 200, most - 1);
            assertThat(shortestRefused).isEqualTo(longest + 1);
            assertThat(metric(0, "parley_cluster_disconnects_total")).isZero();
            assertThat(log()).doesNotContain("Maximum Payload");
        }
        try (Client plain = new Client(at(0, "/chat/java"))) {
            plain.say("x".repeat(most));
            assertThat(plain.closed()).startsWith("1013");
        }
        assertThat(metric(0, "parley_cluster_disconnects_total")).isZero();
    }

    @Test
    void aNodeWhoseMessagesMayNotFitSaysSo() throws Exception {
        natsWith(
                "-c",
                Files.writeString(folder.resolve("small.conf"), "max_payload: 65536\n")
                        .toString());
        assertThat(logged(Level.WARNING, "limits.message-bytes=64KiB"))
                .isEqualTo("the cluster: NATS takes 65536 bytes at most (max_payload), and limits.message-bytes is"
                        + " 65536: messages that do not fit are refused as too large. Raise max_payload to"
                        + " 66560 or more, or lower limits.message-bytes to 64512.");
    }

    @Test
    void aNodeWarnsOfAVersionOfNatsThatHasLostAcknowledgedMessages() throws Exception {
        String version;
        try (io.nats.client.Connection admin = io.nats.client.Nats.connect(nats.url())) {
            version = admin.getServerInfo().getVersion();
        }
        Assumptions.assumeTrue(version.startsWith("2.9."), "nats-server is " + version + ": the warning is for 2.9");
        assertThat(logged(Level.WARNING, "nats.replicas=3"))
                .isEqualTo("the cluster: NATS is version " + version + ", and nats.replicas is 3: NATS 2.9 was seen to"
                        + " lose acknowledged messages when the leader of a stream failed under load. Run NATS 2.10 or"
                        + " later.");
    }

    @Test
    void aRoomInMemoryIsOneOfItsNodeAlone() throws Exception {
        node("room.keep=memory");
        node("room.keep=memory");
        try (JsonClient ann = client(0, "/chat/java");
                JsonClient ben = client(1, "/chat/java")) {
            ann.next("joined");
            ben.next("joined");
            assertThat(seq(say(ann, "java", "one"))).isEqualTo(1);
            assertThat(seq(say(ben, "java", "two"))).isEqualTo(1);
            assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("two");
        }
    }

    @Test
    void aFolderAndAClusterAreNotForTheSameRooms() {
        assertThatThrownBy(() -> new SettingsSources(Map.of(), new Properties())
                        .set("nats.url", "nats://127.0.0.1:1")
                        .set("data.folder", folder.toString())
                        .load())
                .isInstanceOf(SettingsException.class)
                .hasMessage("'nats.url' and 'data.folder' both say where rooms are kept: set one of them.");
    }

    @Test
    void anotherNumberOfStreamsIsRefusedWithASentence() throws Exception {
        node("nats.streams=1");
        assertThat(complaint("nats.streams=2"))
                .isEqualTo("the cluster: a stream cannot be used: the stream parley_0 is 'Parley: rooms, stream 0 of 1'"
                        + " and has to be 'Parley: rooms, stream 0 of 2': the number of streams stays as it was");
        assertThat(ready(1)).isEqualTo(503);
        assertThat(ready(0)).isEqualTo(200);
    }

    @Test
    void aWrongPasswordIsLogged() throws Exception {
        natsWith("--user", "parley", "--pass", "right");
        assertThat(complaint("nats.user=parley", "nats.password=wrong"))
                .startsWith("the cluster: NATS cannot be connected to: ")
                .containsIgnoringCase("authorization")
                .doesNotContain("wrong");
        assertThat(ready(0)).isEqualTo(503);
        node("nats.user=parley", "nats.password=right");
    }

    @Test
    void credentialsThatAreNotThereStopTheStart() {
        SettingsSources sources = sources(nats.url(), "nats.credentials=" + folder.resolve("none.creds"));
        assertThatThrownBy(() -> new Server(sources.load(), Path.of("webapp")))
                .hasMessageStartingWith("The credentials of NATS cannot be read from '" + folder.resolve("none.creds"));
    }

    /** The first error that the next node logs. */
    private String complaint(String... settings) throws Exception {
        return logged(Level.SEVERE, settings);
    }

    private String logged(Level level, String... settings) throws Exception {
        BlockingQueue<String> complaints = new LinkedBlockingQueue<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord record) {
                if (record.getLevel() == level) {
                    complaints.add(record.getMessage());
                }
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("parley.cluster");
        logger.addHandler(handler);
        try {
            nodes.add(new Server(sources(nats.url(), settings).load(), Path.of("webapp")));
            return complaints.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } finally {
            logger.removeHandler(handler);
        }
    }
}
