package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.delivery.Frame;

class MemberTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private int ready;
    private int fellBehind;
    private final Member.Subscriber subscriber = new Member.Subscriber() {
        @Override
        public void ready() {
            ready++;
        }

        @Override
        public void fellBehind() {
            fellBehind++;
        }
    };

    private Room room(Overflow overflow, int window, int history) {
        return room(Samples.limits(history, window, overflow, Duration.ZERO));
    }

    /** A room of which memory holds four messages of a digit, whoever needs more. */
    private Room smallRoom(Overflow overflow, int window) {
        long bytes = 4L * (Ring.OVERHEAD_BYTES + 1);
        return room(Samples.limits(100, bytes, bytes, window, overflow, Duration.ZERO));
    }

    /** Each message is a frame here, so that tests say where a member stops. */
    private Room room(RoomLimits limits) {
        Room room = Samples.room(Samples.aMessageAFrame(limits), turns::add, Clock.systemUTC());
        runTurns();
        return room;
    }

    private void publish(Room room, int count) {
        for (int i = 0; i < count; i++) {
            long seq = room.log().ring().head() + 1;
            Samples.publish(room, String.valueOf(seq));
        }
        runTurns();
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    /** Takes what there is, as often as it is woken because the log has been asked for more. */
    private List<String> takeAll(Member member) {
        List<String> taken = new ArrayList<>();
        int before;
        do {
            before = ready;
            for (String next = take(member); next != null; next = take(member)) {
                taken.add(next);
            }
            runTurns();
        } while (ready > before);
        return taken;
    }

    private static long kept(Room room) {
        return room.log().ring().head() + 1 - room.log().ring().first();
    }

    private static List<String> numbers(int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(String::valueOf).toList();
    }

    private static String take(Member member) {
        return member.next() instanceof Frame.Text text ? text.text() : null;
    }

    private static void assertIdentity(Room room, long offered, long missed) {
        Counts counts = Samples.counts(room);
        assertThat(counts).isEqualTo(new Counts(room.log().ring().head(), offered, offered - missed, missed));
    }

    @Test
    void aMemberSeesWhatIsPublishedAfterItJoinedInOrder() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        publish(room, 2);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        assertThat(takeAll(member)).isEmpty();
        publish(room, 3);
        assertThat(ready).isEqualTo(1);
        assertThat(takeAll(member)).containsExactly("3", "4", "5");
        assertIdentity(room, 3, 0);
    }

    @Test
    void historyStartsTheCursorFurtherBackAsFarAsTheLogReaches() {
        Room room = room(Overflow.DROP_OLDEST, 2, 5);
        publish(room, 8);
        assertThat(takeAll(Samples.plain(room, subscriber, Samples.start(room, 3))))
                .containsExactly("6", "7", "8");
        assertThat(takeAll(Samples.plain(room, subscriber, Samples.start(room, 100))))
                .containsExactly("4", "5", "6", "7", "8");
        assertIdentity(room, 8, 0);
    }

    @Test
    void dropOldestGoesOnWithTheNewestThatFillTheWindow() {
        Room room = room(Overflow.DROP_OLDEST, 3, 100);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 3);
        assertThat(take(member)).isEqualTo("1");
        publish(room, 7);
        assertThat(takeAll(member)).containsExactly("8", "9", "10");
        assertIdentity(room, 10, 6);
    }

    @Test
    void latestGoesOnWithTheNewestAlone() {
        Room room = room(Overflow.LATEST, 3, 100);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 3);
        assertThat(takeAll(member)).containsExactly("1", "2", "3");
        publish(room, 4);
        assertThat(takeAll(member)).containsExactly("7");
        assertIdentity(room, 7, 3);
    }

    @Test
    void dropNewestGivesTheWindowItFellBehindWithAndMissesWhatCameAfter() {
        Room room = room(Overflow.DROP_NEWEST, 3, 100);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 10);
        assertThat(take(member)).isEqualTo("1");
        publish(room, 2);
        assertThat(takeAll(member)).containsExactly("2", "3");
        publish(room, 2);
        assertThat(takeAll(member)).as("caught up again").containsExactly("13", "14");
        assertIdentity(room, 14, 9);
    }

    @Test
    void disconnectTellsTheSessionAtTheTurnThatFindsItBehind() {
        Room room = room(Overflow.DISCONNECT, 3, 100);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 3);
        assertThat(fellBehind).isZero();
        publish(room, 1);
        assertThat(fellBehind).isEqualTo(1);
        member.leave();
        assertIdentity(room, 4, 4);
    }

    @Test
    void nobodyFallsBehindOverAReplay() {
        for (Overflow overflow : Overflow.values()) {
            Room room = room(overflow, 3, 100);
            publish(room, 20);
            Member member = Samples.plain(room, subscriber, Samples.start(room, 20));
            assertThat(take(member)).isEqualTo("1");
            publish(room, 3);
            assertThat(takeAll(member)).as(overflow.name()).hasSize(22);
            assertIdentity(room, 23, 0);
        }
        assertThat(fellBehind).isZero();
    }

    @Test
    void dropNewestKeepsTheReplayAndTheFirstWindowOfWhatIsLive() {
        Room room = room(Overflow.DROP_NEWEST, 2, 100);
        publish(room, 3);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 3));
        publish(room, 5);
        assertThat(takeAll(member)).containsExactly("1", "2", "3", "4", "5");
        assertIdentity(room, 8, 3);
    }

    @Test
    void whatTheLogLetGoIsMissedUnderEveryPolicy() {
        for (Overflow overflow : Overflow.values()) {
            Room room = smallRoom(overflow, 4);
            Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
            publish(room, 4);
            publish(room, 1); // 1 is gone; behind by 5
            List<String> taken = takeAll(member);
            assertThat(taken).as(overflow.name()).doesNotContain("1").isNotEmpty();
            member.leave();
            assertIdentity(room, 5, 5 - taken.size());
        }
    }

    @Test
    void whoHasLeftTakesNothingAndWhatItHadBeforeItIsMissed() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 3);
        assertThat(take(member)).isEqualTo("1");
        member.leave();
        member.leave();
        publish(room, 3);
        assertThat(takeAll(member)).isEmpty();
        assertThat(member.isBehind()).isFalse();
        assertThat(room.members().walk().length).isZero();
        assertIdentity(room, 3, 2);
    }

    @Test
    void membersAtTheSameCursorShareTheFrame() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member one = Samples.plain(room, subscriber, Samples.start(room, 0));
        Member two = Samples.plain(room, subscriber, Samples.start(room, 0));
        Samples.publish(room, Samples.line("ann", "hi"));
        turns.poll().run();
        Frame frame = one.next();
        assertThat(frame).isEqualTo(new Frame.Text("ann: hi"));
        assertThat(two.next()).isSameAs(frame);
    }

    /**
     * A turn that came late found all members "behind": 17 of 100 deliveries of a burst to members that read were lost.
     */
    @ParameterizedTest
    @EnumSource(Overflow.class)
    void aMemberThatReadsMissesNothingHoweverLongTheBurst(Overflow overflow) {
        Room room = room(overflow, 0, 10);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 5_000);
        assertThat(take(member)).isEqualTo("1");
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos() - 1);
        publish(room, 5_000);
        assertThat(takeAll(member)).isEqualTo(numbers(2, 10_000));
        assertThat(fellBehind).isZero();
        assertIdentity(room, 10_000, 0);
        publish(room, 1);
        assertThat(takeAll(member)).containsExactly("10001");
        publish(room, 1);
        assertThat(kept(room)).as("nobody needs more, once it is taken").isLessThanOrEqualTo(11);
    }

    @Test
    void aMemberWhoseFrameIsUnderWayForTooLongIsDisconnectedWhereThePolicySaysSo() {
        Room room = room(Overflow.DISCONNECT, 0, 10);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 100);
        take(member);
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos() - 1);
        assertThat(fellBehind).isZero();
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos());
        assertThat(fellBehind).isEqualTo(1);
        member.leave();
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos());
        assertThat(fellBehind).as("it has left").isEqualTo(1);
        assertIdentity(room, 100, 99);
    }

    /** What memory keeps for everybody it may still take. */
    @Test
    void aSlowMemberGoesOnWithWhatMemoryKeepsAnyway() {
        Room room = room(Overflow.DROP_OLDEST, 0, 10);
        Member member = slow(room, 100);
        assertThat(takeAll(member)).isEqualTo(numbers(91, 100));
        publish(room, 50);
        assertThat(takeAll(member)).as("it reads again").isEqualTo(numbers(101, 150));
        assertIdentity(room, 150, 89);
    }

    @Test
    void aSlowMemberGoesOnWithTheNewestAlone() {
        Room room = room(Overflow.LATEST, 0, 10);
        Member member = slow(room, 100);
        assertThat(takeAll(member)).containsExactly("100");
        publish(room, 50);
        assertThat(takeAll(member)).as("it reads again").isEqualTo(numbers(101, 150));
        assertIdentity(room, 150, 98);
    }

    /** What it fell behind with was once all that there was when it read again. */
    @Test
    void aSlowMemberGetsWhatItFellBehindWithAndMissesWhatComesUntilItHasTakenThat() {
        Room room = room(Overflow.DROP_NEWEST, 0, 10);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 50);
        assertThat(take(member)).isEqualTo("1");
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos());
        publish(room, 5);
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos() * 2);
        List<String> taken = new ArrayList<>();
        while (taken.isEmpty()) {
            String next = take(member);
            if (next != null) {
                taken.add(next);
            }
            runTurns();
        }
        publish(room, 3);
        taken.addAll(takeAll(member));
        assertThat(taken).as("as far as memory keeps it").isEqualTo(numbers(46, 50));
        publish(room, 50);
        assertThat(takeAll(member)).as("it reads again").isEqualTo(numbers(59, 108));
        assertIdentity(room, 108, 44 + 8);
    }

    @Test
    void aSlowMemberWhoseMessagesMemoryHasLetGoOfGoesOnWithWhatComesNext() {
        Room room = room(Overflow.DROP_NEWEST, 0, 10);
        Member member = slow(room, 100);
        assertThat(takeAll(member)).isEmpty();
        publish(room, 5);
        assertThat(takeAll(member)).as("it reads again").isEqualTo(numbers(101, 105));
        assertIdentity(room, 105, 99);
    }

    /** A member that took the first of so many messages, and whose frame stays under way. */
    private Member slow(Room room, int messages) {
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, messages / 2);
        assertThat(take(member)).isEqualTo("1");
        assertThat(kept(room)).as("for it").isEqualTo(messages / 2);
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos());
        publish(room, messages - messages / 2);
        assertThat(kept(room)).as("nothing for it").isEqualTo(10);
        return member;
    }

    @Test
    void aMemberThatHasTakenEverythingIsNotSlow() {
        Room room = room(Overflow.DISCONNECT, 0, 10);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 1);
        take(member);
        member.frameUnderWay(Samples.SLOW_AFTER.toNanos());
        assertThat(fellBehind).isZero();
        publish(room, 20);
        assertThat(takeAll(member)).isEqualTo(numbers(2, 21));
    }

    /** Two members: what the slow one does not hold the other gets. */
    @ParameterizedTest
    @EnumSource(value = Overflow.class, mode = EnumSource.Mode.EXCLUDE, names = "DISCONNECT")
    void aSlowMemberCostsTheOthersNothing(Overflow overflow) {
        Room room = room(overflow, 0, 10);
        Member slow = Samples.plain(room, subscriber, Samples.start(room, 0));
        Member other = Samples.plain(room, subscriber, Samples.start(room, 0));
        List<String> taken = new ArrayList<>();
        publish(room, 1);
        take(slow);
        for (int i = 0; i < 20; i++) {
            publish(room, 100);
            slow.frameUnderWay(Samples.SLOW_AFTER.toNanos());
            taken.addAll(takeAll(other));
        }
        assertThat(taken).isEqualTo(numbers(1, 2_001));
        publish(room, 1);
        assertThat(kept(room)).isEqualTo(10);
        int got = 1 + takeAll(slow).size();
        assertThat(takeAll(other)).containsExactly("2002");
        assertIdentity(room, 2 * 2_002, 2_002 - got);
    }

    @ParameterizedTest
    @EnumSource(Overflow.class)
    void theLogLetsGoUnderAMemberOnlyBeyondItsBacklog(Overflow overflow) {
        long bytes = 100L * (Ring.OVERHEAD_BYTES + 4);
        Room room = room(Samples.limits(10, bytes / 10, bytes, 0, overflow, Duration.ZERO));
        Member other = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 1_000); // four digits from now on
        other.leave();
        publish(room, 1);
        assertThat(kept(room)).isLessThanOrEqualTo(11);
        Member member = Samples.plain(room, subscriber, Samples.start(room, 0));
        publish(room, 100);
        assertThat(takeAll(member)).isEqualTo(numbers(1_002, 1_101));
        publish(room, 101);
        assertThat(takeAll(member)).as("one too many").isEqualTo(numbers(1_103, 1_202));
        assertThat(fellBehind).isZero();
        Counts counts = Samples.counts(room);
        assertThat(counts.offered()).isEqualTo(counts.delivered() + counts.missed());
        assertThat(counts.missed()).isEqualTo(1_000 + 1); // of the one that left, and of the other
    }
}
