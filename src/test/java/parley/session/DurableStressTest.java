package parley.session;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;
import static parley.testclient.JsonClient.quoted;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.durable.DataSettings;
import parley.durable.DurableStore;
import parley.protocol.CloseCode;
import parley.protocol.RoomName;
import parley.protocol.Utf8;
import parley.room.Counts;
import parley.room.Format;
import parley.room.Overflow;
import parley.room.Retention;
import parley.room.RoomLimits;
import parley.room.RoomRegistry;
import parley.room.Start;

/**
 * Sessions come, talk without waiting, move between rooms on disk and go, while another thread gives rooms up and the
 * oldest messages go: each has its answers in order and each room's messages behind its {@code joined} and without a
 * hole that it was not told of; at the end no room is left and what was offered was delivered or missed, to the
 * message.
 */
class DurableStressTest {
    private static final int THREADS = 8;
    private static final int ROUNDS = 60;
    private static final int ROOMS = 3;
    private static final int TO_ANSWER_SECONDS = 30;

    @TempDir
    private Path folder;

    private final ExecutorService fanOut = Executors.newFixedThreadPool(2);
    /** What went wrong, on whatever thread. */
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    /** The room and number of each id that was acknowledged. */
    private final Map<String, String> acknowledged = new ConcurrentHashMap<>();

    /** Checks what one client is sent. */
    private final class Checked implements Transport {
        final CountDownLatch answered = new CountDownLatch(1);
        private final boolean isSlow;
        /** Of the commands that ask to join a room that it is in, from where it is. */
        final Set<Integer> stays = ConcurrentHashMap.newKeySet();
        /**
         * By room, while it is in it: the number of the last message that it got or was told it missed. Before the
         * first: the number that this may have at most, negative.
         */
        private final Map<String, Long> last = new HashMap<>();

        private int answers;
        private volatile int commands = Integer.MAX_VALUE;

        Checked(boolean isSlow) {
            this.isSlow = isSlow;
        }

        @Override
        public void send(Frame frame, Completion completion) {
            synchronized (this) {
                for (String line : ((Frame.Text) frame).text().split("\n")) {
                    take(parse(line));
                }
                if (answers >= commands) {
                    answered.countDown();
                }
            }
            if (isSlow) {
                fanOut.execute(() -> completion.completed(null));
            } else {
                completion.completed(null);
            }
        }

        private void take(JsonObject event) {
            if (event.containsKey("ref")) {
                check(event.getInt("ref") == answers, "answer " + answers + " is " + event);
                answers++;
            }
            String room = event.getString("room", "");
            Long before = last.get(room);
            switch (event.getString("type")) {
                case "joined" -> {
                    if (before == null || !stays.contains(event.getInt("ref", -1))) {
                        last.put(room, -event.getJsonNumber("seq").longValue() - 1);
                    }
                }
                case "left" -> last.remove(room);
                case "message" -> {
                    long seq = event.getJsonNumber("seq").longValue();
                    check(
                            before != null && (before < 0 ? seq <= -before : seq == before + 1),
                            event + " after " + before);
                    last.put(room, seq);
                }
                case "gap" -> {
                    long after = event.getJsonNumber("after").longValue();
                    check(
                            before != null && (before < 0 ? after < -before : after == before),
                            event + " after " + before);
                    last.put(room, event.getJsonNumber("before").longValue() - 1);
                }
                case "presence" -> check(before != null, event + " before joined");
                case "ack" -> {
                    if (event.containsKey("seq")) {
                        acknowledged(event);
                    }
                }
                case "error" -> wrong.add(event.toString());
                default -> {} // nothing in particular
            }
        }

        private void acknowledged(JsonObject ack) {
            String id = said.get(ack.getInt("ref"));
            String where = ack.getString("room") + " " + ack.getJsonNumber("seq");
            check(acknowledged.put(id, where) == null && !ack.getBoolean("duplicate"), ack.toString());
        }

        /** The ids of what was said, by ref. */
        final Map<Integer, String> said = new ConcurrentHashMap<>();

        private void check(boolean holds, String what) {
            if (!holds) {
                wrong.add(what);
            }
        }

        /** Waits until so many commands have been answered. */
        void awaitAnswers(int count) throws InterruptedException {
            synchronized (this) {
                commands = count;
                if (answers >= count) {
                    return;
                }
            }
            if (!answered.await(TO_ANSWER_SECONDS, TimeUnit.SECONDS)) {
                wrong.add("answered: " + answers + " of " + count);
            }
        }

        @Override
        public boolean ping(Completion completion) {
            completion.completed(null);
            return true;
        }

        @Override
        public long bytesUnderWay() {
            return 0;
        }

        @Override
        public boolean pauseReading() {
            return true;
        }

        @Override
        public void resumeReading() {}

        @Override
        public void close(CloseCode code, String reason) {}

        @Override
        public void drop() {}

        @Override
        public boolean isConnected() {
            return false;
        }
    }

    @ParameterizedTest
    @EnumSource(value = Overflow.class, mode = EnumSource.Mode.EXCLUDE, names = "DISCONNECT")
    void answersAndMessagesAreInOrderAndNothingIsLost(Overflow overflow) throws Exception {
        Retention retention = new Retention(300, 1 << 20, Duration.ZERO);
        DurableStore store = new DurableStore(
                new DataSettings(folder, DataSettings.Sync.INTERVAL, Duration.ofMillis(20), 1L << 30, 100, 1L << 26),
                room -> retention,
                Clock.systemUTC(),
                System::nanoTime,
                Thread::new);
        RoomLimits limits = new RoomLimits(
                20, 1 << 16, 1 << 18, Duration.ofSeconds(3), 8, overflow, Duration.ZERO, 1_000, 5, 100, retention);
        RoomRegistry rooms = new RoomRegistry(
                limits, name -> limits, 9, name -> store, 4_000, (took, since) -> {}, fanOut, Clock.systemUTC());
        SessionLimits open = new SessionLimits(
                1,
                Duration.ofSeconds(60),
                Duration.ofSeconds(60),
                Duration.ofSeconds(60),
                Duration.ofSeconds(5),
                100_000,
                1 << 20,
                1 << 24,
                1_000,
                100_000,
                0,
                Long.MAX_VALUE,
                0);
        Sessions sessions = new Sessions(
                open, fanOut, task -> {}, System::nanoTime, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1);
        AtomicBoolean done = new AtomicBoolean();
        Future<?> sweeping = threads.submit(() -> {
            while (!done.get()) {
                rooms.sweep(System.nanoTime());
            }
        });
        List<Future<?>> clients = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            int number = i;
            clients.add(threads.submit(() -> {
                for (int round = 0; round < ROUNDS; round++) {
                    client(sessions, rooms, number + "-" + round);
                }
                return null;
            }));
        }
        for (Future<?> client : clients) {
            client.get();
        }
        done.set(true);
        sweeping.get();
        Awaitility.await().until(() -> {
            rooms.sweep(System.nanoTime());
            return rooms.roomCount() == 0;
        });
        fanOut.shutdown();
        assertThat(fanOut.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        threads.shutdown();
        store.close();

        assertThat(wrong).isEmpty();
        assertThat(rooms.memberCount()).isZero();
        assertThat(sessions.openCount()).isZero();
        assertThat(rooms.logBytes()).isZero();
        Counts counts = rooms.counts();
        assertThat(counts.offered()).isEqualTo(counts.delivered() + counts.missed());
        assertThat(counts.delivered()).isPositive();
        assertThat(store.failureCount()).isZero();
        assertThat(acknowledged.values()).as("no number twice").doesNotHaveDuplicates();
    }

    private void client(Sessions sessions, RoomRegistry rooms, String name) throws InterruptedException {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        Checked transport = new Checked(random.nextInt(3) == 0);
        RoomName first = new RoomName(room(random));
        ChatConnection connection = sessions.openChat(
                new Client("/test", null, Visitor.UNKNOWN),
                transport,
                rooms,
                new FirstRoom(first, null, rooms.fix(first, new Start.Last(random.nextInt(100)))),
                Format.JSON);
        List<String> in = new ArrayList<>(List.of(first.value()));
        int commands = 0;
        for (; commands < 30; commands++) {
            String other = room(random);
            String command;
            if (!in.contains(other)) {
                command = "'type':'join','history':" + random.nextInt(400);
                in.add(other);
            } else {
                command = switch (random.nextInt(12)) {
                    case 0 -> "'type':'leave'";
                    case 1 -> "'type':'join'";
                    case 2 -> "'type':'join','history':" + random.nextInt(400);
                    case 3 -> "'type':'history','after':0,'limit':9";
                    case 4 -> "'type':'who'";
                    case 5 -> "'type':'ping'";
                    default -> say(transport, commands, name, random);
                };
                if (command.equals("'type':'join'")) {
                    transport.stays.add(commands);
                }
                if (command.contains("leave")) {
                    in.remove(other);
                }
            }
            String json = quoted("{'ref':" + commands + ",'room':'" + other + "'," + command + "}");
            connection.text(json, Utf8.length(json));
        }
        if (random.nextBoolean() && wrong.isEmpty()) {
            transport.awaitAnswers(commands);
        }
        connection.gone(1006);
    }

    private static String say(Checked transport, int ref, String name, ThreadLocalRandom random) {
        String id = name + "-" + ref;
        transport.said.put(ref, id);
        return "'type':'say','text':'" + "x".repeat(random.nextInt(200)) + "','id':'" + id + "'";
    }

    private static String room(ThreadLocalRandom random) {
        return "r" + random.nextInt(ROOMS);
    }
}
