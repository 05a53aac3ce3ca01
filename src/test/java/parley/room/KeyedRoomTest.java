package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;

import jakarta.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.Draft;
import parley.protocol.Key;
import parley.protocol.Revision;

/** A room in memory with values of keys, with a clock that the test sets and turns that the test runs. */
class KeyedRoomTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private Instant now = Instant.EPOCH;
    private final Clock clock = ((InstantSource) () -> now).withZone(ZoneOffset.UTC);
    private final Member.Subscriber subscriber = new Member.Subscriber() {
        @Override
        public void ready() {}

        @Override
        public void fellBehind() {}
    };

    /** What a client of the protocol makes of the events of a room. */
    private static final class Board {
        final Map<String, String> values = new TreeMap<>();
        final List<String> messages = new ArrayList<>();
        private final Map<String, String> coming = new TreeMap<>();
        /** The number that the values are as of, and that of the newest entry of the log. */
        private long seq;

        private long last = -1;
        int events;
        int states;

        void take(Frame frame) {
            Set<String> keys = new HashSet<>();
            for (String line : ((Frame.Text) frame).text().split("\n")) {
                JsonObject event = parse(line);
                events++;
                if (event.containsKey("key") && !keys.add(event.getString("key"))) {
                    throw new AssertionError("two events of a key in a frame: " + line);
                }
                switch (event.getString("type")) {
                    case "state" -> state(event);
                    case "message" -> message(event);
                    default -> {}
                }
            }
        }

        private void state(JsonObject event) {
            if (event.getInt("seq") != seq) {
                coming.clear();
            }
            seq = event.getInt("seq");
            last = last < 0 ? seq : last; // behind the first the log begins, though another may follow
            event.getJsonArray("messages")
                    .getValuesAs(JsonObject.class)
                    .forEach(value -> coming.put(value.getString("key"), value.getString("text")));
            if (!event.getBoolean("more")) {
                states++;
                values.clear();
                values.putAll(coming);
                coming.clear();
            }
        }

        private void message(JsonObject event) {
            if (event.getInt("seq") <= last) {
                throw new AssertionError("comes twice: " + event);
            }
            last = event.getInt("seq");
            if (!event.containsKey("key")) {
                messages.add(event.getString("text"));
                return;
            }
            if (last <= seq) {
                return; // the values are newer
            }
            if (event.getBoolean("removed", false)) {
                values.remove(event.getString("key"));
            } else {
                values.put(event.getString("key"), event.getString("text"));
            }
        }
    }

    private Room room(int history) {
        Room room = Samples.room(Samples.limits(history, 0, Overflow.DROP_OLDEST, Duration.ZERO), turns::add, clock);
        runTurns();
        return room;
    }

    private Room room(LogBudget budget) {
        Room room = new Room(
                Samples.room(Samples.limits(9, 0, Overflow.DROP_OLDEST, Duration.ZERO), turns::add, clock)
                        .name(),
                Samples.limits(9, 0, Overflow.DROP_OLDEST, Duration.ZERO),
                budget,
                new Tally(),
                (took, since) -> {},
                turns::add,
                clock,
                clock::millis);
        room.open(new MemoryStore());
        runTurns();
        return room;
    }

    private void runTurns() {
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    private Outcome put(Room room, String key, String text, OptionalLong expected, long ttl) {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        KeyLimits limits = room.keys().limits();
        room.keys().put(new KeyDraft(new Key(key), Samples.line("Ann", text), expected, ttl, limits), result::complete);
        return result.join();
    }

    private long put(Room room, String key, String text) {
        return ((Outcome.Published) put(room, key, text, OptionalLong.empty(), 0)).seq();
    }

    private Outcome unset(Room room, String key) {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        room.keys()
                .put(KeyDraft.removal(new Key(key), Samples.line("Ann", ""), OptionalLong.empty()), result::complete);
        return result.join();
    }

    private Joined join(Room room, Start.@Nullable After after) {
        AtomicReference<Joined> joined = new AtomicReference<>();
        room.join(subscriber, Format.JSON, null, room.fix(new Start.State(after)), null, joined::set);
        joined.get().member().begin();
        return joined.get();
    }

    private static List<Frame> takeAll(Member member) {
        List<Frame> taken = new ArrayList<>();
        for (Frame next = member.next(); next != null; next = member.next()) {
            taken.add(next);
        }
        return taken;
    }

    private static Board board(Member member) {
        Board board = new Board();
        takeAll(member).forEach(board::take);
        return board;
    }

    @Test
    void aJoinHasTheNewestOfEachKeyHoweverLittleTheRoomKeeps() {
        Room room = room(1);
        put(room, "a", "a1");
        put(room, "b", "b1");
        put(room, "a", "a2");
        put(room, "c", "c1");
        unset(room, "c");
        for (int i = 0; i < 2_000; i++) {
            Samples.publish(room, "m" + i);
        }
        runTurns();
        assertThat(room.log().ring().first()).isGreaterThan(5);
        Board board = board(join(room, null).member());
        assertThat(board.values).containsExactly(Map.entry("a", "a2"), Map.entry("b", "b1"));
        assertThat(board.events).isEqualTo(1);
    }

    @Test
    void aRoomWithoutKeysSaysSo() {
        Board board = board(join(room(10), null).member());
        assertThat(board.states).isEqualTo(1);
        assertThat(board.values).isEmpty();
    }

    @Test
    void membersThatJoinTogetherShareTheFramesOfOneSnapshotAndGetWhatComesBehindIt() {
        Room room = room(2_000);
        for (int i = 0; i < 500; i++) {
            put(room, "key-" + i, "x".repeat(400));
        }
        runTurns();
        Member one = join(room, null).member();
        put(room, "key-1", "new");
        Member two = join(room, null).member();
        runTurns();
        List<Frame> ofOne = takeAll(one);
        List<Frame> ofTwo = takeAll(two);
        assertThat(ofOne).as("three pages and a frame of the log").hasSizeGreaterThan(3);
        for (int i = 0; i < ofOne.size(); i++) {
            assertThat(ofTwo.get(i)).isSameAs(ofOne.get(i));
        }
        Board board = new Board();
        ofTwo.forEach(board::take);
        assertThat(board.values).hasSize(500).containsEntry("key-1", "new");
        assertThat(board.states).isEqualTo(1);
    }

    @Test
    void aMemberThatIsBehindGetsTheNewestOfEachKeyOnce() {
        Room room = room(1_000);
        Member member = join(room, null).member();
        takeAll(member);
        for (int i = 0; i < 300; i++) {
            put(room, "key-" + i % 3, "v" + i);
        }
        unset(room, "key-0");
        runTurns();
        Board board = board(member);
        assertThat(board.events).isEqualTo(3);
        assertThat(board.values).containsExactly(Map.entry("key-1", "v298"), Map.entry("key-2", "v299"));
        Counts counts = Samples.counts(room);
        assertThat(counts.missed()).isZero();
        assertThat(counts.delivered()).isEqualTo(counts.offered());
    }

    @Test
    void aHundredMembersOfWhomTenAreSlowHaveTheSameValuesInTheEnd() {
        Room room = room(1_000);
        List<Member> members = new ArrayList<>();
        List<Board> boards = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            members.add(join(room, null).member());
            boards.add(new Board());
        }
        Random random = new Random(7);
        for (int round = 0; round < 30; round++) {
            for (int i = 0; i < 250; i++) {
                put(room, "key-" + random.nextInt(3_000), "v" + round + "." + i);
            }
            runTurns();
            Frame shared = null;
            for (int i = 0; i < 100; i++) {
                if (i >= 10) { // and these share their frames, of which one member's are looked into
                    List<Frame> frames = takeAll(members.get(i));
                    shared = i == 10 ? frames.get(0) : shared;
                    assertThat(frames.get(0)).isSameAs(shared);
                    if (i == 10) {
                        frames.forEach(boards.get(i)::take);
                    }
                } else if (round % 10 == 9) {
                    Frame next = members.get(i).next();
                    boards.get(i).take(next);
                }
            }
        }
        Map<String, String> values = new TreeMap<>();
        KeySnapshot now = room.keys().snapshot();
        for (int page = 0; page < now.pageCount(); page++) {
            now.page(page)
                    .forEach(value -> values.put(
                            ((Revision.Keyed) value.revision()).key().value(),
                            value.content().text()));
        }
        assertThat(values).hasSizeGreaterThan(2_500);
        for (int i = 0; i <= 10; i++) {
            takeAll(members.get(i)).forEach(boards.get(i)::take);
            assertThat(boards.get(i).values).isEqualTo(values);
        }
        assertThat(boards.get(0).events).isLessThan(boards.get(10).events / 2);
    }

    @Test
    void pagesOfHistoryHaveTheNewestOfEachKeyAlone() {
        Room room = room(1_000);
        Samples.publish(room, "m");
        put(room, "a", "a1");
        put(room, "a", "a2");
        put(room, "b", "b1");
        unset(room, "b");
        List<Long> numbers = Samples.read(room, History.Range.newest(10)).messages().stream()
                .map(message -> message.seq())
                .toList();
        assertThat(numbers).containsExactly(1L, 3L);
    }

    @Test
    void aClientThatComesBackGoesOnWhereItWasIfTheLogHasAllSince() {
        Room room = room(3);
        put(room, "a", "a1");
        String epoch = room.epoch();
        Joined joined = join(room, null);
        assertThat(joined.recovered()).isNull();
        takeAll(joined.member());
        joined.member().leave();
        put(room, "b", "b1");
        runTurns();
        Joined again = join(room, new Start.After(epoch, 1));
        assertThat(again.recovered()).isTrue();
        Board board = board(again.member());
        assertThat(board.states).isZero();
        assertThat(board.values).containsExactly(Map.entry("b", "b1"));
        again.member().leave();

        for (int i = 0; i < 3_000; i++) {
            Samples.publish(room, "m" + i);
        }
        runTurns();
        Joined late = join(room, new Start.After(epoch, 2));
        assertThat(late.recovered()).isFalse();
        board = board(late.member());
        assertThat(board.states).isEqualTo(1);
        assertThat(board.values).containsExactly(Map.entry("a", "a1"), Map.entry("b", "b1"));
        Joined other = join(room, new Start.After("another", 2));
        assertThat(other.recovered()).isFalse();
    }

    @Test
    void aMemberThatMissesSomeOfTheLogIsGivenTheValuesOnceMore() {
        Room room = room(1);
        Member member = join(room, null).member();
        Board board = board(member);
        member.frameUnderWay(Duration.ofHours(1).toNanos()); // nothing is before it: it is not slow
        put(room, "a", "a1");
        member.frameUnderWay(Duration.ofHours(1).toNanos());
        for (int i = 0; i < 3_000; i++) {
            put(room, "b", "b" + i);
        }
        put(room, "c", "c1");
        runTurns();
        assertThat(room.log().ring().first()).isGreaterThan(1);
        takeAll(member).forEach(board::take);
        assertThat(board.values).containsExactly(Map.entry("a", "a1"), Map.entry("b", "b2999"), Map.entry("c", "c1"));
        assertThat(board.states).isEqualTo(2);
        put(room, "d", "d1");
        runTurns();
        takeAll(member).forEach(board::take);
        assertThat(board.values).hasSize(4);
        assertThat(board.states).isEqualTo(2);
    }

    /** With two newer snapshots that members read, an older one is let go of: its readers begin again. */
    @Test
    void aMemberThatIsTooSlowForItsSnapshotBeginsWithANewerOne() {
        Room room = room(5_000);
        for (int i = 0; i < 500; i++) {
            put(room, "key-" + i, "x".repeat(400));
        }
        runTurns();
        Member slow = join(room, null).member();
        Board board = new Board();
        board.take(slow.next());
        Samples.publish(room, "between");
        for (int i = 0; i < 4; i++) {
            for (int j = 0; j < 1_000; j++) {
                put(room, "key-" + (j % 500), "new " + i);
            }
            runTurns();
            join(room, null);
        }
        takeAll(slow).forEach(board::take);
        assertThat(board.values).hasSize(500).containsEntry("key-7", "new 3");
        assertThat(board.states).isEqualTo(1);
        assertThat(slow.isBehind()).isFalse();
        assertThat(board.messages)
                .as("what was said before the newer snapshot comes all the same")
                .containsExactly("between");
    }

    /** A snapshot was given to members that joined later, removed values included. */
    @Test
    void aRemovedValueIsGivenToNobodyAnyMore() {
        Room room = room(1_000);
        put(room, "a", "a1");
        put(room, "secret", "s1");
        put(room, "z", "z1");
        runTurns();
        join(room, null);
        KeySnapshot asked = room.keys().snapshot();
        takeAll(join(room, null).member()); // the page is encoded
        unset(room, "secret");
        runTurns();
        List<Frame> frames = takeAll(join(room, null).member());
        assertThat(frames)
                .isNotEmpty()
                .noneMatch(frame -> ((Frame.Text) frame).text().contains("s1"));
        Board board = new Board();
        frames.forEach(board::take);
        assertThat(board.values).containsExactly(Map.entry("a", "a1"), Map.entry("z", "z1"));
        assertThat(asked.page(0)).extracting(value -> value.content().text()).containsExactly("a1", "z1");
    }

    @Test
    void whatSnapshotsHoldCountsAndGoesWhenNobodyReadsItForAMinute() {
        LogBudget budget = new LogBudget(1 << 20, () -> {});
        Room room = room(budget);
        put(room, "a", "x".repeat(1_000));
        runTurns();
        KeyTotals totals = budget.keys();
        takeAll(join(room, null).member());
        assertThat(totals.heldBytes())
                .as("the value, and the page as it is sent")
                .isBetween(2_000L, 3_000L);
        room.keys().snapshot();
        assertThat(totals.heldBytes()).isBetween(3_000L, 4_500L);
        now = now.plusSeconds(61);
        room.sweep(0);
        now = now.plusSeconds(59);
        room.sweep(0);
        assertThat(totals.heldBytes()).as("it was read less than a minute ago").isNotZero();
        now = now.plusSeconds(1);
        room.sweep(0);
        assertThat(totals.heldBytes()).isZero();
        assertThat(board(join(room, null).member()).values).containsKey("a");
    }

    @Test
    void aRemovalOfAnExpectedValueThatIsSaidOnceMoreIsADuplicate() {
        Room room = room(100);
        long seq = put(room, "a", "a1");
        Draft sender = Samples.line("Ann", "");
        for (boolean isAgain : List.of(false, true)) {
            CompletableFuture<Outcome> result = new CompletableFuture<>();
            room.keys().put(KeyDraft.removal(new Key("a"), sender, OptionalLong.of(seq)), result::complete);
            assertThat(result.join()).isEqualTo(new Outcome.Published(2, isAgain));
        }
    }

    @Test
    void aValueIsRemovedWhenItsTimeHasPassed() {
        Room room = room(100);
        Member member = join(room, null).member();
        put(room, "short", "1", OptionalLong.empty(), 1_000);
        put(room, "longer", "1", OptionalLong.empty(), 1_000);
        put(room, "longer", "2", OptionalLong.empty(), 5_000);
        put(room, "ever", "1");
        now = now.plusMillis(999);
        room.sweep(0);
        runTurns();
        Board board = board(member);
        assertThat(board.values).hasSize(3);
        now = now.plusMillis(1);
        room.sweep(0);
        runTurns();
        takeAll(member).forEach(board::take);
        assertThat(board.values).containsExactly(Map.entry("ever", "1"), Map.entry("longer", "2"));
        now = now.plusMillis(4_000);
        room.sweep(0);
        room.sweep(0);
        runTurns();
        takeAll(member).forEach(board::take);
        assertThat(board.values).containsExactly(Map.entry("ever", "1"));
        assertThat(room.log().ring().newest()).as("one entry each").isEqualTo(6);
        assertThat(put(room, "short", "2", OptionalLong.of(0), 0)).isEqualTo(new Outcome.Published(7, false));
    }

    @Test
    void valuesDoNotCountAsMessages() {
        Room room = room(2);
        Samples.publish(room, "one");
        Samples.publish(room, "two");
        for (int i = 0; i < 500; i++) {
            put(room, "a", "v" + i);
        }
        runTurns();
        List<Long> numbers = Samples.read(room, History.Range.newest(10)).messages().stream()
                .map(message -> message.seq())
                .toList();
        assertThat(numbers).as("nor do they push messages out").containsExactly(1L, 2L, 502L);
        assertThat(UnreadCount.inMemory(room.log(), 1, 502)).hasValue(1);
        assertThat(room.log().ring().lastMessage(502))
                .hasValueSatisfying(message -> assertThat(message.seq()).isEqualTo(2));
    }

    @Test
    void theServerKeepsAsManyBytesOfValuesAsHalfOfWhatItsLogsMayHave() {
        LogBudget budget = new LogBudget(2_000, () -> {});
        Room room = room(budget);
        put(room, "a", "x".repeat(1_000));
        assertThat(put(room, "b", "x", OptionalLong.empty(), 0)).isInstanceOf(Outcome.Full.class);
        assertThat(budget.keys().refusedCount()).isEqualTo(1);
        assertThat(unset(room, "a")).isInstanceOf(Outcome.Published.class);
        assertThat(put(room, "b", "x", OptionalLong.empty(), 0)).isInstanceOf(Outcome.Published.class);
        assertThat(budget.keys().count()).isEqualTo(1);
        room.giveUp();
        assertThat(budget.bytes()).isZero();
        assertThat(budget.keys().bytes()).isZero();
        assertThat(budget.keys().count()).isZero();
    }
}
