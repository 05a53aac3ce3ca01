package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;

import jakarta.json.JsonValue;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.protocol.WatchList;

/** Up to where users have read in rooms that their clients watch. */
class WatchedMarksTest {
    private static final int BYTES = 1 << 16;

    private final Deque<Runnable> turns = new ArrayDeque<>();
    private long now;

    private RoomRegistry registry(RoomStore store, int history) {
        RoomLimits its = Samples.limits(history, 10, Overflow.DROP_OLDEST, Duration.ofHours(1));
        return new RoomRegistry(
                its,
                room -> its,
                100,
                room -> store,
                Long.MAX_VALUE,
                (took, since) -> {},
                turns::add,
                Clock.systemUTC());
    }

    private static WatchList list(String... named) {
        return WatchList.parse(List.of(named), Set.of(WatchList.Detail.MARKS)).orElseThrow();
    }

    private static Watcher watch(RoomRegistry rooms, @Nullable String user, WatchList list) {
        Watcher watcher = rooms.watching().watcher(user, () -> {});
        watcher.replace(list, room -> true).orElseThrow().run();
        return watcher;
    }

    private void run() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private void tick(RoomRegistry rooms) {
        now += 1_000_000_000L;
        run();
        rooms.sweep(now);
        run();
        rooms.watching().tick();
        run();
    }

    private void say(RoomRegistry rooms, String room, int messages) {
        for (int i = 0; i < messages; i++) {
            rooms.publish(new RoomName(room), Samples.line(null, "m"), outcome -> {});
        }
        run();
    }

    private void mark(RoomRegistry rooms, String room, String user, long seq) {
        rooms.visit(new RoomName(room), (its, newest) -> its.marks().raise(user, null, seq, raised -> {}), () -> {});
        run();
    }

    /** The next event, a word a room: its name, its number, and the mark with what is unread. */
    private static @Nullable String next(Watcher watcher) {
        return watcher.next(BYTES).map(WatchedMarksTest::words).orElse(null);
    }

    private static String words(String line) {
        return parse(line).getJsonArray("rooms").stream()
                .map(JsonValue::asJsonObject)
                .map(room -> room.getString("room") + " " + room.getInt("seq", 0)
                        + (room.containsKey("mark") ? " read " + room.getInt("mark") : "")
                        + (room.containsKey("unread") ? " left " + room.getInt("unread") : "")
                        + (room.getBoolean("more", false) ? "+" : ""))
                .sorted()
                .collect(Collectors.joining(", "));
    }

    @Test
    void eachRoomHasTheMarkOfTheClientsUserAndWhatIsLeft() {
        RoomRegistry rooms = registry(new MemoryStore(), 200);
        say(rooms, "java", 3);
        say(rooms, "tea", 1);
        mark(rooms, "java", "ann", 1);
        Watcher ann = watch(rooms, "ann", list("java", "tea", "nowhere"));
        Watcher plain =
                watch(rooms, "ann", WatchList.parse(List.of("java"), Set.of()).orElseThrow());
        Watcher bob = watch(rooms, "bob", list("java"));
        Watcher nobody = watch(rooms, null, list("java"));
        tick(rooms);
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 3 read 1 left 2, nowhere 0, tea 1");
        assertThat(next(plain)).isEqualTo("java 3");
        assertThat(next(bob)).isEqualTo("java 3");
        assertThat(next(nobody)).isEqualTo("java 3");
        say(rooms, "java", 2);
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 5 read 1 left 4");
        assertThat(rooms.watching().markCount()).isEqualTo(4);
        List.of(ann, plain, bob, nobody).forEach(Watcher::close);
        assertThat(rooms.watching().markCount()).isZero();
    }

    @Test
    void theMarkThatAnotherConnectionOfTheUserSetsComesWithTheNextEvent() {
        RoomRegistry rooms = registry(new MemoryStore(), 200);
        say(rooms, "java", 3);
        Watcher ann = watch(rooms, "ann", list("j*"));
        Watcher bob = watch(rooms, "bob", list("java"));
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 3");
        assertThat(next(bob)).isEqualTo("java 3");
        mark(rooms, "java", "ann", 2);
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 3 read 2 left 1");
        assertThat(next(bob)).as("another user").isNull();
        mark(rooms, "java", "ann", 1);
        tick(rooms);
        assertThat(next(ann)).as("a mark that is not further").isNull();
        mark(rooms, "java", "ann", 9);
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 3 read 3 left 0");
    }

    @Test
    void unreadIsExactUpToAHundredAndLessWhenMessagesAreLetGo() {
        RoomRegistry rooms = registry(new MemoryStore(), 150);
        say(rooms, "java", 150);
        mark(rooms, "java", "ann", 49);
        Watcher ann = watch(rooms, "ann", list("java"));
        tick(rooms);
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 150 read 49 left 100+");
        mark(rooms, "java", "ann", 50);
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 150 read 50 left 100");
        rooms.visit(new RoomName("java"), (room, newest) -> room.forgetMessages(done -> {}), () -> {});
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 150 read 50 left 0");
    }

    /** Marks that come late or not at all the first time, and a store with holes in its numbers. */
    @Test
    void aCountThatTakesTheStoreComesWithALaterEvent() {
        SparseStore store = new SparseStore();
        store.keep(IntStream.rangeClosed(1, 40).mapToLong(i -> 10L * i).toArray());
        RoomRegistry rooms = registry(store, 6);
        Runnable all = () -> {
            run();
            store.run();
            run();
        };
        rooms.visit(new RoomName("java"), (room, newest) -> room.marks().raise("ann", null, 105, any -> {}), () -> {});
        all.run();
        store.isUnreadable = true;
        Watcher ann = watch(rooms, "ann", list("java"));
        tick(rooms);
        all.run();
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 400 read 105");
        tick(rooms);
        all.run();
        tick(rooms);
        assertThat(next(ann)).isNull();
        store.isUnreadable = false;
        String said = null;
        for (int i = 0; i < 10 && said == null; i++) {
            tick(rooms);
            all.run();
            said = next(ann);
        }
        assertThat(said).isEqualTo("java 400 read 105 left 30");
        store.comes(405, 500);
        all.run();
        tick(rooms);
        assertThat(next(ann)).as("memory knows the rest").isEqualTo("java 500 read 105 left 32");
    }

    /** Finds marks when the test wants, or cannot. */
    private static final class LateMarks implements MarkStore {
        private final MarkStore marks;
        final Deque<Runnable> toDo = new ArrayDeque<>();
        boolean canFind = true;

        LateMarks(MarkStore marks) {
            this.marks = marks;
        }

        @Override
        public void raise(String user, Mark mark, int most, Consumer<Answer> onRaised) {
            marks.raise(user, mark, most, onRaised);
        }

        @Override
        public void find(String user, Consumer<Answer> onFound) {
            if (canFind) {
                marks.find(user, answer -> toDo.add(() -> onFound.accept(answer)));
            } else {
                toDo.add(() -> onFound.accept(No.NOT_NOW));
            }
        }
    }

    @Test
    void aMarkThatCannotBeFoundNowIsLookedForAgain() {
        FakeStore store = new FakeStore().keep(5);
        LateMarks marks = new LateMarks(store.marks);
        RoomRegistry rooms = registry((name, listener) -> new WithMarks(store.open(name, listener), marks), 200);
        Runnable all = () -> {
            run();
            store.run();
            run();
        };
        rooms.visit(new RoomName("java"), (room, newest) -> room.marks().raise("ann", null, 2, any -> {}), () -> {});
        all.run();
        marks.canFind = false;
        Watcher ann = watch(rooms, "ann", list("java"));
        for (int i = 0; i < 3; i++) {
            tick(rooms);
            all.run();
        }
        assertThat(next(ann)).isEqualTo("java 5");
        assertThat(marks.toDo).hasSize(1);
        marks.toDo.remove().run();
        marks.canFind = true;
        for (int i = 0; i < 20 && marks.toDo.isEmpty(); i++) {
            tick(rooms);
        }
        marks.toDo.remove().run();
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 5 read 2 left 3");
    }

    /** Several users, rooms that come and go, messages and marks at random: in the end all is as the model has it. */
    @Test
    void whateverHappensTheLastEventIsTheTruth() {
        Random random = new Random(11);
        RoomRegistry rooms = registry(new MemoryStore(), 300);
        String[] names = {"a", "b", "c", "d"};
        Map<String, Integer> said = new TreeMap<>();
        Map<String, Integer> read = new TreeMap<>();
        Map<String, String> known = new TreeMap<>();
        Watcher ann = watch(rooms, "ann", list("a", "b", "*"));
        for (int step = 0; step < 1_000; step++) {
            String room = names[random.nextInt(names.length)];
            int head = said.getOrDefault(room, 0);
            switch (random.nextInt(5)) {
                case 0, 1 -> {
                    say(rooms, room, 1);
                    said.merge(room, 1, Integer::sum);
                }
                case 2 -> {
                    int seq = random.nextInt(head + 2);
                    mark(rooms, room, "ann", seq);
                    if (head > 0) {
                        read.merge(room, Math.min(seq, head), Math::max);
                    }
                }
                case 3 -> mark(rooms, room, "bob", random.nextInt(head + 1));
                default -> {
                    tick(rooms);
                    take(ann, known);
                }
            }
        }
        tick(rooms);
        tick(rooms);
        take(ann, known);
        for (String room : names) {
            int head = said.getOrDefault(room, 0);
            Integer mark = read.get(room);
            int left = mark == null ? 0 : head - mark;
            assertThat(known.get(room))
                    .isEqualTo(room + " " + head
                            + (mark == null
                                    ? ""
                                    : " read " + mark + " left " + Math.min(left, 100) + (left > 100 ? "+" : "")));
        }
    }

    private static void take(Watcher watcher, Map<String, String> known) {
        for (String event = next(watcher); event != null; event = next(watcher)) {
            for (String room : event.split(", ")) {
                known.put(room.split(" ")[0], room);
            }
        }
    }

    @Test
    void aRoomThatBeganAnewHasNoMarkOfTheHistoryBefore() {
        RoomLimits its = Samples.limits(10, 10, Overflow.DROP_OLDEST, Duration.ZERO);
        RoomRegistry rooms = new RoomRegistry(its, 100, turns::add, Clock.systemUTC());
        say(rooms, "java", 3);
        mark(rooms, "java", "ann", 2);
        Watcher ann = watch(rooms, "ann", list("java"));
        tick(rooms);
        tick(rooms);
        assertThat(next(ann)).as("nobody is in it, so it has gone").isEqualTo("java 0");
        Member bob = join(rooms);
        say(rooms, "java", 1);
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 1");
        mark(rooms, "java", "ann", 1);
        tick(rooms);
        assertThat(next(ann)).isEqualTo("java 1 read 1 left 0");
        bob.leave();
    }

    private Member join(RoomRegistry rooms) {
        Member.Subscriber nobody = new Member.Subscriber() {
            @Override
            public void ready() {}

            @Override
            public void fellBehind() {}
        };
        RoomName name = new RoomName("java");
        Entry entry = rooms.join(
                name, rooms.fix(name, new Start.Last(0)), nobody, Format.JSON, MemberName.parse("Bob"), Samples::begin);
        run();
        return Samples.member(entry);
    }

    /** Numbers are those of changes too, and only the room or its store can leave these out. */
    @Test
    void aClosedRoomWithChangesIsNotCountedByItsNumbers() {
        RoomRegistry rooms = registry(new MemoryStore(), 200);
        say(rooms, "java", 3);
        Room room = Objects.requireNonNull(rooms.all().get(new RoomName("java")));
        WatchedRoom its = new WatchedRoom(room.name());
        its.stored(new RoomStore.Expected("e", 3));
        its.trimmed("e", 1);
        its.seen(room.log());
        assertThat(its.countUnread(1, 3)).hasValue(2);
        room.change(new ChangeDraft.Edit(1, Samples.line(null, "uno"), ChangeDraft.Right.ANY), outcome -> {});
        run();
        its.seen(room.log());
        assertThat(its.countUnread(1, 4)).isEmpty();
        assertThat(its.countUnread(4, 4)).as("all are read").hasValue(0);
    }
}
