package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import parley.protocol.Attendee;
import parley.protocol.RoomName;

/** Members that are shown up to where the others have read. */
class MembersMarksTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final FakeStore store = new FakeStore().keep(20);
    private final MarksNow marks = new MarksNow();
    private Room room = room(MarksShown.MEMBERS);
    private long nanos;

    private Room room(MarksShown shown) {
        Room made = new Room(
                RoomName.LOBBY,
                Samples.showing(shown),
                new LogBudget(Long.MAX_VALUE, () -> {}),
                new Tally(),
                (took, since) -> {},
                turns::add,
                Clock.systemUTC(),
                System::currentTimeMillis);
        made.open((name, listener) -> new WithMarks(store.open(name, listener), marks));
        return made;
    }

    /** Finds marks, if the test wants that it can. */
    private final class MarksNow implements MarkStore {
        boolean canFind = true;
        int finds;

        @Override
        public void raise(String user, Mark mark, int most, Consumer<Answer> onRaised) {
            store.marks.raise(user, mark, most, onRaised);
        }

        @Override
        public void find(String user, Consumer<Answer> onFound) {
            finds++;
            if (canFind) {
                store.marks.find(user, onFound);
            } else {
                onFound.accept(No.NOT_NOW);
            }
        }
    }

    /** A client of a user. */
    private record Tab(String user) implements Member.Subscriber {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}
    }

    private Member join(String user) {
        Entry entry = room.join(new Tab(user), Format.PLAIN, null, new Start.Last(0), null, joined -> {});
        run();
        return Samples.member(entry);
    }

    private void run() {
        store.run();
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private void sweep() {
        run();
        nanos += Duration.ofSeconds(1).toNanos();
        room.sweep(nanos);
        run();
    }

    private void mark(String user, long seq) {
        room.marks().raise(user, null, seq, any -> {});
        run();
    }

    private @Nullable Long read(String user) {
        return room.snapshot().members().stream()
                .filter(member -> user.equals(member.user()))
                .findFirst()
                .map(Attendee::read)
                .orElse(null);
    }

    @Test
    void anyNumberOfMarksIsOneDelta() {
        run();
        join("ann");
        join("bob");
        sweep();
        sweep();
        long version = room.roster().delta().version();
        IntStream.rangeClosed(1, 15).forEach(seq -> mark("ann", seq));
        mark("bob", 3);
        mark("cay", 3);
        assertThat(room.roster().delta().version()).isEqualTo(version);
        sweep();
        Presence.Delta delta = room.roster().delta();
        assertThat(delta.version()).isEqualTo(version + 1);
        assertThat(delta.joined()).isEmpty();
        assertThat(delta.members())
                .containsExactly(
                        new Attendee("ann", null, 1, null, 15L, false), new Attendee("bob", null, 1, null, 3L, false));
        mark("ann", 7);
        sweep();
        assertThat(room.roster().delta()).as("a mark never goes back").isSameAs(delta);
    }

    @Test
    void aMarkFromBeforeIsFoundWhenItsUserComesIn() {
        run();
        mark("ann", 5);
        Member ann = join("ann");
        sweep();
        assertThat(read("ann")).isEqualTo(5);
        ann.leave();
        sweep();
        mark("ann", 9);
        join("ann");
        sweep();
        assertThat(read("ann")).isEqualTo(9);
        join("ann");
        int finds = marks.finds;
        sweep();
        assertThat(marks.finds).as("for the first connection of a user alone").isEqualTo(finds);
    }

    @Test
    void aMarkThatCannotBeFoundNowIsLookedForWithTheNextSweep() {
        run();
        IntStream.range(0, 4).forEach(i -> {
            mark("u" + i, i + 1);
            join("u" + i);
        });
        marks.canFind = false;
        int finds = marks.finds;
        sweep();
        assertThat(marks.finds - finds).isEqualTo(4);
        marks.canFind = true;
        sweep();
        assertThat(List.of(read("u0"), read("u1"), read("u2"), read("u3"))).containsExactly(1L, 2L, 3L, 4L);
    }

    @Test
    void allAreFoundHoweverMany() {
        run();
        IntStream.range(0, 90).forEach(i -> {
            mark("u" + i, 1 + i % 20);
            join("u" + i);
        });
        sweep();
        assertThat(IntStream.range(0, 90).filter(i -> read("u" + i) == null)).isEmpty();
    }

    @Test
    void aRoomThatDoesNotShowThemLooksForNone() {
        store.marks.raise("ann", new MarkStore.Mark("fake", 3), 9, any -> {});
        room = room(MarksShown.OWN);
        run();
        join("ann");
        sweep();
        mark("ann", 4);
        sweep();
        assertThat(read("ann")).isNull();
        assertThat(marks.finds).isZero();
    }

    @Test
    void marksGoWithTheirHistory() {
        run();
        join("ann");
        mark("ann", 5);
        sweep();
        assertThat(read("ann")).isEqualTo(5);
        room.marks().marked("ann", new MarkStore.Mark("another", 9));
        assertThat(read("ann")).isEqualTo(5);
        room.roster().forgetMarks();
        assertThat(read("ann")).isNull();
        sweep();
        assertThat(read("ann")).as("looked for anew").isEqualTo(5);
    }
}
