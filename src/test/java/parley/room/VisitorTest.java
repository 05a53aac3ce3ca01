package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import parley.protocol.Draft;
import parley.protocol.RoomName;

/** Callers that publish and read without being members. */
class VisitorTest {
    private static final RoomName JAVA = new RoomName("java");
    private static final long SECOND_NANOS = 1_000_000_000L;

    private long millis = 1_000;
    private final Clock clock = new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Instant instant() {
            return Instant.ofEpochMilli(millis);
        }
    };

    /** Results that the store keeps back. */
    private final List<Runnable> results = new ArrayList<>();

    private boolean keepsBack;

    private RoomRegistry registry(Duration linger, RoomStore store) {
        RoomLimits limits = Samples.limits(10, 10, Overflow.LATEST, linger);
        return new RoomRegistry(
                limits, room -> limits, 9, room -> store, Long.MAX_VALUE, (took, since) -> {}, Runnable::run, clock);
    }

    /** A store in memory that tells results when the test wants it to. */
    private final class SlowStore implements RoomStore {
        private final RoomStore memory = new MemoryStore();

        @Override
        public Log open(RoomName name, Listener room) {
            Log log = memory.open(name, room);
            return new Log() {
                @Override
                public void append(long at, Draft draft, Consumer<Outcome> onResult) {
                    log.append(at, draft, outcome -> {
                        if (keepsBack) {
                            results.add(() -> onResult.accept(outcome));
                        } else {
                            onResult.accept(outcome);
                        }
                    });
                }

                @Override
                public void appendBehind(Expected expected, long at, Draft draft, Consumer<Outcome> onResult) {
                    log.appendBehind(expected, at, draft, onResult);
                }

                @Override
                public void forget(long upTo, Consumer<Forgotten> onForgotten) {
                    log.forget(upTo, onForgotten);
                }

                @Override
                public void read(Query query, Consumer<Answer> onAnswer) {
                    log.read(query, onAnswer);
                }

                @Override
                public void refresh(Consumer<Extent> onExtent) {
                    log.refresh(onExtent);
                }

                @Override
                public MarkStore marks() {
                    return log.marks();
                }

                @Override
                public void close() {
                    log.close();
                }
            };
        }
    }

    private static Outcome publish(RoomRegistry rooms, String text) {
        List<Outcome> outcomes = new ArrayList<>();
        rooms.publish(JAVA, Samples.line(null, text), outcomes::add);
        return outcomes.get(0);
    }

    @Test
    void aRoomLingersAfterTheLastMessage() {
        RoomRegistry rooms = registry(Duration.ofSeconds(10), new MemoryStore());
        publish(rooms, "one");
        rooms.sweep(0);
        millis += 9_000;
        publish(rooms, "two");
        rooms.sweep(11 * SECOND_NANOS);
        assertThat(rooms.roomCount()).isEqualTo(1);
        rooms.sweep(20 * SECOND_NANOS);
        assertThat(rooms.roomCount()).isEqualTo(1);
        rooms.sweep(22 * SECOND_NANOS);
        assertThat(rooms.roomCount()).isZero();
        assertThat(publish(rooms, "in a room that begins anew")).isEqualTo(new Outcome.Published(1, false));
    }

    @Test
    void aRoomIsNotGivenUpBeforeItsVisitorsHaveTheirResults() {
        RoomRegistry rooms = registry(Duration.ZERO, new SlowStore());
        keepsBack = true;
        List<Outcome> outcomes = new ArrayList<>();
        rooms.publish(JAVA, Samples.line(null, "one"), outcomes::add);
        rooms.sweep(0);
        rooms.sweep(SECOND_NANOS);
        assertThat(rooms.roomCount()).isEqualTo(1);
        results.forEach(Runnable::run);
        assertThat(outcomes).containsExactly(new Outcome.Published(1, false));
        rooms.sweep(2 * SECOND_NANOS);
        rooms.sweep(3 * SECOND_NANOS);
        assertThat(rooms.roomCount()).isZero();
    }

    @Test
    void aMessageIsLocatedWhileItIsKept() {
        RoomRegistry rooms = registry(Duration.ofSeconds(10), new MemoryStore());
        publish(rooms, "one");
        millis = 2_000;
        publish(rooms, "two");
        List<Optional<RoomRegistry.Located>> located = new ArrayList<>();
        rooms.locate(JAVA, 1, located::add);
        rooms.locate(JAVA, 2, located::add);
        rooms.locate(JAVA, 3, located::add);
        rooms.locate(RoomName.LOBBY, 1, located::add);
        String epoch = rooms.list("", "", 1).get(0).epoch();
        assertThat(located)
                .containsExactly(
                        Optional.of(new RoomRegistry.Located(epoch, 1_000)),
                        Optional.of(new RoomRegistry.Located(epoch, 2_000)),
                        Optional.empty(),
                        Optional.empty());
        List<RoomStore.Forgotten> forgotten = new ArrayList<>();
        rooms.visit(JAVA, (room, newest) -> room.forgetMessages(forgotten::add), () -> {});
        assertThat(forgotten).containsExactly(RoomStore.Forgotten.DONE);
        located.clear();
        rooms.locate(JAVA, 2, located::add);
        assertThat(located).containsExactly(Optional.empty());
    }

    /** In the next room of that name, the same number would mean another message. */
    @Test
    void aRoomIsNotGivenUpWhileAChangeOfAVisitorIsInspected() {
        RoomRegistry rooms = registry(Duration.ZERO, new MemoryStore());
        List<Room> visited = new ArrayList<>();
        rooms.visit(JAVA, (room, newest) -> visited.add(room), () -> {});
        publish(rooms, "one");
        List<Consumer<Inspection.Finding>> inspected = new ArrayList<>();
        Screen screen = new Screen((room, draft, then) -> inspected.add(then));
        List<Outcome> outcomes = new ArrayList<>();
        Draft draft = Samples.line(null, "uno");
        ChangeDraft change = new ChangeDraft.Edit(1, draft, ChangeDraft.Right.ANY);
        assertThat(visited.get(0).changeAsVisitor(change, screen, outcomes::add))
                .isTrue();
        rooms.sweep(0);
        rooms.sweep(SECOND_NANOS);
        assertThat(rooms.roomCount()).isEqualTo(1);
        inspected.get(0).accept(new Inspection.Passed(draft));
        assertThat(outcomes).containsExactly(new Outcome.Published(2, false));
        rooms.sweep(2 * SECOND_NANOS);
        rooms.sweep(3 * SECOND_NANOS);
        assertThat(rooms.roomCount()).isZero();
        assertThat(visited.get(0).changeAsVisitor(change, screen, outcomes::add))
                .isFalse();
    }

    @Test
    void roomsAreListedByTheirNames() {
        RoomRegistry rooms = registry(Duration.ofSeconds(10), new MemoryStore());
        for (String name : List.of("b", "a2", "a1", "a3")) {
            rooms.publish(new RoomName(name), Samples.line(null, "hi"), outcome -> {});
        }
        assertThat(rooms.list("", "", 9))
                .extracting(room -> room.name().value())
                .containsExactly("a1", "a2", "a3", "b");
        assertThat(rooms.list("a", "a1", 1))
                .extracting(room -> room.name().value())
                .containsExactly("a2");
        assertThat(rooms.list("c", "", 9)).isEmpty();
    }

    /** While a store is away its rooms are not opened, and callers that have given up are not kept. */
    @Test
    void aCallerThatWaitsNoMoreIsLetGoOf() {
        List<RoomStore.Listener> opening = new ArrayList<>();
        RoomStore memory = new MemoryStore();
        RoomRegistry rooms = registry(Duration.ZERO, (name, room) -> {
            opening.add(room);
            return memory.open(name, new SilentListener());
        });
        boolean[] hasEnded = {false, false};
        List<String> called = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int index = i;
            rooms.visit(JAVA, () -> hasEnded[index], (room, newest) -> called.add("open " + index), () -> {});
        }
        hasEnded[0] = true;
        rooms.sweep(0);
        opening.get(0)
                .opened(new RoomStore.Contents(
                        "e", RoomStore.Numbering.CONSECUTIVE, RoomStore.NOTHING, 1, 0, List.of()));
        assertThat(called).containsExactly("open 1");
    }
}
