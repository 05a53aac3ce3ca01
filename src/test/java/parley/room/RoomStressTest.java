package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.delivery.Drain;
import parley.delivery.FakeTransport;
import parley.delivery.Frame;
import parley.protocol.MemberName;
import parley.protocol.RoomName;

/**
 * Sixteen threads join, publish, read and leave in three rooms while a seventeenth gives rooms up: at the end no room and no
 * member is left, and what was offered was delivered or missed, to the message, and no JSON member has a hole that it was not told of.
 */
class RoomStressTest {
    private static final int THREADS = 16;
    private static final int ROUNDS = 400;

    private static final Pattern MESSAGE = Pattern.compile("(?:^|\"text\":\")n (\\d+)");
    private static final Pattern GAP = Pattern.compile("\"gap\".*\"after\":(\\d+),\"before\":(\\d+),\"missed\":(\\d+)");
    private static final Pattern NEWS = Pattern.compile("\"type\":\"(presence|signal)\"");

    private final LongAdder received = new LongAdder();
    private final LongAdder missedByGap = new LongAdder();
    /** What went wrong, on whatever thread. */
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    /** Every room there was: one that has been given up leaves the registry with its counts. */

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
            if (frame instanceof Frame.Text text) {
                for (String line : text.text().split("\n")) {
                    taken(line);
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

    @ParameterizedTest
    @EnumSource(Overflow.class)
    void offeredIsDeliveredPlusMissedAndNothingIsLeft(Overflow overflow) throws Exception {
        RoomLimits limits = Samples.limits(50, 8, overflow, Duration.ZERO);
        ExecutorService fanOut = Executors.newFixedThreadPool(2);
        RoomRegistry registry = new RoomRegistry(limits, 100, fanOut, Clock.systemUTC());
        ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1);
        AtomicBoolean done = new AtomicBoolean();
        Future<?> sweeping = threads.submit(() -> {
            while (!done.get()) {
                registry.sweep(System.nanoTime());
            }
        });
        List<Callable<Void>> clients = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            clients.add(() -> client(registry, fanOut));
        }
        for (Future<Void> client : threads.invokeAll(clients)) {
            client.get();
        }
        done.set(true);
        sweeping.get();
        registry.sweep(System.nanoTime());
        fanOut.shutdown();
        assertThat(fanOut.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        threads.shutdown();

        assertThat(registry.roomCount()).isZero();
        assertThat(registry.memberCount()).isZero();
        Counts counts = registry.counts(); // of rooms given up too
        assertThat(counts.delivered()).isEqualTo(received.sum());
        assertThat(counts.offered()).isEqualTo(counts.delivered() + counts.missed());
        assertThat(wrong).isEmpty();
        assertThat(received.sum()).isPositive();
        assertThat(missedByGap.sum())
                .as("some were told of a gap, which is a part of what was missed")
                .isBetween(overflow == Overflow.DISCONNECT ? 0L : 1L, counts.missed()); // who is behind is gone there
    }

    private Void client(RoomRegistry registry, ExecutorService fanOut) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        for (int round = 0; round < ROUNDS; round++) {
            boolean isSlow = random.nextInt(4) == 0;
            FakeTransport.When when = isSlow ? FakeTransport.When.LATER : FakeTransport.When.INSIDE_SEND;
            Format format = random.nextBoolean() ? Format.JSON : Format.PLAIN;
            Session session = new Session(fanOut, when, format);
            RoomName name = new RoomName("r" + random.nextInt(3));
            MemberName as = new MemberName("n" + random.nextInt(9));
            Start start = registry.fix(name, new Start.Last(random.nextInt(20)));
            Member member = Samples.member(registry.join(name, start, session, format, as, Samples::begin));
            session.member = member;
            session.drain.wake();
            for (int i = random.nextInt(20); i > 0; i--) {
                publishNumbered(member.room());
                if (random.nextInt(8) == 0) {
                    member.room().signal(Samples.line(null, "signal"));
                    member.rename("m" + random.nextInt(9));
                }
                if (isSlow && random.nextBoolean()) {
                    session.transport.completeOne(null);
                }
            }
            member.leave();
        }
        return null;
    }

    private static void publishNumbered(Room room) {
        synchronized (room) {
            Samples.publish(room, "n " + (room.log().ring().newest() + 1));
        }
    }
}
