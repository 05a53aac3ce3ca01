package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import parley.delivery.Drain;
import parley.delivery.FakeTransport;
import parley.delivery.Frame;
import parley.delivery.StreamEvent;
import parley.protocol.MemberName;
import parley.protocol.RoomName;

/**
 * Members that read, members that do not, and rooms whose logs let go under them, in memory and in a store.
 *
 * <p>Sixteen threads join, publish, read and leave in three rooms while a seventeenth gives rooms up: at the end no
 * room and no member is left, and what was offered was delivered or missed, to the message, and no JSON member has a
 * hole that it was not told of.
 */
class RoomStressTest {
    private static final int THREADS = 16;
    private static final int ROUNDS = 200;

    private static final Pattern MESSAGE = Pattern.compile("(?:^|\"text\":\")n (\\d+)");
    private static final Pattern GAP = Pattern.compile("\"gap\".*\"after\":(\\d+),\"before\":(\\d+),\"missed\":(\\d+)");
    private static final Pattern NEWS = Pattern.compile("\"type\":\"(presence|signal)\"");

    private final LongAdder received = new LongAdder();
    private final LongAdder missedByGap = new LongAdder();
    /** What went wrong, on whatever thread. */
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    /** The newest number in each room of a store. */
    private final Map<RoomName, AtomicLong> numbers = new ConcurrentHashMap<>();

    /** What is tried. */
    enum Shape {
        /** Members are behind when they are further behind than a window. */
        WINDOW(8, 1 << 20, Long.MAX_VALUE, false),
        /** Members are behind when they are slow. */
        SLOW(0, 1 << 20, Long.MAX_VALUE, false),
        /** The ring lets go under members that read, and rooms have to forget. */
        LITTLE_MEMORY(0, 3_000, 6_000, false),
        /** The same where a store has what the ring lets go of. */
        STORE(0, 3_000, 6_000, true),
        /** And where members are behind when they are further behind than a window. */
        STORE_AND_WINDOW(8, 1 << 20, Long.MAX_VALUE, true);

        private final int window;
        private final long roomBytes;
        private final long allBytes;
        private final boolean hasStore;

        Shape(int window, long roomBytes, long allBytes, boolean hasStore) {
            this.window = window;
            this.roomBytes = roomBytes;
            this.allBytes = allBytes;
            this.hasStore = hasStore;
        }

        RoomLimits limits(Overflow overflow) {
            return Samples.limits(20, roomBytes, roomBytes, window, overflow, Duration.ZERO);
        }
    }

    /** A session with a drain of its own; checks that what it gets goes up. */
    private final class Session implements Drain.Source, Member.Subscriber {
        private final FakeTransport transport;
        private final Drain drain;
        private volatile Member member;
        private final Format format;
        /** The number of the last message it got or was told it missed; -1 before the first. */
        private long last = -1;

        Session(ExecutorService fanOut, FakeTransport.When when, Format format) {
            this.format = format;
            transport = new FakeTransport(when, 1);
            drain = new Drain(this, transport, 1, fanOut);
        }

        @Override
        public Frame next() {
            Member in = member;
            Frame frame = in == null ? null : in.next();
            if (frame instanceof Frame.Several several) {
                several.messages().forEach(message -> taken(((Frame.Text) message).text()));
            } else if (frame instanceof Frame.Text text) {
                for (String line : text.text().split("\n")) {
                    taken(line);
                }
            } else if (frame instanceof Frame.Events events) {
                for (StreamEvent event : events.events()) {
                    taken(event.data());
                    String id = event.id();
                    check(id == null || id.endsWith(":" + last), id + " at " + last);
                }
            }
            return frame;
        }

        private void taken(String line) {
            Matcher message = MESSAGE.matcher(line);
            Matcher gap = GAP.matcher(line);
            if (message.find()) {
                long seq = Long.parseLong(message.group(1));
                boolean follows = format == Format.PLAIN || last < 0 ? seq > last : seq == last + 1;
                check(follows, seq + " after " + last);
                last = seq;
                received.increment();
            } else if (gap.find()) {
                check(last < 0 || Long.parseLong(gap.group(1)) == last, line + " after " + last);
                last = Long.parseLong(gap.group(2)) - 1;
                check(Long.parseLong(gap.group(3)) == last - Long.parseLong(gap.group(1)), line);
                missedByGap.add(Long.parseLong(gap.group(3)));
            } else {
                check(NEWS.matcher(line).find(), line);
            }
        }

        private void check(boolean holds, String what) {
            if (!holds) {
                wrong.add(what);
            }
        }

        @Override
        public void sendFailed(Throwable cause) {
            wrong.add(cause.toString());
        }

        @Override
        public void ready() {
            drain.wake();
        }

        @Override
        public void fellBehind() {
            Member in = member;
            if (in != null) { // null while it joins; the next turn finds it again
                in.leave();
            }
        }
    }

    static Stream<Arguments> shapes() {
        return Stream.of(Shape.values())
                .flatMap(shape -> Stream.of(Overflow.values()).map(overflow -> Arguments.of(shape, overflow)));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void offeredIsDeliveredPlusMissedAndNothingIsLeft(Shape shape, Overflow overflow) throws Exception {
        ExecutorService fanOut = Executors.newFixedThreadPool(2);
        ExecutorService storing = Executors.newSingleThreadExecutor();
        RoomStore store = shape.hasStore ? new AsyncStore(storing, 60) : new MemoryStore();
        RoomLimits limits = shape.limits(overflow);
        RoomRegistry registry = new RoomRegistry(
                limits,
                room -> limits,
                100,
                room -> store,
                shape.allBytes,
                (took, since) -> {},
                fanOut,
                Clock.systemUTC());
        ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1);
        AtomicBoolean done = new AtomicBoolean();
        Future<?> sweeping = threads.submit(() -> {
            while (!done.get()) {
                registry.sweep(System.nanoTime());
            }
        });
        List<Callable<Void>> clients = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            clients.add(() -> client(registry, fanOut, shape));
        }
        for (Future<Void> client : threads.invokeAll(clients)) {
            client.get();
        }
        done.set(true);
        sweeping.get();
        Awaitility.await().until(() -> {
            registry.sweep(System.nanoTime());
            return registry.roomCount() == 0;
        });
        fanOut.shutdown();
        assertThat(fanOut.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        storing.shutdown();
        threads.shutdown();

        assertThat(wrong).isEmpty();
        assertThat(registry.memberCount()).isZero();
        assertThat(registry.logBytes()).isZero();
        Counts counts = registry.counts(); // of rooms given up too
        assertThat(counts.delivered()).isEqualTo(received.sum());
        assertThat(counts.offered()).isEqualTo(counts.delivered() + counts.missed());
        assertThat(received.sum()).isPositive();
        if (shape == Shape.WINDOW && overflow != Overflow.DISCONNECT) { // who is behind is gone there
            assertThat(missedByGap.sum())
                    .as("some were told of a gap, which is a part of what was missed")
                    .isBetween(1L, counts.missed());
        }
    }

    /** Turns come late, and bursts are long: but all read, so none misses anything, and none is slow. */
    @ParameterizedTest
    @EnumSource(Overflow.class)
    void membersThatReadMissNothing(Overflow overflow) throws Exception {
        RoomLimits limits = Samples.limits(10, 1 << 20, 1 << 30, 0, overflow, Duration.ZERO);
        ExecutorService fanOut = Executors.newFixedThreadPool(2);
        RoomRegistry registry = new RoomRegistry(limits, 100, fanOut, Clock.systemUTC());
        int publishers = 3;
        int messages = 5_000;
        List<Session> sessions = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            Format format = Format.values()[i % 3];
            Session session = new Session(fanOut, FakeTransport.When.INSIDE_SEND, format);
            sessions.add(session);
            session.member = Samples.member(
                    registry.join(RoomName.LOBBY, new Start.Last(0), session, format, null, Samples::begin));
        }
        Room room = sessions.get(0).member.room();
        List<Thread> all = new ArrayList<>();
        for (int i = 0; i < publishers; i++) {
            all.add(new Thread(() -> {
                for (int n = 0; n < messages; n++) {
                    publishNumbered(room, Shape.SLOW);
                }
            }));
        }
        all.forEach(Thread::start);
        for (Thread thread : all) {
            thread.join();
        }
        Awaitility.await()
                .until(() ->
                        sessions.stream().noneMatch(session -> session.member.isBehind() || !session.drain.isAtRest()));
        fanOut.shutdown();
        assertThat(fanOut.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        assertThat(wrong).isEmpty();
        long offered = (long) sessions.size() * publishers * messages;
        assertThat(registry.counts()).isEqualTo(new Counts((long) publishers * messages, offered, offered, 0));
        assertThat(received.sum()).isEqualTo(offered);
    }

    private Void client(RoomRegistry registry, ExecutorService fanOut, Shape shape) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        for (int round = 0; round < ROUNDS; round++) {
            boolean isSlow = random.nextInt(4) == 0;
            FakeTransport.When when = isSlow ? FakeTransport.When.LATER : FakeTransport.When.INSIDE_SEND;
            Format format = Format.values()[random.nextInt(3)];
            Session session = new Session(fanOut, when, format);
            RoomName name = new RoomName("r" + random.nextInt(3));
            MemberName as = new MemberName("n" + random.nextInt(9));
            Start start = registry.fix(name, new Start.Last(random.nextInt(20)));
            Member member = Samples.member(registry.join(name, start, session, format, as, Samples::begin));
            session.member = member;
            session.drain.wake();
            for (int i = random.nextInt(20); i > 0; i--) {
                publishNumbered(member.room(), shape);
                if (random.nextInt(8) == 0) {
                    member.room().signal(Samples.line(null, "signal"));
                    member.rename("m" + random.nextInt(9));
                }
                if (isSlow && random.nextInt(4) == 0) {
                    member.frameUnderWay(Samples.SLOW_AFTER.toNanos());
                }
                if (isSlow && random.nextBoolean()) {
                    session.transport.completeOne(null);
                }
            }
            member.leave();
        }
        return null;
    }

    /** Says the number that it gets: in memory a room that was given up begins again, in a store it goes on. */
    private void publishNumbered(Room room, Shape shape) {
        if (!shape.hasStore) {
            synchronized (room) {
                Samples.publish(room, "n " + (room.log().ring().newest() + 1));
            }
            return;
        }
        AtomicLong newest = numbers.computeIfAbsent(room.name(), name -> new AtomicLong());
        synchronized (newest) {
            long seq = newest.incrementAndGet();
            if (Samples.publish(room, "n " + seq) != seq) {
                wrong.add("another number than " + seq);
            }
        }
    }
}
