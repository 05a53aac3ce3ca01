package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.ChangeKind;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;

/** A room whose messages are kept in a store, which takes its time. */
class StoredRoomTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final FakeStore store = new FakeStore();
    private final List<Object> events = new ArrayList<>();
    private final RoomLimits limits = Samples.stored(4, 4, Overflow.DROP_OLDEST, 100);
    private final RoomRegistry registry = new RoomRegistry(
            limits, name -> limits, 9, name -> store, 1 << 20, (took, since) -> {}, turns::add, Clock.systemUTC());

    private final Member.Subscriber subscriber = new Member.Subscriber() {
        @Override
        public void ready() {
            events.add("ready");
        }

        @Override
        public void fellBehind() {
            throw new AssertionError();
        }
    };

    private Member join(Start start) {
        return Samples.member(registry.join(RoomName.LOBBY, start, subscriber, Format.PLAIN, null, this::begin));
    }

    private void begin(@Nullable Joined joined) {
        events.add(joined == null ? "not in" : joined);
        if (joined != null) {
            joined.member().begin();
        }
    }

    private Start last(int messages) {
        return registry.fix(RoomName.LOBBY, new Start.Last(messages));
    }

    private Start after(String epoch, long seq) {
        return registry.fix(RoomName.LOBBY, new Start.After(epoch, seq));
    }

    private void run() {
        store.run();
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    /** Takes what there is, as often as the store has to be asked. */
    private List<String> takeAll(Member member) {
        List<String> taken = new ArrayList<>();
        long before;
        do {
            before = taken.size() + readies();
            for (Frame next = member.next(); next != null; next = member.next()) {
                Samples.messages(next).forEach(message -> taken.add(((Frame.Text) message).text()));
            }
            run();
        } while (taken.size() + readies() > before);
        return taken;
    }

    private long readies() {
        return events.stream().filter("ready"::equals).count();
    }

    private static List<String> texts(long from, long to) {
        return LongStream.rangeClosed(from, to).mapToObj(seq -> "m" + seq).toList();
    }

    private static Joined joined(List<Object> events) {
        return events.stream()
                .filter(Joined.class::isInstance)
                .map(Joined.class::cast)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void aMemberIsInBeforeTheStoreHasSaidWhatThereIsAndHearsItThen() {
        store.keep(7);
        Member member = join(last(0));
        assertThat(events).isEmpty();
        assertThat(member.next()).isNull();
        assertThat(member.room().members().walk().length).isOne();
        run();
        Joined joined = joined(events);
        assertThat(List.of(joined.epoch(), joined.head(), joined.count())).isEqualTo(List.of("fake", 7L, 1));
        assertThat(takeAll(member)).isEmpty();
        publish(member, "m8");
        run();
        assertThat(takeAll(member)).containsExactly("m8");
        assertThat(registry.counts()).isEqualTo(new Counts(1, 1, 1, 0));
    }

    /** The head was fixed, and the messages before it counted from the head at the join: what came between was lost. */
    @Test
    void whereThereAreChangesMessagesAreCountedFromTheHeadAtTheHandshake() {
        store.keep(8);
        Revision.Change edit = new Revision.Change(2, 0, ChangeKind.Whole.EDIT);
        store.kept.add(new Message(9, 0, Samples.line(null, "edit"), edit));
        Member first = join(last(0));
        run();
        Start one = last(1);
        Start three = last(3);
        publish(first, "m10");
        publish(first, "m11");
        run();
        Member withOne = join(one);
        Member withThree = join(three);
        run();
        assertThat(takeAll(withOne)).containsExactly("m8", "m10", "m11");
        assertThat(takeAll(withThree)).containsExactly("m6", "m7", "m8", "m10", "m11");
    }

    private void publish(Member member, String text) {
        member.room().publish(Samples.line(null, text), events::add);
    }

    /** A disk's reader sees a message that was committed before the room hears of it. */
    @Test
    void aMessageThatTheStoreHasBeforeTheRoomHearsOfItIsTakenOnce() {
        store.keep(50);
        Member member = join(last(50));
        run();
        store.keep(3);
        assertThat(takeAll(member)).isEqualTo(texts(1, 50));
        store.tell(3);
        run();
        assertThat(takeAll(member)).isEqualTo(texts(51, 53));
        assertThat(registry.counts()).isEqualTo(new Counts(3, 53, 53, 0));
    }

    /** Both go to the store, in that order. */
    @Test
    void aMemberThatSaysSomethingAtOnceHearsThatItIsInFirst() {
        Member member = join(last(0));
        publish(member, "first");
        run();
        assertThat(events).element(0).isInstanceOf(Joined.class);
        assertThat(events).contains(new Outcome.Published(1, false));
        assertThat(takeAll(member)).containsExactly("first");
    }

    @Test
    void whatMemoryDoesNotHoldIsReadFromTheStore() {
        store.keep(50);
        Member member = join(last(50));
        run();
        assertThat(takeAll(member)).isEqualTo(texts(1, 50));
        assertThat(store.reads).as("in pages").isLessThan(5);
        for (int seq = 51; seq <= 53; seq++) {
            publish(member, "m" + seq);
        }
        run();
        int reads = store.reads;
        assertThat(takeAll(member)).isEqualTo(texts(51, 53));
        assertThat(store.reads).as("what is live is in memory").isEqualTo(reads);
        assertThat(registry.counts()).isEqualTo(new Counts(3, 53, 53, 0));
    }

    @Test
    void whoResumesGetsWhatFollowsAndHearsWhetherAllOfItIsThere() {
        store.keep(20).first = 6;
        Member all = join(after("fake", 10));
        run();
        assertThat(joined(events).recovered()).isTrue();
        assertThat(takeAll(all)).isEqualTo(texts(11, 20));
        events.clear();
        Member some = join(after("fake", 2));
        run();
        assertThat(joined(events).recovered()).isFalse();
        assertThat(takeAll(some)).isEqualTo(texts(6, 20));
        events.clear();
        join(after("another", 2));
        run();
        assertThat(joined(events).recovered()).isFalse();
    }

    @Test
    void aMemberThatLeavesBeforeItIsSetOffHasMissedNothingAndIsAnswered() {
        store.keep(3);
        Member member = join(last(3));
        member.leave();
        run();
        assertThat(joined(events).count()).isZero();
        assertThat(member.next()).isNull();
        assertThat(registry.counts()).isEqualTo(new Counts(0, 0, 0, 0));
    }

    @Test
    void messagesThatGoWhileTheyAreReadAreMissed() {
        store.keep(50);
        Member member = join(last(50));
        run();
        assertThat(member.next()).isNull(); // asks the store
        store.trim(31);
        assertThat(takeAll(member)).isEqualTo(texts(31, 50));
        assertThat(registry.counts()).isEqualTo(new Counts(0, 20, 20, 0));
    }

    @Test
    void aMessageThatIsNotKeptIsSaidToBeNotKeptAndNobodyHears() {
        Member member = join(last(0));
        run();
        store.failure = new Outcome.NotKept("no space");
        publish(member, "lost");
        run();
        assertThat(events).contains(store.failure);
        assertThat(takeAll(member)).isEmpty();
        assertThat(registry.counts()).isEqualTo(new Counts(0, 0, 0, 0));
    }

    /** While a store was gone all who had come and gone were kept. */
    @Test
    void whoHasGoneIsNotKeptUntilTheStoreIsThere() {
        List<Object> told = new ArrayList<>();
        Member member = Samples.member(registry.join(
                RoomName.LOBBY, last(0), new Ended(), Format.PLAIN, null, joined -> told.add("the one that ended")));
        Member stays = join(last(0));
        member.room().read(member, History.Range.newest(3), page -> told.add("its page"));
        member.leave();
        registry.sweep(1);
        run();
        assertThat(told).isEmpty();
        assertThat(events).as("the other").hasAtLeastOneElementOfType(Joined.class);
        assertThat(stays.hasLeft()).isFalse();
    }

    private static final class Ended implements Member.Subscriber {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}

        @Override
        public boolean hasEnded() {
            return true;
        }
    }

    @Test
    void historyReachesBackIntoTheStore() {
        store.keep(50);
        Member member = join(last(0));
        List<History.Page> pages = new ArrayList<>();
        member.room().read(member, History.Range.newest(3), pages::add);
        member.room().read(member, History.Range.after(1, 2), pages::add);
        member.room().read(member, History.Range.before(3, 9), pages::add);
        assertThat(pages).as("before it is known what there is").isEmpty();
        run();
        run();
        assertThat(pages)
                .extracting(page -> page.messages().stream()
                        .map(message -> message.content().text())
                        .toList())
                .containsExactly(texts(48, 50), texts(2, 3), texts(1, 2));
        assertThat(pages).extracting(History.Page::more).containsExactly(true, true, false);
    }

    /** It is in memory while somebody may come back. */
    @Test
    void aRoomThatIsGivenUpInMemoryGoesOnWhereItWas() {
        Member member = join(last(0));
        publish(member, "m1");
        run();
        member.leave();
        registry.sweep(System.nanoTime());
        run();
        assertThat(registry.roomCount()).isZero();
        assertThat(store.closes).isOne();
        events.clear();
        Member again = join(after("fake", 0));
        run();
        assertThat(joined(events).recovered()).isTrue();
        assertThat(takeAll(again)).containsExactly("m1");
    }

    @Test
    void whatMayNotStayInMemoryIsStillInTheStore() {
        Member member = join(last(0));
        for (int seq = 1; seq <= 3; seq++) {
            publish(member, "m" + seq);
        }
        run();
        assertThat(member.room().forget()).isTrue();
        assertThat(takeAll(member)).isEqualTo(texts(1, 3));
    }

    /**
     * A disk that is too old, or damaged: nobody waits for ever for what is not there. Messages from before it came
     * that are gone are offered to nobody, so they are not counted as missed either.
     */
    @Test
    void whatTheStoreShouldHaveAndHasNotIsPassedOver() {
        store.keep(50);
        for (long seq : List.of(1L, 20L, 21L)) {
            store.lost.add(seq);
        }
        Member member = join(last(50));
        run();
        List<String> there = new ArrayList<>(texts(1, 50));
        there.removeAll(List.of("m1", "m20", "m21"));
        assertThat(takeAll(member)).isEqualTo(there);
        assertThat(registry.counts()).isEqualTo(new Counts(0, 47, 47, 0));
    }

    @Test
    void whereTheStoreHasNothingAtAllAMemberGoesOnWithWhatIsInMemory() {
        store.keep(50);
        for (long seq = 1; seq <= 50; seq++) {
            store.lost.add(seq);
        }
        Member member = join(last(50));
        run();
        publish(member, "m51");
        run();
        assertThat(takeAll(member)).containsExactly("m51");
        assertThat(registry.counts()).isEqualTo(new Counts(1, 1, 1, 0));
    }

    /** The sweep has it asked for again: nobody may say anything for long. */
    @Test
    void whatCannotBeReadIsReadLaterThoughNothingIsSaid() {
        store.keep(50);
        store.unread = RoomStore.Unread.NOT_NOW;
        Member member = join(last(50));
        run();
        assertThat(takeAll(member)).isEmpty();
        int reads = store.reads;
        registry.sweep(System.nanoTime());
        run();
        assertThat(takeAll(member)).isEmpty();
        assertThat(store.reads).as("once a sweep").isEqualTo(reads + 1);
        store.unread = null;
        publish(member, "m51");
        run();
        assertThat(takeAll(member)).as("the second pause is longer").isEmpty();
        registry.sweep(System.nanoTime());
        registry.sweep(System.nanoTime());
        run();
        assertThat(takeAll(member)).isEqualTo(texts(1, 51));
        assertThat(store.reads).isLessThan(reads + 5);
    }

    /** What comes after it would never be heard. */
    @Test
    void aMemberGoesOnBehindWhatTheStoreHasLost() {
        store.keep(50);
        store.unread = RoomStore.Unread.NOT_NOW;
        Member member = join(last(50));
        run();
        publish(member, "m51");
        run();
        assertThat(takeAll(member)).isEmpty();
        store.unread = RoomStore.Unread.LOST;
        registry.sweep(System.nanoTime());
        run();
        assertThat(takeAll(member)).containsExactly("m51");
        assertThat(registry.counts()).isEqualTo(new Counts(1, 1, 1, 0));
    }

    @Test
    void aRoomOfWhichTheStoreCannotSayWhatThereIsIsGivenUpAndAskedForAgain() {
        store.keep(3);
        store.isBroken = true;
        Member member = join(last(3));
        Member other = join(last(3));
        member.room().describe(member, this::begin);
        member.room().read(member, History.Range.newest(9), page -> events.add(page == null ? "no page" : page));
        run();
        assertThat(events).containsExactly("not in", "not in", "not in", "no page");
        assertThat(List.of(member.hasLeft(), other.hasLeft())).containsOnly(true);
        assertThat(registry.memberCount()).isZero();
        store.isBroken = false;
        Member again = join(last(3));
        run();
        assertThat(takeAll(again)).isEqualTo(texts(1, 3));
        again.leave();
        registry.sweep(System.nanoTime());
        registry.sweep(System.nanoTime());
        assertThat(registry.roomCount()).isZero();
        assertThat(registry.counts()).isEqualTo(new Counts(0, 3, 3, 0));
    }

    /** One that fails, of those who wait, does not keep the others waiting. */
    @Test
    void aCallbackThatFailsAtAJoinHarmsNoOther() {
        Samples.member(registry.join(RoomName.LOBBY, last(0), subscriber, Format.PLAIN, null, joined -> {
            throw new IllegalStateException("as a test");
        }));
        join(last(0));
        run();
        assertThat(joined(events).count()).isEqualTo(2);
    }

    @Test
    void whatIsNotKeptAnyMoreIsNotTakenFromMemoryEither() {
        Member member = join(last(0));
        for (int seq = 1; seq <= 4; seq++) {
            publish(member, "m" + seq);
        }
        run();
        long bytes = registry.logBytes();
        store.trim(4);
        assertThat(registry.logBytes()).isEqualTo(bytes / 4);
        assertThat(read(member, History.Range.before(9, 9))).containsExactly(4L);
        assertThat(read(member, History.Range.after(0, 9))).containsExactly(4L);
        assertThat(takeAll(member)).containsExactly("m4");
        assertThat(registry.counts()).isEqualTo(new Counts(4, 4, 1, 3));
        store.trim(5);
        assertThat(read(member, History.Range.after(0, 9))).isEmpty();
        assertThat(registry.logBytes()).isZero();
    }

    private List<Long> read(Member member, History.Range range) {
        List<History.Page> pages = new ArrayList<>();
        member.room().read(member, range, pages::add);
        run();
        assertThat(pages).hasSize(1);
        return pages.get(0).messages().stream().map(Message::seq).toList();
    }

    /** Its answer would never come. */
    @Test
    void aRoomStaysWhileSomebodyWaitsForWhatTheStoreSays() {
        Member member = join(last(0));
        member.leave();
        registry.sweep(System.nanoTime());
        registry.sweep(System.nanoTime());
        assertThat(registry.roomCount()).isOne();
        run();
        assertThat(joined(events).member()).isSameAs(member);
        registry.sweep(System.nanoTime());
        run();
        assertThat(registry.roomCount()).isZero();
        assertThat(store.closes).isOne();
    }
}
