package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.NavigableSet;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import parley.protocol.RoomName;

/** Unread messages against a model: the set of the numbers that are kept. */
class UnreadCountTest {
    private static final int ROUNDS = 300;

    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final AtomicReference<OptionalInt> counted = new AtomicReference<>();

    private Room room(RoomStore store, int history) {
        RoomLimits limits = Samples.stored(history, 0, Overflow.DROP_OLDEST, 9);
        LogBudget any = new LogBudget(Long.MAX_VALUE, () -> {});
        Room room = new Room(
                RoomName.LOBBY,
                limits,
                any,
                new Tally(),
                (took, since) -> {},
                turns::add,
                Clock.systemUTC(),
                System::nanoTime);
        room.open(store);
        return room;
    }

    private int count(Room room, long after, long upTo, Runnable run) {
        counted.set(null);
        UnreadCount.count(room.log(), after, upTo, counted::set);
        run.run();
        return counted.get().orElseThrow();
    }

    /** How many are said: up to 100, and 101 for more. */
    private static int expected(NavigableSet<Long> kept, long after, long upTo) {
        return after >= upTo
                ? 0
                : Math.min(101, kept.subSet(after, false, upTo, true).size());
    }

    @Test
    void whereNumbersHaveHoles() {
        Random random = new Random(7);
        for (int round = 0; round < ROUNDS; round++) {
            SparseStore store = new SparseStore();
            NavigableSet<Long> kept = new TreeSet<>();
            long next = 1;
            int before = random.nextInt(150);
            for (int i = 0; i < before; i++) {
                next += 1 + random.nextInt(3);
                store.keep(next);
                kept.add(next);
            }
            Room room = room(store, 1 + random.nextInt(20));
            store.run();
            int more = random.nextInt(150);
            for (int i = 0; i < more; i++) {
                next += 1 + random.nextInt(3);
                store.comes(next);
                kept.add(next);
                store.run();
            }
            long gone =
                    random.nextInt(3) == 0 ? random.nextLong(room.log().ring().since() + 1) : 0;
            store.trim(gone);
            kept.headSet(gone).clear();
            for (int i = 0; i < 10; i++) {
                long after = random.nextLong(next + 2);
                long upTo = random.nextBoolean() ? room.log().newest().seq() : random.nextLong(next + 2);
                assertThat(count(room, after, upTo, store::run))
                        .as("round %s, from %s to %s of %s, gone %s", round, after, upTo, kept, gone)
                        .isEqualTo(expected(kept, after, upTo));
            }
        }
    }

    @Test
    void whereNumbersAreConsecutive() {
        Random random = new Random(8);
        for (int round = 0; round < ROUNDS; round++) {
            FakeStore store = new FakeStore().keep(random.nextInt(150));
            Room room = room(store, 1 + random.nextInt(20));
            store.run();
            int more = random.nextInt(150);
            for (int i = 0; i < more; i++) {
                room.publish(Samples.line(null, "m"), outcome -> {});
            }
            store.run();
            long newest = store.kept.size();
            if (newest > 0 && random.nextInt(3) == 0) {
                store.trim(1 + random.nextLong(newest));
            }
            NavigableSet<Long> kept = new TreeSet<>();
            for (long seq = store.first; seq <= newest; seq++) {
                kept.add(seq);
            }
            for (int i = 0; i < 10; i++) {
                long after = random.nextLong(newest + 1);
                assertThat(count(room, after, newest, store::run)).isEqualTo(expected(kept, after, newest));
            }
        }
    }

    @Test
    void inMemoryWhatTheRingHasLetGoOfDoesNotCount() {
        Room room = room(new MemoryStore(), 10);
        for (int i = 0; i < 30; i++) {
            Samples.publish(room, "m" + i);
            room.runTurn();
        }
        assertThat(count(room, 0, 30, () -> {})).isEqualTo(10);
        assertThat(count(room, 25, 30, () -> {})).isEqualTo(5);
        assertThat(count(room, 30, 30, () -> {})).isZero();
    }

    @Test
    void aStoreThatCannotReadNowIsNotTakenForAnEmptyOne() {
        SparseStore store = new SparseStore();
        for (int i = 1; i <= 20; i++) {
            store.keep(2L * i);
        }
        Room room = room(store, 2);
        store.run();
        store.isUnreadable = true;
        UnreadCount.count(room.log(), 0, 40, counted::set);
        store.run();
        assertThat(counted.get()).isEmpty();
    }
}
