package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import parley.protocol.Draft;
import parley.protocol.MemberName;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.protocol.WatchList;

/** Clients that watch rooms without being in them. */
class WatchingTest {
    private static final Predicate<RoomName> ALL = room -> true;
    private static final int BYTES = 1 << 16;

    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final KeptStore store = new KeptStore();
    private RoomStore.Beyond beyond = RoomStore.Beyond.NOTHING;
    private long now;
    private RoomRegistry rooms = registry(WatchLimits.DEFAULT, 100);
    private int woken;

    private RoomRegistry registry(WatchLimits limits, int most) {
        RoomLimits its = Samples.limits(10, 10, Overflow.DROP_OLDEST, Duration.ZERO);
        return new RoomRegistry(
                its,
                room -> its,
                most,
                room -> store,
                Long.MAX_VALUE,
                limits,
                (took, since) -> {},
                turns::add,
                Clock.systemUTC(),
                System::currentTimeMillis);
    }

    /** A store in memory that keeps what it has of a room, if the test wants that. */
    private final class KeptStore implements RoomStore {
        private final Map<RoomName, List<Message>> kept =
                new TreeMap<>((a, b) -> a.value().compareTo(b.value()));
        private final Map<RoomName, MarkStore> marks =
                new TreeMap<>((a, b) -> a.value().compareTo(b.value()));
        private final List<RoomName> opened = new ArrayList<>();
        private final Map<RoomName, Long> firsts =
                new TreeMap<>((a, b) -> a.value().compareTo(b.value()));
        private boolean canRead = true;
        /** Answers that come when the test wants. */
        private @Nullable Deque<Runnable> later;

        /** How often it was asked where rooms may be. */
        private int looks;

        @Override
        public Beyond beyond() {
            looks++;
            return beyond;
        }

        @Override
        public Log open(RoomName name, Listener room) {
            opened.add(name);
            List<Message> messages = kept.computeIfAbsent(name, any -> new ArrayList<>());
            long first = firsts.getOrDefault(name, 1L);
            room.opened(
                    new Contents("e", Numbering.CONSECUTIVE, first, messages.size() + 1, messages.size(), List.of()));
            return new Log() {
                @Override
                public void append(long at, Draft draft, Consumer<Outcome> onResult) {
                    Message message = new Message(messages.size() + 1, at, draft);
                    messages.add(message);
                    room.appended(List.of(message));
                    onResult.accept(new Outcome.Published(message.seq(), false));
                }

                @Override
                public void appendBehind(Expected expected, long at, Draft draft, Consumer<Outcome> onResult) {
                    throw new AssertionError();
                }

                @Override
                public MarkStore marks() {
                    return marks.computeIfAbsent(
                            name, any -> new MemoryMarks("e", room::marked, new SharedBytes(Long.MAX_VALUE)));
                }

                @Override
                public void forget(long upTo, Consumer<Forgotten> onForgotten) {
                    firsts.put(name, upTo + 1);
                    room.trimmed(upTo + 1);
                    onForgotten.accept(Forgotten.DONE);
                }

                @Override
                public void read(Query query, Consumer<Answer> onAnswer) {
                    int last = (int) Math.min(query.from(), messages.size());
                    long first = firsts.getOrDefault(name, 1L);
                    Answer answer = canRead
                            ? new Found(first, last < first ? List.of() : List.of(messages.get(last - 1)), false)
                            : Unread.NOT_NOW;
                    if (later == null) {
                        onAnswer.accept(answer);
                    } else {
                        later.add(() -> onAnswer.accept(answer));
                    }
                }

                @Override
                public void refresh(Consumer<Extent> onExtent) {
                    onExtent.accept(new Extent(1, messages.size()));
                }

                @Override
                public void close() {}
            };
        }
    }

    private static WatchList list(String... named) {
        return WatchList.parse(List.of(named), Set.of()).orElseThrow();
    }

    private static WatchList withLast(String... named) {
        return WatchList.parse(List.of(named), Set.of(WatchList.Detail.LAST)).orElseThrow();
    }

    private Watcher watch(WatchList list) {
        Watcher watcher = rooms.watching().watcher(null, () -> woken++);
        watcher.replace(list, ALL).orElseThrow().run();
        return watcher;
    }

    private void run() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    /** What is due happens: presence, rooms that nobody is in, the tick. */
    private void tick() {
        now += 1_000_000_000L;
        run();
        rooms.sweep(now);
        run();
        rooms.watching().tick();
        run();
    }

    private void say(String room, String text) {
        rooms.publish(new RoomName(room), Samples.line(null, text), outcome -> {});
        run();
    }

    private Member join(String room) {
        Member.Subscriber nobody = new Member.Subscriber() {
            @Override
            public void ready() {}

            @Override
            public void fellBehind() {}
        };
        RoomName name = new RoomName(room);
        Entry entry = rooms.join(
                name, rooms.fix(name, new Start.Last(0)), nobody, Format.JSON, MemberName.parse("Ann"), Samples::begin);
        run();
        return Samples.member(entry);
    }

    /** The next event, a word a room: its name, its number and its count; then rooms that are gone. */
    private static @Nullable String next(Watcher watcher) {
        return watcher.next(BYTES).map(WatchingTest::words).orElse(null);
    }

    private static String words(String line) {
        JsonObject event = parse(line);
        assertThat(event.getString("type")).isEqualTo("watched");
        Stream<String> told = event.getJsonArray("rooms").stream()
                .map(JsonValue::asJsonObject)
                .map(room -> {
                    assertThat(room.containsKey("epoch")).isEqualTo(room.containsKey("seq"));
                    String seq = room.containsKey("seq") ? String.valueOf(room.getInt("seq")) : "-";
                    String last = room.containsKey("last")
                            ? " " + room.getJsonObject("last").getString("text")
                            : "";
                    return room.getString("room") + " " + seq + " " + room.getInt("count") + last;
                });
        Stream<String> gone = event.containsKey("gone")
                ? event.getJsonArray("gone").getValuesAs(JsonString::getString).stream()
                        .map(room -> room + " gone")
                : Stream.empty();
        Stream<String> more = event.containsKey("more") ? Stream.of("more") : Stream.empty();
        return String.join(
                ", ",
                Stream.of(told.sorted(), gone.sorted(), more)
                        .flatMap(all -> all)
                        .toList());
    }

    @Test
    void aRoomThatIsNowhereHasNobodyAndNoNumberAndIsNotMade() {
        Watcher watcher = watch(list("java", "tea"));
        assertThat(next(watcher)).isNull();
        tick();
        assertThat(next(watcher)).isEqualTo("java - 0, tea - 0");
        assertThat(next(watcher)).isNull();
        assertThat(rooms.roomCount()).isZero();
        assertThat(rooms.watching().watcherCount()).isOne();
        assertThat(rooms.watching().watchedCount()).isEqualTo(2);
        watcher.close();
        assertThat(rooms.watching().watcherCount()).isZero();
        assertThat(rooms.watching().watchedCount()).isZero();
        assertThat(rooms.watching().roomCount()).isZero();
    }

    /** Else a client cannot tell that from an answer that is still to come. */
    @Test
    void aListThatFitsNothingIsAnsweredWithNoRooms() {
        Watcher watcher = watch(list("nobody-*"));
        assertThat(next(watcher)).isNull();
        tick();
        assertThat(next(watcher)).isEmpty();
        tick();
        assertThat(next(watcher)).isNull();
        assertThat(watcher.replace(list(), room -> true)).isPresent();
        tick();
        assertThat(next(watcher)).as("a list of nothing ends it").isNull();
    }

    @Test
    void allThatHasChangedSinceTheLastTickComesInOneEvent() {
        Member ann = join("java");
        join("java");
        join("tea");
        say("java", "one");
        Watcher watcher = watch(list("java", "tea", "coffee"));
        tick();
        assertThat(next(watcher)).isEqualTo("coffee - 0, java 1 2, tea - 1");
        tick();
        assertThat(next(watcher)).isNull();
        say("java", "two");
        say("java", "three");
        assertThat(next(watcher)).as("before the tick").isNull();
        ann.leave();
        join("tea");
        tick();
        assertThat(next(watcher)).isEqualTo("java 3 1, tea - 2");
        assertThat(next(watcher)).isNull();
    }

    @Test
    void aClientThatReadsSlowlyGetsFewerEventsAndNewerOnes() {
        join("java");
        join("tea");
        Watcher watcher = watch(list("java", "tea"));
        for (int i = 1; i <= 50; i++) {
            say("java", "x");
            tick();
        }
        say("tea", "x");
        tick();
        assertThat(next(watcher)).isEqualTo("java 50 1, tea 1 1");
        assertThat(next(watcher)).isNull();
    }

    @Test
    void anEventIsBoundedInBytesAndTheNextOneHasTheOthers() {
        String[] names = IntStream.range(0, 100).mapToObj(i -> "r" + i).toArray(String[]::new);
        Watcher watcher = watch(list(names));
        tick();
        List<String> told = new ArrayList<>();
        for (Optional<String> next = watcher.next(200); next.isPresent(); next = watcher.next(200)) {
            assertThat(next.get().length()).isLessThan(300);
            told.addAll(List.of(words(next.get()).split(", ")));
        }
        assertThat(told).hasSize(100).doesNotHaveDuplicates();
    }

    @Test
    void theLastMessageComesToThoseThatWantIt() {
        join("java");
        say("java", "one");
        Watcher plain = watch(list("java"));
        Watcher watcher = watch(withLast("java", "tea"));
        tick();
        assertThat(next(watcher)).isEqualTo("java 1 1 one, tea - 0");
        assertThat(next(plain)).isEqualTo("java 1 1");
        say("java", "two");
        tick();
        assertThat(next(watcher)).isEqualTo("java 2 1 two");
        assertThat(rooms.watching().lastBytes()).isPositive();
        watcher.close();
        assertThat(rooms.watching().lastBytes()).isZero();
    }

    @Test
    void lastMessagesBeyondTheirBytesAreLeftOut() {
        rooms = registry(new WatchLimits(10, 10, 10, 100, 300), 100);
        join("java");
        join("tea");
        say("java", "one");
        say("tea", "two");
        Watcher watcher = watch(withLast("java", "tea"));
        tick();
        assertThat(next(watcher)).isIn("java 1 1 one, tea 1 1", "java 1 1, tea 1 1 two");
    }

    @Test
    void aLastMessageThatDoesNotFitIsNotReadAgainBeforeThereIsSpace() {
        beyond = RoomStore.Beyond.KEPT;
        rooms = registry(new WatchLimits(10, 20, 10, 100, 300), 100);
        say("java", "one");
        say("tea", "two");
        Watcher watcher = watch(withLast("java", "tea"));
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(next(watcher)).isIn("java 1 0 one, tea 1 0", "java 1 0, tea 1 0 two");
        assertThat(rooms.roomCount()).isZero();
        store.opened.clear();
        IntStream.range(0, 20).forEach(i -> tick());
        assertThat(store.opened).isEmpty();
        Watcher other = watch(withLast("java", "tea"));
        watcher.close();
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(store.opened).isEmpty();
        String told = next(other);
        assertThat(told).isIn("java 1 0 one, tea 1 0", "java 1 0, tea 1 0 two");
        String out = "java 1 0, tea 1 0 two".equals(told) ? "java" : "tea";
        Watcher third = watch(withLast(out));
        other.close();
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(store.opened).extracting(RoomName::value).containsExactly(out);
        assertThat(next(third)).isEqualTo(out.equals("tea") ? "tea 1 0 two" : "java 1 0 one");
    }

    @Test
    void textThatTakesTwoBytesACharacterCountsSo() {
        join("java");
        watch(withLast("java"));
        say("java", "a".repeat(100));
        tick();
        long narrow = rooms.watching().lastBytes();
        say("java", "ä".repeat(100));
        tick();
        assertThat(rooms.watching().lastBytes()).isEqualTo(narrow);
        say("java", "\u2713".repeat(100));
        tick();
        assertThat(rooms.watching().lastBytes()).isGreaterThan(2 * (narrow - 128));
    }

    private void forget(String room, long upTo) {
        rooms.all().get(new RoomName(room)).log().store().forget(upTo, forgotten -> {});
        run();
    }

    @Test
    void aMessageThatIsLetGoOfIsTheLastOneNoMore() {
        join("java");
        say("java", "secret");
        Watcher watcher = watch(withLast("java"));
        tick();
        assertThat(next(watcher)).isEqualTo("java 1 1 secret");
        forget("java", 1);
        tick();
        assertThat(next(watcher)).isEqualTo("java 1 1");
        assertThat(rooms.watching().lastBytes()).isZero();
        tick();
        assertThat(next(watcher)).isNull();
        say("java", "two");
        tick();
        assertThat(next(watcher)).isEqualTo("java 2 1 two");
        forget("java", 1);
        tick();
        assertThat(next(watcher)).as("an older one went").isNull();
    }

    @Test
    void aMessageThatIsLetGoOfWhileItIsReadIsNotTheLastOne() {
        beyond = RoomStore.Beyond.KEPT;
        say("java", "secret");
        IntStream.range(0, 3).forEach(i -> tick());
        assertThat(rooms.roomCount()).isZero();
        store.later = new ArrayDeque<>();
        Watcher watcher = watch(withLast("java"));
        tick();
        assertThat(store.later).hasSize(1);
        forget("java", 1);
        store.later.forEach(Runnable::run);
        store.later = null;
        IntStream.range(0, 4).forEach(i -> tick());
        assertThat(next(watcher)).isEqualTo("java 1 0");
        assertThat(rooms.watching().lastBytes()).isZero();
    }

    @Test
    void aMessageThatGoesWhileItsRoomIsNotOpenIsTheLastOneNoMore() {
        beyond = RoomStore.Beyond.KEPT;
        Watcher watcher = watch(withLast("java"));
        say("java", "secret");
        IntStream.range(0, 4).forEach(i -> tick());
        assertThat(next(watcher)).isEqualTo("java 1 0 secret");
        assertThat(rooms.roomCount()).isZero();
        store.firsts.put(new RoomName("java"), 2L);
        store.opened.clear();
        rooms.watching().trimmed(new RoomName("java"), "e", 2);
        IntStream.range(0, 4).forEach(i -> tick());
        assertThat(next(watcher)).isEqualTo("java 1 0");
        assertThat(rooms.watching().lastBytes()).isZero();
        assertThat(store.opened).as("nothing is there to read").isEmpty();
    }

    @Test
    void theLastMessageOfARoomThatIsNotFollowedAnyMoreIsLetGo() {
        beyond = RoomStore.Beyond.SHARED;
        rooms = registry(new WatchLimits(10, 10, 1, 100, 1000), 100);
        watch(list("followed"));
        IntStream.range(0, 4).forEach(i -> tick());
        assertThat(rooms.watching().heldCount()).isOne();
        Member ann = join("java");
        say("java", "one");
        Watcher watcher = watch(withLast("java"));
        tick();
        assertThat(next(watcher)).isEqualTo("java 1 1 one");
        ann.leave();
        IntStream.range(0, 4).forEach(i -> tick());
        assertThat(rooms.roomCount()).isOne();
        assertThat(next(watcher)).isIn("java 1 0", "java 1 1");
        assertThat(rooms.watching().lastBytes()).isZero();
    }

    @Test
    void aPatternShowsRoomsThatAreThereAndThoseThatComeLater() {
        Member ann = join("team-1");
        Watcher watcher = watch(list("team-*", "t*1"));
        tick();
        assertThat(next(watcher)).isEqualTo("team-1 - 1");
        join("other");
        join("team-2");
        tick();
        assertThat(next(watcher)).isEqualTo("team-2 - 1");
        ann.leave();
        tick();
        tick();
        assertThat(next(watcher)).isEqualTo("team-1 gone");
        join("team-1");
        tick();
        assertThat(next(watcher)).isEqualTo("team-1 - 1");
    }

    @Test
    void aRoomThatIsNamedAndFitsStaysWhenItIsNotThereAnyMore() {
        Member ann = join("team-1");
        Watcher watcher = watch(list("team-1", "team-*"));
        tick();
        assertThat(next(watcher)).isEqualTo("team-1 - 1");
        ann.leave();
        tick();
        tick();
        assertThat(next(watcher)).isEqualTo("team-1 - 0");
    }

    @Test
    void aRoomThatWasOnlyAskedForIsNoneForAPattern() {
        Watcher watcher = watch(list("t*"));
        rooms.fix(new RoomName("tea"), new Start.Last(0));
        run();
        rooms.watching().tick();
        assertThat(rooms.roomCount()).isOne();
        assertThat(next(watcher)).isEmpty();
        say("tea", "x");
        rooms.watching().tick();
        assertThat(next(watcher)).isEqualTo("tea 1 0");
    }

    @Test
    void whatAClientMayNotReadDoesNotShow() {
        join("team-1");
        join("team-secret");
        Watcher watcher = rooms.watching().watcher(null, () -> woken++);
        watcher.replace(list("*"), room -> !room.value().contains("secret"))
                .orElseThrow()
                .run();
        tick();
        join("another-secret");
        tick();
        assertThat(next(watcher)).isEqualTo("team-1 - 1");
    }

    @Test
    void fewerRightsEndTheWatchingOfWhatTheyDoNotAllow() {
        join("team-1");
        join("team-2");
        Watcher watcher = watch(list("team-*", "java", "tea"));
        tick();
        assertThat(next(watcher)).isEqualTo("java - 0, tea - 0, team-1 - 1, team-2 - 1");
        say("team-1", "x");
        say("team-2", "x");
        tick();
        watcher.allow(room -> List.of("team-2", "tea").contains(room.value()));
        assertThat(next(watcher)).isEqualTo("team-2 1 1, java gone, team-1 gone");
        say("team-1", "y");
        join("team-3");
        join("java");
        tick();
        assertThat(next(watcher)).isNull();
        watcher.allow(ALL);
        tick();
        assertThat(next(watcher)).as("not what it had named before").isEqualTo("team-1 2 1, team-3 - 1");
    }

    @Test
    void anotherListTakesThePlaceOfTheFirst() {
        join("java");
        Watcher watcher = watch(list("java", "tea"));
        tick();
        say("java", "x");
        tick();
        Runnable first = watcher.replace(list("java", "coffee"), ALL).orElseThrow();
        tick();
        assertThat(next(watcher)).as("before its answer").isNull();
        Runnable second = watcher.replace(list("java"), ALL).orElseThrow();
        first.run();
        tick();
        assertThat(next(watcher)).as("before its answer").isNull();
        second.run();
        assertThat(next(watcher)).isEqualTo("java 1 1");
        watcher.replace(list(), ALL).orElseThrow().run();
        say("java", "x");
        tick();
        assertThat(next(watcher)).isNull();
        assertThat(rooms.watching().watcherCount()).isZero();
        assertThat(rooms.watching().roomCount()).isZero();
    }

    @Test
    void moreRoomsThanMayBeWatchedAreLeftOutAndTheClientIsTold() {
        rooms = registry(new WatchLimits(3, 4, 10, 100, 0), 100);
        IntStream.range(0, 4).forEach(i -> join("r" + i));
        Watcher watcher = watch(list("r*"));
        tick();
        assertThat(next(watcher)).matches("r\\d - 1, r\\d - 1, more");
        Watcher other = rooms.watching().watcher(null, () -> {});
        assertThat(other.replace(list("a", "b", "c"), ALL)).as("5 in all").isEmpty();
        assertThat(other.replace(list("a", "b"), ALL)).isPresent();
        watcher.close();
        assertThat(other.replace(list("a", "b", "c"), ALL)).isPresent();
    }

    @Test
    void roomsThatWereTooManyComeWhenOthersGo() {
        rooms = registry(new WatchLimits(3, 4, 10, 100, 0), 100);
        Map<String, Member> members = new TreeMap<>();
        IntStream.range(0, 4).forEach(i -> members.put("r" + i, join("r" + i)));
        Watcher watcher = watch(list("r*"));
        tick();
        String[] told = String.valueOf(next(watcher)).split("[ ,]+");
        assertThat(told).endsWith("more");
        Member first = members.remove(told[0]);
        Member second = members.remove(told[3]);
        first.leave();
        tick();
        assertThat(next(watcher)).isEqualTo(told[0] + " gone, more");
        tick();
        assertThat(next(watcher)).matches("r\\d - 1, more");
        second.leave();
        tick();
        assertThat(next(watcher)).isEqualTo(told[3] + " gone");
        tick();
        assertThat(next(watcher)).matches("r\\d - 1");
        tick();
        assertThat(next(watcher)).isNull();
        assertThat(rooms.watching().watchedCount()).isEqualTo(2);
    }

    @Test
    void roomsThatWereTooManyComeWhenOtherClientsWatchLess() {
        rooms = registry(new WatchLimits(4, 4, 10, 100, 0), 100);
        Watcher other = watch(list("a", "b", "c"));
        join("r0");
        join("r1");
        Watcher watcher = watch(list("r*"));
        tick();
        assertThat(next(watcher)).matches("r\\d - 1, more");
        IntStream.range(0, 5).forEach(i -> tick());
        assertThat(next(watcher)).isNull();
        other.close();
        IntStream.range(0, 2).forEach(i -> tick());
        assertThat(next(watcher)).matches("r\\d - 1");
    }

    @Test
    void aRoomIsComparedWithPatternsOnceAndNotAtEachTurn() {
        List<RoomName> compared = new ArrayList<>();
        Watcher watcher = rooms.watching().watcher(null, () -> woken++);
        watcher.replace(list("t*"), room -> !compared.add(room)).orElseThrow().run();
        Member ann = join("tea");
        tick();
        assertThat(compared).hasSize(1);
        IntStream.range(0, 5).forEach(i -> {
            say("tea", "x");
            tick();
        });
        assertThat(compared).hasSize(1);
        ann.leave();
        IntStream.range(0, 3).forEach(i -> tick());
        assertThat(rooms.roomCount()).isZero();
        join("tea");
        tick();
        assertThat(compared).as("another one of that name").hasSize(2);
    }

    @Test
    void aWatcherThatIsClosedWatchesNothingAnyMore() {
        Watcher watcher = watch(list("java", "t*"));
        watcher.close();
        watcher.replace(list("java", "t*"), ALL).orElseThrow().run();
        watcher.allow(ALL);
        join("java");
        join("tea");
        tick();
        assertThat(next(watcher)).isNull();
        assertThat(rooms.watching().watchedCount()).isZero();
    }

    @Test
    void nobodyIsWokenWhileNothingThatIsWatchedChanges() {
        Watcher watcher = watch(list("java"));
        tick();
        assertThat(woken).isOne();
        next(watcher);
        join("tea");
        say("tea", "x");
        tick();
        assertThat(woken).isOne();
    }

    @Test
    void aRoomThatIsKeptIsOpenedOnceToAskAndItsNumberStaysKnown() {
        beyond = RoomStore.Beyond.KEPT;
        say("java", "one");
        say("java", "two");
        tick();
        tick();
        assertThat(rooms.roomCount()).isZero();
        store.opened.clear();
        Watcher watcher = watch(withLast("java", "tea"));
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(next(watcher)).isEqualTo("java 2 0 two, tea - 0");
        assertThat(store.opened).extracting(RoomName::value).containsExactlyInAnyOrder("java", "tea");
        assertThat(rooms.roomCount()).as("given up").isZero();
        say("java", "three");
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(next(watcher)).isEqualTo("java 3 0 three");
    }

    @Test
    void aRoomOfWhichThereIsNoSpaceIsAskedForLater() {
        beyond = RoomStore.Beyond.KEPT;
        rooms = registry(WatchLimits.DEFAULT, 1);
        Member ann = join("busy");
        Watcher watcher = watch(list("java"));
        IntStream.range(0, 20).forEach(i -> tick());
        assertThat(next(watcher)).as("unknown").isNull();
        ann.leave();
        IntStream.range(0, 20).forEach(i -> tick());
        assertThat(next(watcher)).isEqualTo("java - 0");
    }

    @Test
    void aRoomThatOthersWriteToIsKeptOpenAsLongAsItIsWatched() {
        beyond = RoomStore.Beyond.SHARED;
        Watcher watcher = watch(list("java", "tea"));
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(next(watcher)).isEqualTo("java - 0, tea - 0");
        assertThat(rooms.roomCount()).isEqualTo(2);
        assertThat(rooms.watching().heldCount()).isEqualTo(2);
        assertThat(rooms.memberCount()).isZero();
        watcher.replace(list("tea"), ALL).orElseThrow().run();
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(rooms.list("", "", 9)).extracting(RoomRegistry.Listed::name).containsExactly(new RoomName("tea"));
        watcher.close();
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(rooms.roomCount()).isZero();
        assertThat(rooms.watching().heldCount()).isZero();
    }

    @Test
    void aRoomThatFitsIsKeptOpenAsLongAsSomebodyIsThere() {
        beyond = RoomStore.Beyond.SHARED;
        Watcher watcher = watch(list("t*"));
        Member ann = join("tea");
        tick();
        rooms.all().get(new RoomName("tea")).roster().present("n2", new RoomStore.Present(1, Map.of(), true));
        ann.leave();
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(next(watcher)).isEqualTo("tea - 1");
        rooms.all().get(new RoomName("tea")).roster().present("n2", RoomStore.Present.NOBODY);
        IntStream.range(0, 6).forEach(i -> tick());
        assertThat(next(watcher)).isEqualTo("tea gone");
        assertThat(rooms.roomCount()).isZero();
    }

    @Test
    void roomsBeyondThoseWaitUntilOneIsKeptOpenNoMore() {
        beyond = RoomStore.Beyond.SHARED;
        rooms = registry(new WatchLimits(10, 10, 1, 100, 0), 100);
        Watcher first = watch(list("java"));
        IntStream.range(0, 5).forEach(i -> tick());
        Watcher second = watch(list("tea"));
        IntStream.range(0, 5).forEach(i -> tick());
        assertThat(next(second)).isNull();
        store.looks = 0;
        IntStream.range(0, 9).forEach(i -> tick());
        assertThat(store.looks).as("nobody looks at it").isZero();
        first.close();
        IntStream.range(0, 5).forEach(i -> tick());
        assertThat(next(second)).isEqualTo("tea - 0");
        assertThat(rooms.watching().heldCount()).isOne();
        Watcher third = watch(list("java"));
        IntStream.range(0, 5).forEach(i -> tick());
        third.close();
        second.close();
        IntStream.range(0, 5).forEach(i -> tick());
        assertThat(rooms.watching().heldCount()).isZero();
        assertThat(rooms.roomCount()).isZero();
    }

    @Test
    void noMoreRoomsAreKeptOpenThanMayBe() {
        beyond = RoomStore.Beyond.SHARED;
        rooms = registry(new WatchLimits(10, 10, 1, 100, 0), 100);
        Watcher watcher = watch(list("java", "tea"));
        IntStream.range(0, 9).forEach(i -> tick());
        assertThat(rooms.watching().heldCount()).isOne();
        watcher.close();
        IntStream.range(0, 9).forEach(i -> tick());
        assertThat(rooms.roomCount()).isZero();
    }
}
