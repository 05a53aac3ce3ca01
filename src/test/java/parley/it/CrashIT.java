package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.JsonClient;

/**
 * Kills the process at random moments while clients talk, and reads afterwards what is there. The long form: {@code mvn
 * failsafe:integration-test@process failsafe:verify -Dit.test=CrashIT -Dparley.crashes=100}, and with {@code
 * -Dparley.crashes.seed} the seed that one has said.
 */
final class CrashIT {
    private static final int CRASHES = Integer.getInteger("parley.crashes", 5);
    private static final int TALKERS = 4;
    /** In each room of which little is kept. */
    private static final int TALKERS_OF_SMALL = 1;

    private static final int SMALL_KEPT = 100;
    private static final int UNANSWERED = 50;
    private static final int PAGE = 1_000;
    private static final int TO_ANSWER_SECONDS = 30;
    private static final int TO_HEAR_SECONDS = 10;
    private static final int KILLED = 128 + 9;

    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private final long seed = Long.getLong("parley.crashes.seed", new Random().nextLong());
    private final Random random = new Random(seed);

    /** What went wrong on the talkers' threads. */
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();

    private final Said big = new Said("crash");
    private final List<Said> small = List.of(new Said("small-1"), new Said("small-2"));

    /** What was said in a room, and what became of it. */
    private static final class Said {
        final String room;
        /** What was acknowledged: the number of each id. */
        final Map<String, Long> acknowledged = new ConcurrentHashMap<>();
        /** What was acknowledged before anything was said again. */
        final Set<String> acknowledgedFirst = ConcurrentHashMap.newKeySet();
        /** What was said and not acknowledged: it may be there, once, or not. */
        final Set<String> unanswered = ConcurrentHashMap.newKeySet();

        String epoch;

        Said(String room) {
            this.room = room;
        }

        long newest() {
            return acknowledged.values().stream().mapToLong(seq -> seq).max().orElse(0);
        }
    }

    @Test
    @Timeout(value = 2, unit = TimeUnit.HOURS) // for the long form; each wait has an end of its own
    void everyAcknowledgedMessageIsThereOnceAndInItsPlaceAfterKillingTheProcess() throws Exception {
        System.out.println("crashes: the seed is " + seed);
        for (int round = 0; round < CRASHES; round++) {
            try (ParleyProcess parley = start()) {
                assertThat(parley.output())
                        .contains(round == 0 ? folder + "': it is new" : "; the last stop was not orderly: ");
                checkAll(parley);
                int before = big.acknowledged.size();
                List<Talker> talkers = talkers(parley, round);
                for (Talker talker : talkers) {
                    talker.start();
                }
                for (Talker talker : talkers) {
                    assertThat(talker.firstAnswer.await(TO_ANSWER_SECONDS, TimeUnit.SECONDS))
                            .isTrue();
                }
                Thread.sleep(random.nextInt(500));
                parley.signal("KILL");
                assertThat(parley.exitCode()).isEqualTo(KILLED);
                for (Talker talker : talkers) {
                    talker.end();
                }
                assertThat(wrong).isEmpty();
                assertThat(big.acknowledged.size()).isGreaterThan(before);
            }
        }
        try (ParleyProcess parley = start()) {
            checkAll(parley);
            sayAgain(parley);
            checkAll(parley);
            assertThat(parley.stop()).isZero();
        }
        System.out.printf(
                "crashes: %d, after which %d acknowledged messages were there, each once, with the numbers they were"
                        + " acknowledged with, and in the order of their senders%n",
                CRASHES, big.acknowledged.size());
    }

    private List<Talker> talkers(ParleyProcess parley, int round) throws Exception {
        List<Talker> talkers = new ArrayList<>();
        for (int t = 0; t < TALKERS; t++) {
            talkers.add(new Talker(parley, big, round + "-" + t));
        }
        for (Said said : small) {
            for (int t = 0; t < TALKERS_OF_SMALL; t++) {
                talkers.add(new Talker(parley, said, round + "-" + t));
            }
        }
        return talkers;
    }

    private ParleyProcess start() {
        return ParleyProcess.startWith(
                List.of("-Dorg.sqlite.tmpdir=" + folder), // what is killed leaves its native code behind
                0,
                "--data",
                folder.toString(),
                "--set",
                "limits.commands-per-second=0",
                "--set",
                "limits.bytes-per-second=0",
                "--set",
                "room.kept=10000000",
                "--set",
                "rooms.\"small-*\".history=" + SMALL_KEPT,
                "--set",
                "rooms.\"small-*\".window=" + SMALL_KEPT,
                "--set",
                "rooms.\"small-*\".kept=" + SMALL_KEPT,
                "--set",
                "data.sync=" + (random.nextBoolean() ? "always" : "interval"));
    }

    private void checkAll(ParleyProcess parley) throws Exception {
        check(parley, big);
        for (Said said : small) {
            check(parley, said);
        }
    }

    /** Reads the room, in pages, from the first message that is kept, and compares it with what was acknowledged. */
    private void check(ParleyProcess parley, Said said) throws Exception {
        Map<String, Long> there = new HashMap<>();
        Map<String, Integer> lastOf = new TreeMap<>();
        long head;
        long first = 0;
        try (JsonClient reader = new JsonClient(parley.socket("chat/" + said.room))) {
            JsonObject joined = reader.next("joined");
            if (said.epoch != null && !said.acknowledged.isEmpty()) {
                assertThat(joined.getString("epoch")).isEqualTo(said.epoch);
            }
            said.epoch = joined.getString("epoch");
            head = joined.getJsonNumber("seq").longValue();
            long seen = 0;
            while (seen < head) {
                JsonObject page = reader.ask(
                        "{'type':'history','room':'" + said.room + "','after':" + seen + ",'limit':" + PAGE + "}");
                assertThat(page.getString("type")).as(page.toString()).isEqualTo("history");
                List<JsonObject> messages = page.getJsonArray("messages").getValuesAs(JsonObject.class);
                assertThat(messages).as("behind %d of %d", seen, head).isNotEmpty();
                for (JsonObject message : messages) {
                    long seq = message.getJsonNumber("seq").longValue();
                    first = first == 0 ? seq : first;
                    assertThat(seq).as("no hole").isEqualTo(seen == 0 ? first : seen + 1);
                    seen = seq;
                    String id = message.getString("id");
                    assertThat(there.put(id, seq)).as("%s, twice", id).isNull();
                    assertThat(message.getString("text")).isEqualTo("text of " + id);
                    inOrderOfItsSender(said, id, lastOf);
                }
            }
        }
        assertThat(head).as("numbers go on").isGreaterThanOrEqualTo(said.newest());
        assertKept(said, first, head);
        Map<String, Long> missing = new TreeMap<>(said.acknowledged);
        missing.entrySet().removeAll(there.entrySet());
        long oldest = first;
        missing.values().removeIf(seq -> seq < oldest);
        assertThat(missing).as("acknowledged, and not there under that number").isEmpty();
        Set<String> unknown = new HashSet<>(there.keySet());
        unknown.removeAll(said.acknowledged.keySet());
        unknown.removeAll(said.unanswered);
        assertThat(unknown).as("never said").isEmpty();
    }

    private void assertKept(Said said, long first, long head) {
        if (said == big) {
            assertThat(first).isLessThanOrEqualTo(1);
        } else {
            assertThat(head - first + 1)
                    .as("kept of " + said.room)
                    .isBetween(Math.min(head, SMALL_KEPT), (long) SMALL_KEPT + SMALL_KEPT / 16);
        }
    }

    /** As long as nothing has been said again, which comes behind. */
    private void inOrderOfItsSender(Said said, String id, Map<String, Integer> lastOf) {
        int dash = id.lastIndexOf('-');
        int number = Integer.parseInt(id.substring(dash + 1));
        Integer last = lastOf.put(id.substring(0, dash), number);
        assertThat(last == null || last < number || !said.acknowledgedFirst.contains(id))
                .as("%s behind %s", id, last)
                .isTrue();
    }

    /** As a client does that had no answer: each is there once then, and acknowledged. Where all is kept, that is. */
    private void sayAgain(ParleyProcess parley) throws Exception {
        try (JsonClient client = new JsonClient(parley.socket("chat/crash"))) {
            client.next("joined");
            for (String id : big.unanswered) {
                JsonObject answer =
                        client.ask("{'type':'say','room':'crash','text':'text of " + id + "','id':'" + id + "'}");
                assertThat(answer.getString("type")).isEqualTo("ack");
                big.acknowledged.put(id, answer.getJsonNumber("seq").longValue());
            }
        }
    }

    /** Talks without waiting for each answer, and remembers what was answered. */
    private final class Talker implements WebSocket.Listener {
        final CountDownLatch firstAnswer = new CountDownLatch(1);
        private final CountDownLatch joined = new CountDownLatch(1);
        private final CountDownLatch gone = new CountDownLatch(1);
        private final Semaphore free = new Semaphore(UNANSWERED);
        private final StringBuilder text = new StringBuilder();
        private final Said said;
        private final String name;
        private final WebSocket socket;
        private final Thread talking;
        /** The number acknowledged last: answers are in the order of what was said. */
        private long newest;

        Talker(ParleyProcess parley, Said said, String name) throws Exception {
            this.said = said;
            this.name = name;
            this.talking = new Thread(this::talk, "talker-" + name);
            this.socket = http.newWebSocketBuilder()
                    .subprotocols("parley.v1.json")
                    .buildAsync(URI.create(parley.socket("chat/" + said.room)), this)
                    .get(TO_ANSWER_SECONDS, TimeUnit.SECONDS);
        }

        void start() throws InterruptedException {
            assertThat(joined.await(TO_ANSWER_SECONDS, TimeUnit.SECONDS)).isTrue();
            talking.start();
        }

        private void talk() {
            try {
                for (int n = 0; gone.getCount() > 0; n++) {
                    if (!free.tryAcquire(100, TimeUnit.MILLISECONDS)) {
                        n--;
                        continue;
                    }
                    String id = name + "-" + n;
                    said.unanswered.add(id);
                    socket.sendText(
                                    JsonClient.quoted("{'type':'say','room':'" + said.room + "','text':'text of " + id
                                            + "','id':'" + id + "','ref':'" + id + "'}"),
                                    true)
                            .get(TO_ANSWER_SECONDS, TimeUnit.SECONDS);
                }
            } catch (Exception e) {
                gone.countDown(); // killed meanwhile
            }
        }

        void end() throws InterruptedException {
            if (!gone.await(TO_HEAR_SECONDS, TimeUnit.SECONDS)) {
                // The process has ended, and the JDK's client has not said so: seen once in 31 kills.
                System.out.println("crashes: " + name + " has not heard that its connection is gone");
                socket.abort();
                gone.countDown();
            }
            talking.join(TimeUnit.SECONDS.toMillis(TO_ANSWER_SECONDS));
            assertThat(talking.isAlive()).isFalse();
        }

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            text.append(data);
            if (last) {
                try {
                    for (String line : text.toString().split("\n")) {
                        take(JsonClient.parse(line));
                    }
                } catch (RuntimeException e) {
                    wrong.add(name + ": " + e + " in " + text);
                }
                text.setLength(0);
            }
            from.request(1);
            return null;
        }

        private void take(JsonObject event) {
            if (event.getString("type").equals("joined")) {
                joined.countDown();
            } else if (event.getString("type").equals("ack")) {
                String id = event.getString("ref");
                long seq = event.getJsonNumber("seq").longValue();
                said.acknowledged.put(id, seq);
                said.acknowledgedFirst.add(id);
                if (!said.unanswered.remove(id) || event.getBoolean("duplicate", false) || seq <= newest) {
                    wrong.add(name + ": " + event + " after " + newest);
                }
                newest = seq;
                free.release();
                firstAnswer.countDown();
            } else if (event.getString("type").equals("error")) {
                wrong.add(name + ": " + event);
            }
        }

        @Override
        public CompletionStage<?> onClose(WebSocket from, int code, String reason) {
            gone.countDown();
            return null;
        }

        @Override
        public void onError(WebSocket from, Throwable error) {
            gone.countDown();
        }
    }
}
