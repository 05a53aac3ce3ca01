package parley.session;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.quoted;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.delivery.FakeTransport;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.CloseCode;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.room.Format;
import parley.room.MarksShown;
import parley.room.Member;
import parley.room.Overflow;
import parley.room.Room;
import parley.room.RoomLimits;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.room.Start;

/** Interleavings that were got wrong once, tried many times. */
class JsonRaceTest {
    private static final Member.Subscriber NOBODY = new Member.Subscriber() {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}
    };

    /** Takes everything at once. */
    private static final class Quick implements Transport {
        private List<String> lines = new ArrayList<>();

        @Override
        public void send(Frame frame, Completion completion) {
            synchronized (this) {
                String words = frame instanceof Frame.Text text ? text.text() : frame.toString();
                lines.addAll(List.of(words.split("\n")));
            }
            completion.completed(null);
        }

        /** Returns the events since this was last asked. */
        synchronized List<String> take() {
            List<String> all = lines;
            lines = new ArrayList<>();
            return all;
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

    private final SessionLimits limits = new SessionLimits(
            1,
            Duration.ofSeconds(10),
            Duration.ofSeconds(25),
            Duration.ofSeconds(60),
            Duration.ofSeconds(5),
            1_000,
            10_000,
            1 << 24,
            5,
            100,
            0,
            Long.MAX_VALUE,
            0);
    private final Sessions sessions = new Sessions(
            limits, Runnable::run, task -> {}, () -> 0, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
    private final RoomRegistry rooms = new RoomRegistry(
            new RoomLimits(
                    10,
                    1 << 20,
                    1 << 20,
                    Duration.ofSeconds(3),
                    5,
                    Overflow.DROP_OLDEST,
                    Duration.ofHours(1),
                    1 << 16,
                    2_000,
                    RoomLimits.PRESENCE_INTERVAL,
                    Duration.ZERO, // nobody is away
                    100_000,
                    RoomLimits.MARKS,
                    RoomLimits.REACTIONS,
                    parley.room.KeyLimits.DEFAULT,
                    parley.protocol.PlainChanges.SHOW,
                    parley.room.GrowthLimits.DEFAULT,
                    MarksShown.OWN,
                    null),
            100,
            Runnable::run,
            Clock.systemUTC());
    private long sweptAt;

    private ChatConnection open(Sessions in, Transport transport, Format format) {
        return in.openChat(
                new Client("/test", null, Visitor.UNKNOWN),
                transport,
                rooms,
                new FirstRoom(RoomName.LOBBY, null, rooms.fix(RoomName.LOBBY, new Start.Last(0))),
                format);
    }

    private Member join(RoomName room, String name) {
        MemberName as = name == null ? null : new MemberName(name);
        return Samples.member(
                rooms.join(room, rooms.fix(room, new Start.Last(0)), NOBODY, Format.JSON, as, Samples::begin));
    }

    private static void say(ChatConnection who, String commands) {
        who.text(quoted(commands), 0);
    }

    private void sweep() {
        sweptAt += 1_000_000_000L;
        rooms.sweep(sweptAt);
    }

    private static void spin(int times) {
        for (int i = 0; i < times; i++) {
            Thread.onSpinWait();
        }
    }

    /**
     * The draining thread finds no answer; the other queues {@code joined} and makes the room's member known; the
     * draining thread then took a message of the room.
     */
    @Test
    void nothingOfARoomComesBeforeItsJoined() throws Exception {
        Quick transport = new Quick();
        ChatConnection connection = open(sessions, transport, Format.JSON);
        Room room = join(new RoomName("other"), null).room();
        Samples.publish(room, "x");
        Thread waker = new Thread(() -> {
            while (!Thread.interrupted()) {
                connection.ready(); // what any room's turn does
            }
        });
        waker.start();
        int early = 0;
        boolean in = false; // carried over: the waker may still be sending what belongs to the round before
        for (int round = 0; round < 30_000; round++) {
            say(connection, "{'type':'join','room':'other','history':1}");
            say(connection, "{'type':'leave','room':'other'}");
            for (String line : transport.take()) {
                if (line.contains("\"other\"")) {
                    in = line.contains("\"joined\"") || (in && !line.contains("\"type\":\"left\""));
                    early += line.contains("\"message\"") && !in ? 1 : 0;
                }
            }
        }
        waker.interrupt();
        waker.join();
        assertThat(early).isZero();
    }

    /**
     * The same where the draining thread finds no answer just before, and then reads which rooms there are: it does
     * nothing else here.
     */
    @Test
    void nothingOfARoomComesBeforeItsJoinedHoweverOftenTheStoreRefreshes() throws Exception {
        FakeTransport transport = new FakeTransport(FakeTransport.When.LATER, 1); // with a frame in flight for good
        ChatConnection connection = open(sessions, transport, Format.JSON);
        Room room = join(new RoomName("other"), null).room();
        Samples.publish(room, "x");
        AtomicBoolean done = new AtomicBoolean();
        int[] early = {0};
        Thread draining = new Thread(() -> {
            boolean in = false;
            while (!done.get()) {
                Frame frame = connection.nextFrame();
                for (String line :
                        frame instanceof Frame.Text text ? text.text().split("\n") : new String[0]) {
                    if (line.contains("\"other\"")) {
                        in = line.contains("\"joined\"") || (in && !line.contains("\"type\":\"left\""));
                        early[0] += line.contains("\"message\"") && !in ? 1 : 0;
                    }
                }
            }
        });
        draining.start();
        for (int round = 0; round < 100_000; round++) {
            say(connection, "{'type':'join','room':'other','history':1}");
            say(connection, "{'type':'leave','room':'other'}");
            spin(round % 50);
        }
        done.set(true);
        draining.join();
        assertThat(connection.hasEnded()).isFalse();
        assertThat(early[0]).isZero();
    }

    /**
     * The picture was looked up while Bob was there; then it was told that he left; then the picture was sent, with
     * Bob.
     */
    @Test
    void whoIsNotOlderThanThePresenceBeforeIt() throws Exception {
        Quick transport = new Quick();
        ChatConnection connection = open(sessions, transport, Format.JSON);
        for (int i = 0; i < 300; i++) {
            join(RoomName.LOBBY, "n" + i);
        }
        sweep();
        CyclicBarrier barrier = new CyclicBarrier(2);
        int rounds = 4_000;
        Thread asking = new Thread(() -> {
            try {
                for (int i = 0; i < rounds; i++) {
                    barrier.await();
                    say(connection, "{'type':'who','room':'lobby'}");
                    barrier.await();
                }
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        asking.start();
        int ghosts = 0;
        for (int i = 0; i < rounds; i++) {
            Member bob = join(RoomName.LOBBY, "Bob");
            sweep();
            transport.take();
            barrier.await();
            spin((i % 50) * 20);
            bob.leave();
            sweep();
            barrier.await();
            sweep(); // nothing is new any more
            boolean there = true;
            for (String line : transport.take()) {
                if (line.contains("\"names\":")) {
                    there = line.contains("\"Bob\"");
                } else if (line.contains("\"left\":[\"Bob\"]")) {
                    there = false;
                }
            }
            ghosts += there ? 1 : 0;
        }
        asking.join();
        assertThat(ghosts).isZero();
    }

    /**
     * A shutdown that began between a connection's opening and its entering said {@code bye} and closed, and welcomed
     * it then.
     */
    @Test
    void welcomeComesFirstAndByeLastWheneverTheServerStops() throws Exception {
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < 4_000; i++) {
            Sessions some = new Sessions(
                    limits,
                    Runnable::run,
                    task -> {},
                    System::nanoTime,
                    Clock.systemUTC(),
                    Renewal.NONE,
                    AddressLimit.NONE);
            Quick transport = new Quick();
            int spins = i % 200;
            Thread stopping = new Thread(() -> {
                try {
                    spin(spins * 50);
                    some.endAll(Duration.ZERO, Duration.ZERO);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            stopping.start();
            ChatConnection connection = open(some, transport, Format.JSON);
            say(connection, "{'type':'ping'}\n".repeat(5));
            stopping.join();
            List<String> lines = transport.take();
            for (int at = 0; at < lines.size(); at++) {
                boolean isRight = (at == 0) == lines.get(at).contains("\"welcome\"")
                        && (at == lines.size() - 1 || !lines.get(at).contains("\"bye\""));
                if (!isRight) {
                    wrong.add(at + " of " + lines);
                }
            }
        }
        assertThat(wrong).isEmpty();
    }

    /** It ends after a room has made it a member and before it knows of that: it finds no member to leave with. */
    @ParameterizedTest
    @EnumSource(value = Format.class, mode = EnumSource.Mode.EXCLUDE, names = "DIRECT")
    void whoEndsWhileJoiningLeavesNobodyBehind(Format format) throws Exception {
        for (int i = 0; i < 5_000; i++) {
            ChatConnection[] opened = new ChatConnection[1];
            Thread[] ending = new Thread[1];
            int spins = i % 300;
            Sessions some = new Sessions(
                    limits, Runnable::run, task -> {}, () -> 0, Clock.systemUTC(), Renewal.NONE, AddressLimit.NONE);
            ending[0] = new Thread(() -> {
                spin(spins * 20);
                try {
                    some.endAll(Duration.ZERO, Duration.ZERO);
                } catch (InterruptedException e) {
                    throw new AssertionError(e);
                }
            });
            ending[0].start();
            opened[0] = open(some, new Quick(), format);
            for (int room = 0; room < 6 && format == Format.JSON; room++) {
                say(
                        opened[0],
                        "{'type':'join','room':'r" + room + "'}\n{'type':'rename','name':'n" + room
                                + "'}\n{'type':'join','room':'r" + room + "','history':3}");
            }
            ending[0].join();
            assertThat(rooms.memberCount()).isZero();
            assertThat(some.openCount()).isZero();
        }
        assertThat(join(new RoomName("r0"), null).room().snapshot().names()).isEmpty();
    }
}
