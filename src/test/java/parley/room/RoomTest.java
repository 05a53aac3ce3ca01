package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.RoomName;

class RoomTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private Instant now = Instant.EPOCH;
    private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
    private final RoomLimits limits = Samples.limits(10, 10, Overflow.DROP_OLDEST, Duration.ofSeconds(60));
    private final Room room = Samples.room(limits, turns::add, clock);
    private final RoomRegistry registry = new RoomRegistry(limits, 2, turns::add, clock);

    /** A member that does something when it is woken. */
    private record OnReady(Runnable step) implements Member.Subscriber {
        @Override
        public void ready() {
            step.run();
        }

        @Override
        public void fellBehind() {
            throw new AssertionError();
        }
    }

    private static final OnReady NOTHING = new OnReady(() -> {});

    /** A room's first turn is due when it is open. */
    @BeforeEach
    void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private void sweep() {
        registry.sweep(now.toEpochMilli() * 1_000_000);
    }

    private Member join(RoomName name) {
        return Samples.plain(registry, name, NOTHING, registry.fix(name, new Start.Last(0)));
    }

    @Test
    void oneTurnIsDueHoweverMuchIsPublished() {
        Samples.plain(room, NOTHING, 1);
        Samples.publish(room, "a");
        Samples.publish(room, "b");
        assertThat(turns).hasSize(1);
        turns.poll().run();
        assertThat(turns).isEmpty();
        Samples.publish(room, "c");
        assertThat(turns).hasSize(1);
    }

    /**
     * A message published while the turn walks comes too late for the members already woken: the turn must run again.
     */
    @Test
    void whatIsPublishedDuringATurnMakesItRunAgain() {
        int[] woken = {0};
        Samples.plain(
                room,
                new OnReady(() -> {
                    if (woken[0]++ == 0) {
                        Samples.publish(room, "again");
                        Samples.publish(room, "and again");
                    }
                }),
                1);
        Samples.publish(room, "a");
        turns.poll().run();
        assertThat(turns).hasSize(1);
        turns.poll().run();
        assertThat(turns).isEmpty();
        assertThat(woken[0]).isEqualTo(2);
    }

    @Test
    void membersMayLeaveInTheirOwnTurn() {
        Member[] members = new Member[3];
        for (int i = 0; i < 3; i++) {
            int which = i;
            members[i] = Samples.plain(room, new OnReady(() -> members[which].leave()), 1);
        }
        Samples.publish(room, "a");
        turns.poll().run();
        assertThat(room.members().walk().length).isZero();
        assertThat(Samples.counts(room)).isEqualTo(new Counts(1, 3, 0, 3));
    }

    @Test
    void anEmptyRoomGoesAwayAfterItsLingerTimeAndNotBefore() {
        Member member = join(RoomName.LOBBY);
        now = now.plusSeconds(1000);
        sweep();
        assertThat(registry.roomCount()).isEqualTo(1);
        member.leave();
        sweep();
        now = now.plusSeconds(59);
        sweep();
        assertThat(registry.roomCount()).isEqualTo(1);
        now = now.plusSeconds(1);
        sweep();
        assertThat(registry.roomCount()).isZero();
    }

    @Test
    void whoComesBackWithinTheLingerTimeFindsTheRoomAndItsHistory() {
        Member member = join(RoomName.LOBBY);
        Room first = member.room();
        Samples.publish(first, "kept");
        member.leave();
        sweep();
        now = now.plusSeconds(59);
        sweep();
        Member again =
                Samples.plain(registry, RoomName.LOBBY, NOTHING, registry.fix(RoomName.LOBBY, new Start.Last(1)));
        now = now.plusSeconds(59);
        sweep();
        assertThat(again.room()).isSameAs(first);
        assertThat(again.isBehind()).isTrue();
    }

    @Test
    void theLingerTimeStartsAnewWhenTheLastLeavesAgain() {
        join(RoomName.LOBBY).leave();
        sweep();
        now = now.plusSeconds(59);
        join(RoomName.LOBBY).leave();
        now = now.plusSeconds(1);
        sweep();
        now = now.plusSeconds(59);
        sweep();
        assertThat(registry.roomCount()).isEqualTo(1);
        now = now.plusSeconds(1);
        sweep();
        assertThat(registry.roomCount()).isZero();
    }

    @Test
    void aRoomThatHasBeenGivenUpIsNotJoinedAnyMore() {
        Room old = join(RoomName.LOBBY).room();
        assertThat(old.closeIfDeserted(Long.MAX_VALUE / 2, true))
                .as("somebody is in it")
                .isFalse();
        assertThat(room.closeIfDeserted(0, false)).isFalse();
        assertThat(room.closeIfDeserted(60_000_000_000L, false)).isTrue();
        assertThat(room.join(NOTHING, Format.PLAIN, null, Samples.at(room, 1), null, Samples::begin))
                .isEqualTo(Entry.No.GONE);
    }

    @Test
    void oneRoomTooManyIsRefusedAndARoomGivenUpMakesPlace() {
        Member a = join(new RoomName("a"));
        assertThat(join(new RoomName("b"))).isNotNull();
        assertThat(join(new RoomName("c"))).isNull();
        assertThat(join(new RoomName("b"))).isNotNull();
        a.leave();
        sweep();
        now = now.plusSeconds(60);
        sweep();
        assertThat(join(new RoomName("c"))).isNotNull();
        assertThat(registry.roomCount()).isEqualTo(2);
    }

    /** Between the answer to a handshake and joining, others publish: who was told that it is in must get that. */
    @Test
    void whoJoinsAtAPositionGetsWhatWasPublishedSince() {
        Start beforeTheRoom = registry.fix(RoomName.LOBBY, new Start.Last(0));
        Room made = join(RoomName.LOBBY).room();
        Samples.publish(made, "first");
        Start before = registry.fix(RoomName.LOBBY, new Start.Last(0));
        Samples.publish(made, "second");

        runTurns();
        assertThat(Samples.plain(registry, RoomName.LOBBY, NOTHING, before).next())
                .isEqualTo(new Frame.Text("second"));
        Frame both =
                Samples.plain(registry, RoomName.LOBBY, NOTHING, beforeTheRoom).next();
        assertThat(((Frame.Several) both).messages())
                .isEqualTo(List.of(new Frame.Text("first"), new Frame.Text("second")));
        assertThat(join(RoomName.LOBBY).next()).isNull();
    }

    @Test
    void aPositionInARoomThatWasGivenUpIsTheStartOfTheNext() {
        Member old = join(RoomName.LOBBY);
        Samples.publish(old.room(), "old");
        Start position = registry.fix(RoomName.LOBBY, new Start.Last(0));
        old.leave();
        sweep();
        now = now.plusSeconds(60);
        sweep();
        Samples.publish(join(RoomName.LOBBY).room(), "new");
        runTurns();
        assertThat(Samples.plain(registry, RoomName.LOBBY, NOTHING, position).next())
                .isEqualTo(new Frame.Text("new"));
    }

    /** Otherwise one client could use them up by joining and leaving: each stays for its linger time. */
    @Test
    void whenThereAreAsManyRoomsAsMayBeEmptyOnesDoNotLinger() {
        join(new RoomName("a")).leave();
        join(new RoomName("b"));
        sweep();
        assertThat(registry.roomCount()).isEqualTo(2);
        assertThat(join(new RoomName("c"))).isNull();
        sweep();
        assertThat(registry.roomCount()).isEqualTo(1);
        assertThat(join(new RoomName("c"))).isNotNull();
    }

    /**
     * Told to somebody who read the oldest message's number just before the log let it go, an empty page said that this
     * was all.
     */
    @Test
    void aPageOfHistoryIsNotEmptyWhileThereIsHistory() throws Exception {
        RoomLimits few = Samples.limits(2, 1, Overflow.DROP_OLDEST, Duration.ZERO);
        Room busy = Samples.room(few, task -> {}, clock);
        Samples.publish(busy, "x");
        Thread publisher = new Thread(() -> {
            while (!Thread.interrupted()) {
                Samples.publish(busy, "x");
            }
        });
        publisher.start();
        int empty = 0;
        for (int i = 0; i < 300_000; i++) {
            empty += Samples.read(busy, History.Range.after(0, 5)).messages().isEmpty() ? 1 : 0;
            empty += Samples.read(busy, History.Range.newest(5)).messages().isEmpty() ? 1 : 0;
        }
        publisher.interrupt();
        publisher.join();
        assertThat(empty).isZero();
    }

    /**
     * A typing mark was shown for an hour after the clock had been set back by one, and what members share was kept for
     * as long.
     */
    @Test
    void aClockThatIsSetBackMakesNothingYounger() {
        long[] elapsed = {0};
        Room set = Samples.room(limits, turns::add, clock, () -> elapsed[0]);
        Member one = Samples.json(set, NOTHING, 1);
        Member two = Samples.json(set, NOTHING, 1);
        Samples.publish(set, "a");
        runTurns();
        Frame shared = one.next();
        set.signal(Samples.line("Ann", "is typing"));
        now = now.minus(Duration.ofHours(1));
        elapsed[0] += 3_000;
        set.sweep(0);
        assertThat(two.next()).as("made once more").isNotSameAs(shared).isEqualTo(shared);
        Frame next = one.next();
        while (next != null) {
            assertThat(((Frame.Text) next).text()).doesNotContain("is typing");
            next = one.next();
        }
    }

    /** They are in no budget, and there may be ten thousand rooms. */
    @Test
    void whatMembersShareIsLetGoOfInAQuietRoom() {
        Member one = join(RoomName.LOBBY);
        Member two = join(RoomName.LOBBY);
        Samples.publish(one.room(), "a");
        runTurns();
        Frame shared = one.next();
        sweep();
        assertThat(two.next()).as("not quiet yet").isSameAs(shared);
        Member late = Samples.plain(registry, RoomName.LOBBY, NOTHING, registry.fix(RoomName.LOBBY, new Start.Last(1)));
        now = now.plusSeconds(3);
        sweep();
        assertThat(late.next()).isNotSameAs(shared).isEqualTo(shared);
    }
}
