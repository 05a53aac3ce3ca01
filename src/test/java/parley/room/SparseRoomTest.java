package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import parley.delivery.Frame;
import parley.protocol.Message;
import parley.protocol.RoomName;

/** A room whose numbers have holes, since other rooms share them; and whose store others write to as well. */
class SparseRoomTest {
    private final Deque<Runnable> turns = new ArrayDeque<>();
    private final SparseStore store = new SparseStore();
    private final List<Joined> joined = new ArrayList<>();
    private final List<Outcome> outcomes = new ArrayList<>();

    private final Member.Subscriber subscriber = new Member.Subscriber() {
        @Override
        public void ready() {
            readies++;
        }

        @Override
        public void fellBehind() {
            fell++;
        }
    };

    private int readies;
    private int fell;
    private RoomRegistry registry = registry(Overflow.DROP_OLDEST, 6, 4);

    private RoomRegistry registry(Overflow overflow, int history, int window) {
        RoomLimits limits = Samples.stored(history, window, overflow, 100);
        return new RoomRegistry(
                limits, name -> limits, 9, name -> store, 1 << 20, (took, since) -> {}, turns::add, Clock.systemUTC());
    }

    private Member join(Start start) {
        return Samples.member(registry.join(RoomName.LOBBY, start, subscriber, Format.JSON, null, told -> {
            joined.add(told);
            told.member().begin();
        }));
    }

    private Start last(int messages) {
        return registry.fix(RoomName.LOBBY, new Start.Last(messages));
    }

    private Start after(String epoch, long seq) {
        return registry.fix(RoomName.LOBBY, new Start.After(epoch, seq));
    }

    private Joined lastJoined() {
        return joined.get(joined.size() - 1);
    }

    private void run() {
        store.run();
        while (!turns.isEmpty()) {
            turns.poll().run();
        }
    }

    /** Takes what there is and says it in short, as often as the store has to be asked. */
    private List<String> takeAll(Member member) {
        List<String> taken = new ArrayList<>();
        long before;
        do {
            before = taken.size() + readies;
            for (Frame next = member.next(); next != null; next = member.next()) {
                for (String line : ((Frame.Text) next).text().split("\n")) {
                    String said = said(line);
                    if (!said.isEmpty()) {
                        taken.add(said);
                    }
                }
            }
            run();
        } while (taken.size() + readies > before);
        return taken;
    }

    private static String said(String line) {
        if (line.contains("\"type\":\"message\"")) {
            return line.replaceAll(".*\"seq\":(\\d+).*", "$1");
        }
        if (line.contains("\"type\":\"gap\"")) {
            String missed = line.contains("missed") ? line.replaceAll(".*\"missed\":(\\d+).*", "$1") : "?";
            return line.replaceAll(".*\"after\":(\\d+),\"before\":(\\d+).*", "gap $1-$2 ") + missed;
        }
        return line.contains("\"type\":\"joined\"")
                ? line.replaceAll(".*\"epoch\":\"(\\w+)\",\"seq\":(\\d+).*", "joined $1 $2")
                : "";
    }

    private void assertIdentity(Room room, long published, long offered, long missed) {
        assertThat(Samples.counts(room)).isEqualTo(new Counts(published, offered, offered - missed, missed));
    }

    @Test
    void messagesComeWithTheirNumbersAndAreCountedOneByOne() {
        store.keep(10, 20, 21);
        Member member = join(last(2));
        run();
        assertThat(lastJoined().head()).isEqualTo(21);
        assertThat(takeAll(member)).containsExactly("20", "21");
        store.comes(40);
        store.comes(47, 50);
        run();
        assertThat(takeAll(member)).containsExactly("40", "47", "50");
        assertIdentity(member.room(), 3, 5, 0);
        assertThat(member.isBehind()).isFalse();
    }

    @Test
    void aGapCountsMessagesAndNotNumbers() {
        Member member = join(last(0));
        run();
        store.comes(5);
        run();
        assertThat(takeAll(member)).containsExactly("5");
        store.comes(10, 20, 30, 40, 50, 60, 70);
        run();
        assertThat(takeAll(member)).containsExactly("gap 5-40 3", "40", "50", "60", "70");
        assertIdentity(member.room(), 8, 8, 3);
    }

    @Test
    void theNewestWindowAndTheOldestAreCountedInMessages() {
        registry = registry(Overflow.DROP_NEWEST, 6, 3);
        Member member = join(last(0));
        run();
        store.comes(10, 20, 30, 40, 50);
        run();
        assertThat(takeAll(member)).containsExactly("10", "20", "30", "gap 30-51 2");
        store.comes(60);
        run();
        assertThat(takeAll(member)).containsExactly("60");
        assertIdentity(member.room(), 6, 6, 2);
    }

    @Test
    void onlyTheLatest() {
        registry = registry(Overflow.LATEST, 6, 3);
        Member member = join(last(0));
        run();
        store.comes(10, 20, 30, 40, 50);
        run();
        assertThat(takeAll(member)).containsExactly("gap 0-50 4", "50");
    }

    @Test
    void whoIsFurtherBehindThanItsWindowFalls() {
        registry = registry(Overflow.DISCONNECT, 6, 3);
        Member member = join(last(0));
        run();
        store.comes(1000, 2000, 3000);
        run();
        assertThat(fell).isZero();
        store.comes(4000);
        run();
        assertThat(fell).isPositive();
        member.leave();
        assertIdentity(member.room(), 4, 4, 4);
    }

    @Test
    void whoResumesNamesAnyNumber() {
        store.keep(10, 20, 30);
        for (long seq : List.of(9L, 10L, 19L)) {
            Member member = join(after("fake", seq));
            run();
            assertThat(lastJoined().recovered()).as("%d", seq).isTrue();
            assertThat(takeAll(member)).first().isEqualTo(seq < 10 ? "10" : "20");
        }
        Member member = join(after("fake", 30));
        run();
        assertThat(lastJoined().recovered()).isTrue();
        assertThat(takeAll(member)).isEmpty();
        join(after("another", 30));
        run();
        assertThat(lastJoined().recovered()).isFalse();
    }

    /** It has seen on another node what has not come here yet. */
    @Test
    void whoHasSeenMoreThanHasComeHereWaitsUntilItHas() {
        Member first = join(last(0));
        run();
        store.comes(10);
        run();
        store.keep(20, 30); // and this node has not heard
        Member member = join(after("fake", 20));
        assertThat(joined).hasSize(1);
        run();
        assertThat(lastJoined().recovered()).isTrue();
        assertThat(lastJoined().head()).isEqualTo(30);
        assertThat(takeAll(member)).containsExactly("30");
        assertThat(takeAll(first)).containsExactly("10", "20", "30");
        assertIdentity(member.room(), 3, 4, 0);
    }

    /** One looks already, and what it finds is older than what the other has seen. */
    @Test
    void aClientThatHasSeenMoreThanARefreshFindsHasTheStoreRefreshAgain() {
        join(last(0));
        run();
        store.keep(10);
        join(after("fake", 10));
        store.step();
        store.keep(20, 30);
        Member member = join(after("fake", 20));
        run();
        assertThat(lastJoined().recovered()).isTrue();
        assertThat(takeAll(member)).containsExactly("30");
    }

    @Test
    void aClientThatHasSeenMoreThanTheStoreFindsAtFirstHasItRefreshAgain() {
        store.keep(10);
        Member first = join(last(0));
        store.step();
        store.keep(20, 30);
        Member member = join(after("fake", 20));
        run();
        assertThat(lastJoined().recovered()).isTrue();
        assertThat(takeAll(member)).containsExactly("30");
        assertThat(takeAll(first)).containsExactly("20", "30");
        assertIdentity(member.room(), 2, 3, 0);
    }

    @Test
    void aMemberThatLeavesWhileTheStoreRefreshesIsNotCounted() {
        Member member = join(last(0));
        run();
        store.keep(10);
        Member other = join(after("fake", 10));
        other.leave();
        run();
        store.comes(20);
        run();
        assertThat(takeAll(member)).containsExactly("10", "20");
        assertIdentity(member.room(), 2, 2, 0);
    }

    @Test
    void whatIsOlderThanMemoryIsReplayedFromTheStoreAndCounted() {
        for (int seq = 10; seq <= 300; seq += 10) {
            store.keep(seq);
        }
        Member member = join(after("fake", 95));
        run();
        assertThat(lastJoined().recovered()).isTrue();
        assertThat(member.isBehind()).isTrue();
        store.comes(307);
        run();
        List<String> taken = takeAll(member);
        assertThat(taken).hasSize(22).startsWith("100", "110").endsWith("290", "300", "307");
        assertIdentity(member.room(), 1, 22, 0);
        assertThat(member.isBehind()).isFalse();
    }

    @Test
    void aGapOfMessagesThatNobodyCanCountSaysNoNumber() {
        for (int seq = 10; seq <= 300; seq += 10) {
            store.keep(seq);
        }
        store.trim(195);
        Member member = join(after("fake", 40));
        run();
        assertThat(lastJoined().recovered()).isFalse();
        assertThat(takeAll(member)).startsWith("gap 40-195 ?", "200", "210").endsWith("300");
        assertIdentity(member.room(), 0, 11, 0);
    }

    /** It is further behind than its window: but the store has all that memory has let go of. */
    @Test
    void aMemberThatReplaysWhileMuchIsPublishedMissesNothing() {
        for (int seq = 10; seq <= 200; seq += 10) {
            store.keep(seq);
        }
        Member member = join(after("fake", 95));
        run();
        for (int seq = 201; seq <= 220; seq++) {
            store.comes(seq);
        }
        run();
        assertThat(takeAll(member))
                .isEqualTo(store.kept.stream()
                        .map(Message::seq)
                        .filter(seq -> seq > 95)
                        .map(String::valueOf)
                        .toList());
        assertThat(fell).isZero();
        assertIdentity(member.room(), 20, 31, 0);
    }

    @Test
    void whatMemoryHadToForgetIsReadFromTheStore() {
        Member member = join(last(0));
        run();
        store.comes(11, 22, 33);
        run();
        assertThat(member.room().forget()).isTrue();
        store.comes(44);
        run();
        assertThat(takeAll(member)).containsExactly("11", "22", "33", "44");
        assertIdentity(member.room(), 4, 4, 0);
    }

    @Test
    void whatIsGoneThoughItWasOfferedIsMissed() {
        Member member = join(last(0));
        run();
        store.comes(11, 22, 33);
        run();
        member.room().forget();
        store.trim(33);
        store.comes(44);
        run();
        assertThat(takeAll(member)).containsExactly("gap 0-33 ?", "33", "44");
        assertIdentity(member.room(), 4, 4, 2);
    }

    @Test
    void historyIsReadByNumberInMemoryAndInTheStore() {
        for (int seq = 10; seq <= 200; seq += 10) {
            store.keep(seq);
        }
        Member member = join(last(0));
        run();
        List<History.Page> pages = new ArrayList<>();
        member.room().read(member, History.Range.newest(2), pages::add);
        member.room().read(member, History.Range.before(195, 1), pages::add);
        member.room().read(member, History.Range.after(183, 9), pages::add);
        assertThat(pages).as("from memory").hasSize(3);
        member.room().read(member, History.Range.before(150, 2), pages::add);
        member.room().read(member, History.Range.before(25, 2), pages::add);
        member.room().read(member, History.Range.before(25, 5), pages::add);
        member.room().read(member, History.Range.after(0, 2), pages::add);
        member.room().read(member, History.Range.before(10, 2), pages::add);
        run();
        assertThat(pages)
                .extracting(page -> page.messages().stream().map(Message::seq).toList())
                .containsExactly(
                        List.of(190L, 200L),
                        List.of(190L),
                        List.of(190L, 200L),
                        List.of(130L, 140L),
                        List.of(10L, 20L),
                        List.of(10L, 20L),
                        List.of(10L, 20L),
                        List.of());
        assertThat(pages)
                .extracting(History.Page::more)
                .containsExactly(true, true, false, true, false, false, true, false);
    }

    /** As parley.js takes it: another epoch, and what follows. */
    @Test
    void whenTheHistoryIsLostMembersHearOfTheNewOne() {
        Member member = join(last(0));
        run();
        store.comes(10, 20);
        run();
        assertThat(takeAll(member)).containsExactly("10", "20");
        store.comes(30);
        run();
        store.lose("another", 3);
        store.comes(4, 6);
        run();
        assertThat(takeAll(member)).containsExactly("joined another 3", "4", "6");
        assertIdentity(member.room(), 5, 5, 1);
    }

    /** At random: nothing twice, nothing out of order, every hole told, and the counts add up. */
    @Test
    void whateverHappensTheCountsAddUpAndEveryHoleHasAGap() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            store.reset();
            turns.clear();
            readies = 0;
            Overflow overflow = List.of(Overflow.DROP_OLDEST, Overflow.DROP_NEWEST, Overflow.LATEST)
                    .get(random.nextInt(3));
            registry = registry(overflow, 6, 1 + random.nextInt(6));
            long seq = random.nextInt(3);
            for (int i = 0; i < random.nextInt(40); i++) {
                seq += 1 + random.nextInt(5);
                store.keep(seq);
            }
            long head = store.kept.isEmpty() ? 0 : seq;
            long start = head == 0 || random.nextBoolean() ? head : random.nextInt((int) head);
            Member member = join(after("fake", start));
            run();
            List<String> taken = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                switch (random.nextInt(6)) {
                    case 0, 1, 2 -> store.comes(seq += 1 + random.nextInt(5));
                    case 3 -> run();
                    case 4 -> taken.addAll(takeAll(member));
                    default -> {
                        if (random.nextInt(10) == 0) {
                            member.room().forget();
                        }
                    }
                }
            }
            run();
            taken.addAll(takeAll(member));
            check(taken, start, seed);
            Counts counts = registry.counts();
            assertThat(counts.offered()).as("seed %d, %s", seed, taken).isEqualTo(counts.delivered() + counts.missed());
            member.leave();
        }
    }

    private void check(List<String> taken, long start, long seed) {
        long seen = start;
        for (String one : taken) {
            if (one.startsWith("gap")) {
                String[] words = one.replace('-', ' ').split(" ");
                long before = Long.parseLong(words[2]);
                long from = seen;
                assertThat(Long.parseLong(words[1]))
                        .as("seed %d, %s", seed, taken)
                        .isEqualTo(seen);
                assertThat(Long.parseLong(words[3]))
                        .as("seed %d, %s in %s", seed, one, taken)
                        .isEqualTo(store.kept.stream()
                                .filter(message -> message.seq() > from && message.seq() < before)
                                .count());
                seen = before - 1;
            } else {
                long seq = Long.parseLong(one);
                long from = seen;
                assertThat(store.kept.stream().filter(message -> message.seq() > from && message.seq() < seq))
                        .as("seed %d, before %d of %s", seed, seq, taken)
                        .isEmpty();
                assertThat(seq).isGreaterThan(seen);
                seen = seq;
            }
        }
        long from = seen;
        assertThat(store.kept.stream().filter(message -> message.seq() > from))
                .as("seed %d, behind %s", seed, taken)
                .isEmpty();
    }
}
