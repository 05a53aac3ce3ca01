package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.JsonClient.parse;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.protocol.WatchList;

/**
 * Rooms that come and go and are talked in, while clients watch them, read now and then, and change their lists. Once
 * it is quiet, the last event of each watcher equals the truth.
 */
class WatchingStressTest {
    private static final int ROOMS = 30;
    private static final int WATCHERS = 12;
    private static final Duration LONG = Duration.ofSeconds(2);

    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final RoomLimits limits = Samples.limits(10, 10, Overflow.DROP_OLDEST, Duration.ZERO);
    private final RoomRegistry rooms = new RoomRegistry(limits, ROOMS, threads, Clock.systemUTC());
    private final AtomicBoolean isOver = new AtomicBoolean();

    /** A client that reads at times, and what it knows. */
    private final class Client {
        final Watcher watcher = rooms.watching().watcher(null, () -> {});
        final Map<String, String> known = new ConcurrentHashMap<>();
        final Random random;
        WatchList list = WatchList.NONE;

        Client(int seed) {
            random = new Random(seed);
        }

        void replace() {
            List<String> named = new ArrayList<>();
            for (int i = 0; i < ROOMS; i++) {
                if (random.nextInt(3) == 0) {
                    named.add("r" + i);
                }
            }
            if (random.nextBoolean()) {
                named.add("r*" + random.nextInt(10));
            }
            list = WatchList.parse(named, random.nextBoolean() ? Set.of(WatchList.Detail.LAST) : Set.of())
                    .orElseThrow();
            Runnable begins = watcher.replace(list, room -> true).orElseThrow();
            known.clear(); // what comes from here on is of this list
            begins.run();
        }

        void read() {
            for (Optional<String> line = watcher.next(500); line.isPresent(); line = watcher.next(500)) {
                JsonObject event = parse(line.get());
                if (event.containsKey("gone")) {
                    event.getJsonArray("gone")
                            .getValuesAs(JsonString::getString)
                            .forEach(known::remove);
                }
                event.getJsonArray("rooms").stream()
                        .map(JsonValue::asJsonObject)
                        .forEach(room -> known.put(room.getString("room"), words(room)));
            }
        }

        Map<String, String> expected() {
            Map<String, String> expected = new ConcurrentHashMap<>();
            for (RoomRegistry.Listed room : rooms.list("", "", ROOMS)) {
                boolean isThere = room.members() > 0 || room.seq() > 0;
                if ((isThere && list.fits(room.name())) || list.rooms().contains(room.name())) {
                    expected.put(room.name().value(), room.seq() + " " + room.members());
                }
            }
            list.rooms().forEach(room -> expected.putIfAbsent(room.value(), "0 0"));
            return expected;
        }
    }

    private static String words(JsonObject room) {
        if (room.containsKey("last")) {
            assertThat(room.getJsonObject("last").getInt("seq")).isEqualTo(room.getInt("seq"));
        }
        return room.getInt("seq", 0) + " " + room.getInt("count");
    }

    private void live(int seed) {
        Random random = new Random(seed);
        List<Member> in = new ArrayList<>();
        Member.Subscriber nobody = new Member.Subscriber() {
            @Override
            public void ready() {}

            @Override
            public void fellBehind() {}
        };
        while (!isOver.get()) {
            RoomName room = new RoomName("r" + random.nextInt(ROOMS));
            switch (random.nextInt(4)) {
                case 0 -> {
                    Entry entry = rooms.join(
                            room,
                            rooms.fix(room, new Start.Last(0)),
                            nobody,
                            Format.JSON,
                            MemberName.parse("m" + seed),
                            Samples::begin);
                    if (entry instanceof Entry.In joined) {
                        in.add(joined.member());
                    }
                }
                case 1 -> {
                    if (in.size() > 5) {
                        in.remove(random.nextInt(in.size())).leave();
                    }
                }
                default -> rooms.publish(room, Samples.line(null, "x"), outcome -> {});
            }
        }
    }

    @Test
    void whatEachWatcherWasToldLastIsTrueOnceItIsQuiet() throws Exception {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < WATCHERS; i++) {
            Client client = new Client(i);
            client.replace();
            clients.add(client);
        }
        Thread sweep = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                rooms.sweep(System.nanoTime());
                rooms.watching().tick();
                Thread.yield();
            }
        });
        sweep.start();
        List<Thread> working = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            int seed = 100 + i;
            working.add(new Thread(() -> live(seed)));
            List<Client> its = clients.subList(i * WATCHERS / 3, (i + 1) * WATCHERS / 3);
            working.add(new Thread(() -> {
                while (!isOver.get()) {
                    its.forEach(client -> {
                        if (client.random.nextInt(20) == 0) {
                            client.replace();
                        }
                        client.read();
                    });
                }
            }));
        }
        working.forEach(Thread::start);
        Thread.sleep(LONG.toMillis());
        isOver.set(true);
        for (Thread thread : working) {
            thread.join();
        }
        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            for (Client client : clients) {
                client.read();
                assertThat(client.known).isEqualTo(client.expected());
            }
        });
        clients.forEach(client -> client.watcher.close());
        assertThat(rooms.watching().watchedCount()).isZero();
        assertThat(rooms.watching().roomCount()).isZero();
        assertThat(rooms.watching().watcherCount()).isZero();
        assertThat(rooms.watching().lastBytes()).isZero();
        sweep.interrupt();
        sweep.join();
        threads.shutdown();
    }
}
