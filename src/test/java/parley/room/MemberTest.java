package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;
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
        RoomLimits limits = Samples.limits(history, window, overflow, Duration.ZERO);
        return Samples.room(limits, turns::add, Clock.systemUTC());
    }

    private void publish(Room room, int count) {
        for (int i = 0; i < count; i++) {
            long seq = room.log().head() + 1;
            room.publish(Samples.line(null, String.valueOf(seq)));
        }
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private static List<String> takeAll(Member member) {
        List<String> taken = new ArrayList<>();
        for (String next = take(member); next != null; next = take(member)) {
            taken.add(next);
        }
        return taken;
    }

    private static String take(Member member) {
        return member.next() instanceof Frame.Text text ? text.text() : null;
    }

    private static void assertIdentity(Room room, long offered, long missed) {
        Counts counts = room.counts();
        assertThat(counts).isEqualTo(new Counts(room.log().head(), offered, offered - missed, missed));
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
            Room room = room(overflow, 4, 4);
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
        assertThat(room.memberCount()).isZero();
        assertIdentity(room, 3, 2);
    }

    @Test
    void membersAtTheSameCursorShareTheFrame() {
        Room room = room(Overflow.DROP_OLDEST, 10, 10);
        Member one = Samples.plain(room, subscriber, Samples.start(room, 0));
        Member two = Samples.plain(room, subscriber, Samples.start(room, 0));
        room.publish(Samples.line("ann", "hi"));
        turns.poll().run();
        Frame frame = one.next();
        assertThat(frame).isEqualTo(new Frame.Text("ann: hi"));
        assertThat(two.next()).isSameAs(frame);
    }
}
