package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.Event;
import parley.protocol.ReadMark;
import parley.protocol.RoomName;

/** Marks on their way to a store that takes its time, and to the members of their user. */
class ReadMarksTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final FakeStore store = new FakeStore().keep(20);
    private final SlowMarks slow = new SlowMarks();
    private final AtomicLong millis = new AtomicLong();
    private final Tally tally = new Tally();
    private final Room room = room();
    private final List<MarkStore.Answer> answers = new ArrayList<>();

    private Room room() {
        return new Room(
                RoomName.LOBBY,
                Samples.stored(5, 0, Overflow.DROP_OLDEST, 9),
                new LogBudget(Long.MAX_VALUE, () -> {}),
                tally,
                (took, since) -> {},
                turns::add,
                Clock.systemUTC(),
                millis::get);
    }

    /** Those of a user. */
    private record Tab(String user) implements Member.Subscriber {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}
    }

    /** What a store has still to do, and what it was given. */
    private final class SlowMarks implements MarkStore {
        final Deque<Runnable> toDo = new ArrayDeque<>();
        final List<Long> given = new ArrayList<>();
        boolean findsLater;

        @Override
        public void raise(String user, Mark mark, int most, Consumer<Answer> onRaised) {
            given.add(mark.seq());
            toDo.add(() -> store.marks.raise(user, mark, most, onRaised));
        }

        @Override
        public void find(String user, Consumer<Answer> onFound) {
            if (findsLater) {
                toDo.add(() -> store.marks.find(user, onFound));
            } else {
                store.marks.find(user, onFound);
            }
        }
    }

    private void open(boolean isSlow) {
        room.open((name, listener) -> {
            RoomStore.Log log = store.open(name, listener);
            return isSlow ? new WithMarks(log, slow) : log;
        });
        run();
    }

    private void run() {
        store.run();
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private void raise(@Nullable String epoch, long seq) {
        room.marks().raise("ann", epoch, seq, answers::add);
        run();
    }

    private static MarkStore.Answer holds(long seq) {
        return new MarkStore.Holds(new MarkStore.Mark("fake", seq));
    }

    private Member join(String user) {
        List<Joined> joined = new ArrayList<>();
        room.join(new Tab(user), Format.JSON, null, new Start.Last(0), null, joined::add);
        run();
        Samples.begin(joined.get(0));
        return joined.get(0).member();
    }

    private static List<String> marks(Member member) {
        List<String> marks = new ArrayList<>();
        for (Frame next = member.next(); next != null; next = member.next()) {
            String text = ((Frame.Text) next).text();
            if (text.contains("\"type\":\"mark\"")) {
                marks.add(text.replaceAll(".*\"mark\":(\\d+),\"unread\":(\\d+).*", "$1 $2"));
            }
        }
        return marks;
    }

    @Test
    void aClientThatScrollsCostsAWriteAtATimeAndTheFurthestOneIsTheNext() {
        open(true);
        for (long seq : new long[] {3, 7, 12, 9}) {
            raise(null, seq);
        }
        assertThat(slow.given).containsExactly(3L);
        while (!slow.toDo.isEmpty()) {
            slow.toDo.poll().run();
            run();
        }
        assertThat(slow.given).containsExactly(3L, 12L);
        assertThat(answers).containsExactly(holds(3), holds(12), holds(12), holds(12));
        raise(null, 13);
        assertThat(slow.given).as("the next is written at once").containsExactly(3L, 12L, 13L);
    }

    @Test
    void asManyAsMayWaitAreAnsweredAndMoreAreRefused() {
        open(true);
        IntStream.range(0, 10_001).forEach(i -> room.marks().raise("ann", null, 5, answers::add));
        assertThat(answers).containsExactly(MarkStore.No.NOT_NOW);
        while (!slow.toDo.isEmpty()) {
            slow.toDo.poll().run();
            run();
        }
        assertThat(answers).hasSize(10_001).endsWith(holds(5));
    }

    @Test
    void aMarkBehindTheNewestMessageIsOneAtItAndOneOfAnotherEpochIsNone() {
        open(false);
        raise("fake", 1L << 50);
        raise("another", 3);
        raise(null, 0);
        assertThat(answers).containsExactly(holds(20), MarkStore.No.OTHER_HISTORY, holds(20));
        assertThat(store.refreshes).isOne();
        room.marks().raise("ann", "fake", 99, answers::add); // the store looks
        store.beginAnew("other");
        run();
        assertThat(answers).last().as("it has begun anew meanwhile").isEqualTo(MarkStore.No.OTHER_HISTORY);
    }

    @Test
    void allMembersOfTheUserHearOfTheFurthestMarkWithWhatIsLeftAndNobodyElse() {
        open(false);
        Member one = join("ann");
        Member two = join("ann");
        Member bob = join("bob");
        List.of(one, two, bob).forEach(ReadMarksTest::marks);
        raise(null, 12);
        assertThat(marks(one)).containsExactly("12 8");
        raise(null, 17);
        raise(null, 15);
        assertThat(marks(one)).containsExactly("17 3");
        assertThat(marks(two))
                .as("what it did not take is made up for by the next")
                .containsExactly("17 3");
        assertThat(marks(bob)).isEmpty();
        room.marks().marked("ann", new MarkStore.Mark("fake", 14));
        run();
        assertThat(marks(one)).as("from a node that is late").isEmpty();
        one.leave();
        raise(null, 18);
        assertThat(marks(two)).containsExactly("18 2");
    }

    @Test
    void aMemberThatComesInHearsWhatItsUserHasRead() {
        open(false);
        raise(null, 12);
        List<Joined> joined = new ArrayList<>();
        room.join(new Tab("ann"), Format.JSON, null, new Start.Last(0), null, joined::add);
        room.join(new Tab("bob"), Format.JSON, null, new Start.Last(0), null, joined::add);
        room.join(new Tab("ann"), Format.PLAIN, null, new Start.Last(0), null, joined::add);
        run();
        assertThat(joined.get(0).read()).hasToString("ReadMark[seq=12, unread=8, more=false]");
        assertThat(joined.get(1).read()).isNull();
        assertThat(joined.get(2).read()).isNull();
        store.beginAnew("other");
        room.join(new Tab("ann"), Format.JSON, null, new Start.Last(0), null, joined::add);
        run();
        assertThat(joined.get(3).read()).as("what it marked is gone").isNull();
    }

    @Test
    void aMemberThatComesInDoesNotWaitLongForItsMarkAndHearsOfItLater() {
        open(true);
        raise(null, 12);
        slow.toDo.poll().run();
        slow.findsLater = true;
        List<Joined> joined = new ArrayList<>();
        room.join(new Tab("ann"), Format.JSON, null, new Start.Last(0), null, joined::add);
        run();
        millis.addAndGet(499);
        room.sweep(0);
        run();
        assertThat(joined).isEmpty();
        millis.addAndGet(1);
        room.sweep(0);
        room.sweep(0);
        run();
        assertThat(joined).hasSize(1);
        assertThat(joined.get(0).read()).isNull();
        Samples.begin(joined.get(0));
        slow.toDo.poll().run();
        run();
        assertThat(marks(joined.get(0).member())).containsExactly("12 8");
        assertThat(joined).hasSize(1);
    }

    /** The store has more than memory, and numbers do not tell how many messages come between them. */
    @Test
    void aMemberThatComesInDoesNotWaitForACountThatTakesTheStoreAndOneIsUnderWayInTheRoom() {
        SparseStore sparse = new SparseStore();
        for (int i = 1; i <= 40; i++) {
            sparse.keep(3L * i);
        }
        Room shared = room();
        shared.open(sparse);
        sparse.run();
        for (String user : List.of("ann", "bob", "cid")) {
            shared.marks().raise(user, null, 30, answers::add);
        }
        assertThat(answers).hasSize(3);
        List<Joined> joined = new ArrayList<>();
        for (String user : List.of("ann", "bob", "ann", "bob", "ann", "cid")) {
            shared.join(new Tab(user), Format.JSON, null, new Start.Last(0), null, joined::add);
        }
        assertThat(joined)
                .hasSize(6)
                .allSatisfy(one -> assertThat(one.read()).isEqualTo(new ReadMark(30, null, false)));
        joined.forEach(Samples::begin);
        assertThat(sparse.toDo).as("reads").hasSize(1);
        int reads = 0;
        for (; !sparse.toDo.isEmpty(); reads++) {
            assertThat(sparse.toDo).hasSize(1);
            sparse.step();
            while (!turns.isEmpty()) {
                turns.poll().run();
            }
        }
        assertThat(reads).as("one a user, and one more of the first").isEqualTo(4);
        joined.forEach(one -> assertThat(marks(one.member())).containsExactly("30 30"));
    }

    @Test
    void ofManyRoomsAFewHaveTheStoreCountAtATime() {
        List<SparseStore> stores = new ArrayList<>();
        List<Joined> joined = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            SparseStore sparse = new SparseStore();
            LongStream.rangeClosed(1, 40).forEach(number -> sparse.keep(3 * number));
            stores.add(sparse);
            Room shared = room();
            shared.open(sparse);
            sparse.run();
            shared.marks().raise("ann", null, 30, answers::add);
            shared.join(new Tab("ann"), Format.JSON, null, new Start.Last(0), null, joined::add);
        }
        joined.forEach(Samples::begin);
        for (int left = 20; left > 0; left--) {
            List<SparseStore> reading =
                    stores.stream().filter(one -> !one.toDo.isEmpty()).toList();
            assertThat(reading).hasSize(Math.min(left, 8));
            reading.get(0).step();
            while (!turns.isEmpty()) {
                turns.poll().run();
            }
        }
        joined.forEach(one -> assertThat(marks(one.member())).containsExactly("30 30"));
    }

    @Test
    void aCountThatComesLateDoesNotTakeThePlaceOfOneOfMoreMessages() {
        open(false);
        Member ann = join("ann");
        ReadMark mark = new ReadMark(12, 8, false);
        ann.tell(new Event.Mark(RoomName.LOBBY, "fake", 20, mark));
        ann.tell(new Event.Mark(RoomName.LOBBY, "fake", 18, new ReadMark(12, 6, false)));
        assertThat(marks(ann)).containsExactly("12 8");
        ann.tell(new Event.Mark(RoomName.LOBBY, "fake", 18, new ReadMark(12, 6, false)));
        assertThat(marks(ann)).isEmpty();
    }
}
