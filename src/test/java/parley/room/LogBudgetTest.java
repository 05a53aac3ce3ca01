package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import parley.protocol.RoomName;

class LogBudgetTest {
    private static final Member.Subscriber NOTHING = new Member.Subscriber() {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}
    };

    private final RoomLimits limits = Samples.limits(1000, 1000, Overflow.DROP_OLDEST, Duration.ZERO);
    private final Queue<Runnable> turns = new ArrayDeque<>();
    private Instant now = Instant.EPOCH;
    private final Clock clock = new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneId.of("Z");
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now;
        }
    };

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private static Member member(RoomRegistry rooms, String name) {
        RoomName room = new RoomName(name);
        return Samples.plain(rooms, room, NOTHING, rooms.fix(room, new Start.Last(0)));
    }

    private static Room enter(RoomRegistry rooms, String name) {
        return member(rooms, name).room();
    }

    @Test
    void theRoomInWhichNothingWasSaidForLongestForgetsFirst() {
        RoomRegistry rooms = new RoomRegistry(
                limits, room -> limits, 9, room -> new MemoryStore(), 30_000, (took, since) -> {}, turns::add, clock);
        Member listener = member(rooms, "quiet");
        Member talker = member(rooms, "busy");
        Room quiet = listener.room();
        Room busy = talker.room();
        Samples.publish(quiet, "x".repeat(10_000));
        now = now.plusSeconds(1);
        Samples.publish(busy, "x".repeat(10_000));
        runTurns();
        assertThat(listener.next()).isNotNull();
        assertThat(talker.next()).isNotNull();
        assertThat(Samples.read(quiet, History.Range.newest(9)).messages()).hasSize(1);
        assertThat(rooms.logBytes()).isEqualTo(2 * (10_000 + Ring.OVERHEAD_BYTES));

        now = now.plusSeconds(1);
        Samples.publish(busy, "x".repeat(10_000));
        runTurns();
        assertThat(Samples.read(quiet, History.Range.newest(9)).messages()).isEmpty();
        // Looked for what is gone without end, once.
        assertThat(Samples.read(quiet, History.Range.after(0, 9)).messages()).isEmpty();
        assertThat(Samples.read(busy, History.Range.newest(9)).messages()).hasSize(2);
        assertThat(rooms.forgottenCount()).isEqualTo(1);
        assertThat(rooms.logBytes()).isEqualTo(2 * (10_000 + Ring.OVERHEAD_BYTES));
    }

    @Test
    void aRoomWhoseMembersDoNotTakeItsMessagesForgetsBeforeThoseWhoseMembersDo() {
        RoomRegistry rooms = new RoomRegistry(
                limits, room -> limits, 9, room -> new MemoryStore(), 30_000, (took, since) -> {}, turns::add, clock);
        Member reader = member(rooms, "small");
        Room large = enter(rooms, "large");
        Samples.publish(reader.room(), "taken soon");
        now = now.plusSeconds(1);
        for (int i = 0; i < 4; i++) {
            Samples.publish(large, "x".repeat(10_000));
        }
        runTurns();
        assertThat(rooms.logBytes()).isLessThan(30_000);
        assertThat(reader.next()).isNotNull();
        assertThat(Samples.counts(reader.room()).missed()).isZero();
    }

    @Test
    void whatIsForgottenIsMissedAndTheNumbersGoOn() {
        RoomRegistry rooms = new RoomRegistry(
                limits, room -> limits, 9, room -> new MemoryStore(), 5_000, (took, since) -> {}, turns::add, clock);
        Room room = enter(rooms, "only");
        RoomName name = new RoomName("only");
        Member late = Samples.plain(rooms, name, NOTHING, rooms.fix(name, new Start.Last(0)));
        Samples.publish(room, "x".repeat(10_000));
        runTurns();
        assertThat(late.next()).isNull(); // asks the store
        runTurns();
        assertThat(late.next()).isNull();
        assertThat(Samples.counts(room)).isEqualTo(new Counts(1, 2, 0, 1));
        long next = Samples.publish(room, "small");
        runTurns();
        assertThat(next).isEqualTo(2);
        assertThat(late.next()).isNotNull();
    }

    @Test
    void aRoomThatGoesGivesItsBytesBack() {
        RoomRegistry rooms = new RoomRegistry(
                limits, room -> limits, 9, room -> new MemoryStore(), 30_000, (took, since) -> {}, turns::add, clock);
        RoomName name = new RoomName("short");
        Member member = Samples.plain(rooms, name, NOTHING, rooms.fix(name, new Start.Last(0)));
        Samples.publish(member.room(), "text");
        member.leave();
        rooms.sweep(1);
        rooms.sweep(2);
        assertThat(rooms.roomCount()).isZero();
        assertThat(rooms.logBytes()).isZero();
        member.room().forget();
        Samples.publish(member.room(), "to nobody");
        assertThat(rooms.logBytes()).as("it counts no more").isZero();
    }

    /** Publishing, forgetting and closing at once: what is counted is what is kept. */
    @Test
    void theCountIsTheBytesOfTheLogs() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(4);
        ExecutorService fanOut = Executors.newFixedThreadPool(2);
        RoomRegistry rooms = new RoomRegistry(
                limits,
                room -> limits,
                100,
                room -> new MemoryStore(),
                2_000,
                (took, since) -> {},
                fanOut,
                Clock.systemUTC());
        for (int i = 0; i < 4; i++) {
            threads.execute(() -> {
                for (int n = 0; n < 20_000; n++) {
                    RoomName name =
                            new RoomName("r" + ThreadLocalRandom.current().nextInt(8));
                    Member member = Samples.plain(rooms, name, NOTHING, rooms.fix(name, new Start.Last(0)));
                    Samples.publish(member.room(), "x".repeat(n % 500));
                    member.leave();
                    if (n % 50 == 0) {
                        rooms.sweep(System.nanoTime());
                    }
                }
            });
        }
        threads.shutdown();
        // What falls due behind the end is refused, so the last forgetting may be missing: the count is right all the
        // same.
        assertThat(threads.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
        rooms.sweep(System.nanoTime());
        rooms.sweep(System.nanoTime() + 1);
        assertThat(rooms.roomCount()).isZero();
        assertThat(rooms.logBytes()).isZero();
        assertThat(rooms.forgottenCount()).isPositive();
    }
}
