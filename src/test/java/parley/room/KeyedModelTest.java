package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.JsonClient.parse;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import parley.delivery.Frame;
import parley.durable.DataSettings;
import parley.durable.DurableStore;
import parley.protocol.Key;
import parley.protocol.RoomName;

/**
 * At random: clients that read at their own pace, are cut and come back, while values are set, removed and compared
 * with. A snapshot has the values of the model as of its number, nothing comes twice, and in the end each client has the
 * newest values.
 */
@Timeout(180)
class KeyedModelTest {
    private static final int STEPS = Integer.getInteger("parley.keys.steps", 4_000);
    private static final int KEYS = 12;
    private static final int CLIENTS = 5;

    @TempDir
    private Path folder;

    private final long seed = new Random().nextLong();
    private final Random random = new Random(seed);
    private final Member.Subscriber subscriber = new Member.Subscriber() {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}
    };

    /** The values as of each number. */
    private final List<Map<String, String>> model = new ArrayList<>(List.of(Map.of()));
    /** Whether the entry of a number is of a key, and of which. */
    private final List<String> keyOf = new ArrayList<>(List.of(""));

    private Room room(RoomStore store, RoomLimits limits) {
        Room room = new Room(
                RoomName.LOBBY,
                limits,
                new LogBudget(Long.MAX_VALUE, () -> {}),
                new Tally(),
                (took, since) -> {},
                Runnable::run,
                Clock.systemUTC(),
                Clock.systemUTC()::millis);
        room.open(store);
        return room;
    }

    /** A client of the protocol, over one connection after the other. */
    private final class Client {
        private final Room room;
        private @Nullable Member member;
        private final Map<String, String> values = new TreeMap<>();
        private final Map<String, String> coming = new TreeMap<>();
        private long comingSeq = -1;
        /** The number that its values are as of; -1 while it has no state. */
        private long seq = -1;
        /** The number up to which it has all messages, or gaps in their place; -1 while it has no state. */
        private long log = -1;

        private boolean hasGap;
        int states;

        Client(Room room) {
            this.room = room;
        }

        void join() throws Exception {
            Start.After after = seq < 0 ? null : new Start.After(room.epoch(), Math.min(seq, log));
            CompletableFuture<Joined> joined = new CompletableFuture<>();
            room.join(subscriber, Format.JSON, null, room.fix(new Start.State(after)), null, joined::complete);
            Joined in = joined.get(30, TimeUnit.SECONDS);
            member = in.member();
            coming.clear();
            comingSeq = -1;
            hasGap = false;
            if (!Boolean.TRUE.equals(in.recovered())) {
                seq = -1;
                log = -1;
            } else {
                log = Math.min(seq, log);
            }
            in.member().begin();
        }

        void cut() {
            if (member != null) {
                member.leave();
                member = null;
            }
        }

        /** Takes a frame, of which the first lines come through when it is cut there. */
        boolean take(boolean isWhole) {
            Frame frame = member == null ? null : member.next();
            if (frame == null) {
                return false;
            }
            String[] lines = ((Frame.Text) frame).text().split("\n");
            Set<String> keys = new HashSet<>();
            int count = isWhole ? lines.length : random.nextInt(lines.length + 1);
            for (int i = 0; i < count; i++) {
                JsonObject event = parse(lines[i]);
                if (event.getString("type").equals("message") && event.containsKey("key")) {
                    assertThat(keys.add(event.getString("key")))
                            .as("one event a key and frame")
                            .isTrue();
                }
                take(event);
            }
            return true;
        }

        /** What it has passed over are entries of keys, which newer ones have superseded. */
        private void goOn(long upTo, String what) {
            for (long i = log + 1; log >= 0 && i <= upTo; i++) {
                assertThat(keyOf.get((int) i))
                        .as(what + ", " + i + ", seed " + seed)
                        .isNotEmpty();
            }
        }

        private void take(JsonObject event) {
            switch (event.getString("type")) {
                case "gap" -> {
                    hasGap = true;
                    goOn(event.getInt("after"), "before a gap");
                    log = event.getInt("before") - 1;
                }
                case "state" -> {
                    if (event.getInt("seq") != comingSeq) {
                        coming.clear();
                        comingSeq = event.getInt("seq");
                        log = log < 0 ? comingSeq : log; // behind the first the log begins, though another may follow
                    }
                    event.getJsonArray("messages")
                            .getValuesAs(JsonObject.class)
                            .forEach(value -> coming.put(value.getString("key"), value.getString("text")));
                    if (!event.getBoolean("more")) {
                        states++;
                        hasGap = false;
                        seq = comingSeq;
                        values.clear();
                        values.putAll(coming);
                        comingSeq = -1;
                        assertThat(values)
                                .as("a snapshot, seed " + seed)
                                .isEqualTo(withoutRemoved(model.get((int) seq), seq, values));
                    }
                }
                case "message" -> {
                    assertThat(hasGap)
                            .as("values come behind a gap, seed " + seed)
                            .isFalse();
                    assertThat(event.getInt("seq"))
                            .as("nothing twice, seed " + seed)
                            .isGreaterThan((int) log);
                    long its = event.getInt("seq");
                    goOn(its - 1, "no message is passed over");
                    log = its;
                    String key = event.getString("key", "");
                    assertThat(key).isEqualTo(keyOf.get((int) its));
                    if (its <= seq) {
                        return; // the values are newer
                    }
                    seq = its;
                    if (event.getBoolean("removed", false)) {
                        values.remove(key);
                    } else if (!key.isEmpty()) {
                        values.put(key, event.getString("text"));
                    }
                }
                default -> {}
            }
        }
    }

    /** The model's values, without those that were removed since and that the snapshot does not have any more. */
    private Map<String, String> withoutRemoved(Map<String, String> then, long seq, Map<String, String> snapshot) {
        Map<String, String> left = new TreeMap<>(then);
        left.keySet()
                .removeIf(key -> !snapshot.containsKey(key)
                        && model.subList((int) seq, model.size()).stream()
                                .anyMatch(values -> !values.containsKey(key)));
        return left;
    }

    private void play(Room room) throws Exception {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
            clients.add(new Client(room));
        }
        for (int step = 0; step < STEPS; step++) {
            change(room, step);
            for (int i = 0; i < CLIENTS; i++) {
                if (random.nextInt(1 << (2 * i)) == 0) { // each at a quarter of the pace of the one before
                    act(clients.get(i));
                }
            }
        }
        for (Client client : clients) {
            if (client.member == null) {
                client.join();
            }
            Map<String, String> last = model.get(model.size() - 1);
            await().untilAsserted(() -> {
                while (client.take(true)) {}
                assertThat(client.values).as("at the end, seed " + seed).isEqualTo(last);
                assertThat(Objects.requireNonNull(client.member).isBehind()).isFalse();
            });
            client.goOn(model.size() - 1, "no message is missing at the end");
            assertThat(client.states).isGreaterThan(0);
        }
        Counts counts = room.tally().counts();
        assertThat(counts.offered()).isEqualTo(counts.delivered() + counts.missed());
    }

    private void act(Client client) throws Exception {
        int dice = random.nextInt(20);
        if (client.member == null) {
            client.join();
        } else if (dice == 0) {
            client.take(false);
            client.cut();
        } else {
            client.take(true);
        }
    }

    private void change(Room room, int step) throws Exception {
        Map<String, String> next = new TreeMap<>(model.get(model.size() - 1));
        String key = "k" + random.nextInt(KEYS);
        int dice = random.nextInt(10);
        Outcome outcome;
        if (dice == 0) {
            outcome = publish(room, "m" + step);
            key = "";
        } else if (dice == 1) {
            outcome = put(room, KeyDraft.removal(new Key(key), Samples.line("Ann", ""), OptionalLong.empty()));
            if (!next.containsKey(key)) {
                assertThat(outcome).isInstanceOfAny(Outcome.NotFound.class, Outcome.Published.class);
                return;
            }
            next.remove(key);
        } else {
            long there = room.keys()
                    .find(new Key(key))
                    .value()
                    .map(value -> value.seq())
                    .orElse(0L);
            boolean isWrong = dice == 2;
            OptionalLong expected = dice > 5 ? OptionalLong.empty() : OptionalLong.of(isWrong ? there + 1 : there);
            String text = step + "-" + "x".repeat(random.nextInt(200));
            outcome = put(
                    room,
                    new KeyDraft(
                            new Key(key),
                            Samples.line("Ann", text),
                            expected,
                            0,
                            room.keys().limits()));
            if (isWrong) {
                assertThat(outcome).isInstanceOf(Outcome.Conflict.class);
                return;
            }
            next.put(key, text);
        }
        assertThat(((Outcome.Published) outcome).seq()).isEqualTo(model.size());
        model.add(next);
        keyOf.add(key);
    }

    private static Outcome put(Room room, KeyDraft draft) throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        room.keys().put(draft, result::complete);
        return result.get(30, TimeUnit.SECONDS);
    }

    private static Outcome publish(Room room, String text) throws Exception {
        AtomicReference<Outcome> now = new AtomicReference<>();
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        room.publish(Samples.line("Ann", text), outcome -> {
            now.set(outcome);
            result.complete(outcome);
        });
        return result.get(30, TimeUnit.SECONDS);
    }

    /** With a log so short that slow clients miss some of it, and pages of a few values. */
    private static RoomLimits limits(@Nullable Retention retention) {
        return new RoomLimits(
                5,
                10_000,
                10_000,
                Duration.ofSeconds(3),
                0,
                Overflow.DROP_OLDEST,
                Duration.ofHours(1),
                500,
                5,
                100,
                retention);
    }

    @Test
    void valuesInMemoryAreThoseOfTheModel() throws Exception {
        play(room(new MemoryStore(), limits(null)));
    }

    @Test
    void valuesOnDiskAreThoseOfTheModel() throws Exception {
        Retention retention = new Retention(50, 1 << 20, Duration.ZERO);
        DataSettings settings =
                new DataSettings(folder, DataSettings.Sync.INTERVAL, Duration.ofSeconds(1), 1 << 30, 100, 1 << 20);
        try (DurableStore store =
                new DurableStore(settings, name -> retention, Clock.systemUTC(), System::nanoTime, Thread::new)) {
            play(room(store, limits(retention)));
        }
        try (DurableStore store =
                new DurableStore(settings, name -> retention, Clock.systemUTC(), System::nanoTime, Thread::new)) {
            Client late = new Client(room(store, limits(retention)));
            late.join();
            await().untilAsserted(() -> {
                while (late.take(true)) {}
                assertThat(late.values).isEqualTo(model.get(model.size() - 1));
            });
        }
    }
}
