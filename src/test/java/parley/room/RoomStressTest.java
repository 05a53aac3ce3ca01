package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.delivery.Drain;
import parley.delivery.FakeTransport;
import parley.delivery.Frame;
import parley.delivery.Overflow;
import parley.protocol.RoomName;

/**
 * Sixteen threads join, publish, read and leave in three rooms while a seventeenth gives rooms up: at the end no room and no
 * member is left, and what was offered was delivered or missed, to the message.
 */
class RoomStressTest {
    private static final int THREADS = 16;
    private static final int ROUNDS = 400;

    private final LongAdder received = new LongAdder();
    /** Every room there was: one that has been given up leaves the registry with its counts. */
    private final Set<Room> rooms = ConcurrentHashMap.newKeySet();

    /** A session with a drain of its own; checks that what it gets goes up. */
    private final class Session implements Drain.Source, Member.Subscriber {
        private final FakeTransport transport;
        private final Drain drain;
        private volatile Member member;
        private long last;

        Session(ExecutorService fanOut, FakeTransport.When when) {
            transport = new FakeTransport(when, 1);
            drain = new Drain(this, transport, 1, fanOut);
        }

        @Override
        public Frame next() {
            Member in = member;
            Frame frame = in == null ? null : in.next();
            if (frame instanceof Frame.Text text) {
                long seq = Long.parseLong(text.text().substring(text.text().indexOf(' ') + 1));
                if (seq <= last) {
                    throw new AssertionError(seq + " after " + last);
                }
                last = seq;
                received.increment();
            }
            return frame;
        }

        @Override
        public void sendFailed(Throwable cause) {
            throw new AssertionError(cause);
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
                registry.sweep();
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
        fanOut.shutdown();
        assertThat(fanOut.awaitTermination(30, TimeUnit.SECONDS)).isTrue();
        threads.shutdown();

        registry.sweep();
        assertThat(registry.roomCount()).isZero();
        assertThat(registry.memberCount()).isZero();
        Room.Counts counts = rooms.stream().map(Room::counts).reduce(new Room.Counts(0, 0, 0), Room.Counts::plus);
        assertThat(counts.delivered()).isEqualTo(received.sum());
        assertThat(counts.offered()).isEqualTo(counts.delivered() + counts.missed());
        assertThat(received.sum()).isPositive();
    }

    private Void client(RoomRegistry registry, ExecutorService fanOut) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        for (int round = 0; round < ROUNDS; round++) {
            boolean isSlow = random.nextInt(4) == 0;
            Session session = new Session(fanOut, isSlow ? FakeTransport.When.LATER : FakeTransport.When.INSIDE_SEND);
            RoomName name = new RoomName("r" + random.nextInt(3));
            Member member = Samples.plain(registry, name, session, registry.position(name, random.nextInt(20)));
            session.member = member;
            rooms.add(member.room());
            session.drain.wake();
            for (int i = random.nextInt(20); i > 0; i--) {
                publishNumbered(member.room());
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
            room.publish(Samples.line(null, "n " + (room.log().head() + 1)));
        }
    }
}
