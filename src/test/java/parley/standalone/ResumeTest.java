package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;
import static parley.testclient.JsonClient.quoted;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** Clients that lose their connection, or fall behind, and have every message exactly once in the end. */
class ResumeTest extends ServerBase {
    private static final int CUTS = 300;
    private static final int TALKERS = 3;

    private final ScheduledExecutorService cutter = Executors.newSingleThreadScheduledExecutor();
    private final ExecutorService threads = Executors.newCachedThreadPool();

    @AfterEach
    void stopThreads() {
        cutter.shutdownNow();
        threads.shutdownNow();
    }

    /**
     * Opens a connection that is reset some time within the next milliseconds, in the middle of whatever is going on.
     */
    private RawClient openForAWhile(String path, Random random) throws IOException {
        RawClient client = RawClient.openJson(server.port(), path, 0);
        cutter.schedule(
                () -> {
                    client.reset();
                    return null;
                },
                random.nextInt(20_000),
                TimeUnit.MICROSECONDS);
        return client;
    }

    /**
     * Says what it has to say, each message with an id of its own, until it is acknowledged; its connection is cut
     * again and again too, often after a message was published and before its answer was read.
     */
    private int talk(String name, AtomicBoolean done, long seed) throws InterruptedException {
        Random random = new Random(seed);
        int said = 0;
        while (!done.get()) {
            try (RawClient client = openForAWhile("/chat/java?name=" + name, random)) {
                while (!done.get()) {
                    client.text(quoted("{'type':'say','room':'java','text':'" + said + "','id':'" + name + said
                            + "','ref':" + said + "}"));
                    awaitAck(client, said);
                    said++;
                    Thread.sleep(1);
                }
            } catch (IOException e) {
                continue; // cut; what was not acknowledged is said again
            }
        }
        return said;
    }

    private static void awaitAck(RawClient client, int ref) throws IOException {
        while (true) {
            for (String line : read(client)) {
                JsonObject event = parse(line);
                if (event.getString("type").equals("ack") && event.getInt("ref") == ref) {
                    return;
                }
            }
        }
    }

    private static String[] read(RawClient client) throws IOException {
        RawClient.Received message = client.readMessage();
        if (message.opcode() == RawClient.CLOSE) {
            throw new IOException(message.toString());
        }
        return message.text().split("\n");
    }

    /** A client that keeps what it has read, and goes on from there. */
    private final class Reader {
        private final List<String> have = new ArrayList<>();
        private String epoch;
        private int unrecovered;

        /** Reads until the connection is cut, or until it has so many messages. */
        void read(boolean inTheAddress, int until, Random random) throws IOException {
            String after = "&epoch=" + epoch + "&after=" + have.size();
            String path =
                    epoch == null ? "/chat/java" : inTheAddress ? "/chat/java?name=Reader" + after : "/chat/other";
            try (RawClient client =
                    random == null ? RawClient.openJson(server.port(), path, 0) : openForAWhile(path, random)) {
                if (epoch != null && !inTheAddress) {
                    client.text(quoted("{'type':'join','room':'java','after':{'epoch':'" + epoch + "','seq':"
                            + have.size() + "}}"));
                }
                while (have.size() < until) {
                    for (String line : ResumeTest.read(client)) {
                        take(parse(line));
                    }
                }
            }
        }

        private void take(JsonObject event) {
            if (!"java".equals(event.getString("room", null))) {
                return;
            }
            switch (event.getString("type")) {
                case "joined" -> {
                    unrecovered += epoch == null || event.getBoolean("recovered") ? 0 : 1;
                    epoch = event.getString("epoch");
                }
                case "message" -> {
                    assertThat(event.getInt("seq")).isEqualTo(have.size() + 1);
                    have.add(event.getString("from") + event.getString("text"));
                }
                case "presence" -> {}
                default -> throw new AssertionError(event);
            }
        }
    }

    @Test
    void whoIsCutHundredsOfTimesHasEveryMessageExactlyOnce() throws Exception {
        start("room.history=200000", "room.window=200000", "room.history-bytes=256MiB");
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Reader reader = new Reader();
        while (reader.epoch == null) {
            tryToRead(reader, true, random);
        }
        AtomicBoolean done = new AtomicBoolean();
        List<Future<Integer>> talkers = new ArrayList<>();
        for (int i = 0; i < TALKERS; i++) {
            String name = "t" + i + "-";
            talkers.add(threads.submit(() -> talk(name, done, seed + name.hashCode())));
        }
        for (int i = 0; i < CUTS; i++) {
            tryToRead(reader, random.nextBoolean(), random);
        }
        done.set(true);
        Set<String> said = new HashSet<>();
        for (int i = 0; i < TALKERS; i++) {
            int count = talkers.get(i).get(30, TimeUnit.SECONDS);
            for (int n = 0; n < count; n++) {
                said.add("t" + i + "-" + n);
            }
        }
        // What a talker said last may have been published without its ack being read.
        reader.read(true, head(), null);
        assertThat(reader.have).as("seed %d", seed).doesNotHaveDuplicates().containsAll(said);
        assertThat(reader.have.size()).isBetween(said.size(), said.size() + TALKERS);
        assertThat(reader.unrecovered).isZero();
        System.out.println(reader.have.size() + " messages over " + CUTS + " cuts, each once");
    }

    private void tryToRead(Reader reader, boolean inTheAddress, Random random) {
        try {
            reader.read(inTheAddress, Integer.MAX_VALUE, random);
        } catch (IOException e) {
            return; // cut
        }
        throw new AssertionError("was not cut");
    }

    private int head() throws InterruptedException {
        try (JsonClient client = new JsonClient(ws("/chat/java"))) {
            return client.next("joined").getInt("seq");
        }
    }

    /** It stops reading while others talk, is told by {@code gap} what it missed, and fetches that. */
    @Test
    void aSlowMemberHearsWhatItMissedAndFetchesIt() throws Exception {
        start(
                "room.history=10000",
                "room.window=32",
                "room.history-bytes=256MiB",
                "session.send-deadline=10m",
                "limits.bytes-per-second=0");
        int messages = 4_000;
        try (RawClient slow = RawClient.openJson(server.port(), "/chat/java", 16 * 1024);
                JsonClient talker = new JsonClient(ws("/chat/elsewhere"))) {
            assertThat(slow.readMessage().text()).contains("joined");
            talker.ask("{'type':'join','room':'java'}");
            String filler = "x".repeat(4_096);
            for (int i = 1; i <= messages; i++) {
                talker.send(quoted("{'type':'say','room':'java','data':[" + i + ",'" + filler + "']}"));
                talker.next("ack");
            }
            TreeMap<Integer, Integer> have = new TreeMap<>();
            int gaps = 0;
            while (have.size() < messages) {
                for (String line : read(slow)) {
                    JsonObject event = parse(line);
                    switch (event.getString("type")) {
                        case "message" -> take(have, event);
                        case "gap" -> {
                            gaps++;
                            assertThat(event.getInt("missed"))
                                    .isEqualTo(event.getInt("before") - event.getInt("after") - 1);
                            askFor(slow, event.getInt("after"), event.getInt("before"));
                        }
                        case "history" -> {
                            List<JsonObject> page =
                                    event.getJsonArray("messages").getValuesAs(JsonObject.class);
                            page.forEach(message -> take(have, message));
                            int last = page.get(page.size() - 1).getInt("seq");
                            if (last < event.getInt("ref") - 1) {
                                askFor(slow, last, event.getInt("ref"));
                            }
                        }
                        default -> assertThat(event.getString("type")).isEqualTo("presence");
                    }
                }
            }
            assertThat(gaps).isPositive();
            assertThat(have.firstKey()).isEqualTo(1);
            assertThat(have.lastKey()).isEqualTo(messages);
        }
    }

    /** Asks for a page of what lies between two messages; the answer's {@code ref} says where it ends. */
    private static void askFor(RawClient client, int after, int before) throws IOException {
        int limit = Math.min(100, before - after - 1);
        client.text(quoted(
                "{'type':'history','room':'java','after':" + after + ",'limit':" + limit + ",'ref':" + before + "}"));
    }

    private static void take(TreeMap<Integer, Integer> have, JsonObject message) {
        int seq = message.getInt("seq");
        assertThat(have.put(seq, message.getJsonArray("data").getInt(0)))
                .as("message %d came twice", seq)
                .isNull();
        assertThat(have.get(seq)).isEqualTo(seq);
    }
}
