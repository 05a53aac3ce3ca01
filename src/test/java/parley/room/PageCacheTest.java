package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.delivery.Frame;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;

class PageCacheTest {
    private final Deque<RoomStore.Query> queries = new ArrayDeque<>();
    private final Deque<Consumer<RoomStore.Answer>> asked = new ArrayDeque<>();
    private final PageCache pages = new PageCache(
            (query, onAnswer) -> {
                assertThat(holdsLock()).isFalse();
                queries.add(query);
                asked.add(onAnswer);
            },
            () -> 1_000,
            1_000);

    private boolean holdsLock() {
        return Thread.holdsLock(pages);
    }

    /** Writes down what it is called with. */
    private final class Reading implements PageCache.Reader {
        final List<String> calls = new ArrayList<>();

        @Override
        public void ready() {
            assertThat(holdsLock()).isFalse();
            calls.add("ready");
        }
    }

    private static List<Message> messages(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(seq -> new Message(seq, 0, Samples.line(null, "m" + seq)))
                .toList();
    }

    private void answer(RoomStore.Answer answer) {
        asked.remove().accept(answer);
    }

    @Test
    void aPageIsReadOnceForAllThatNeedIt() {
        Reading one = new Reading();
        Reading other = new Reading();
        assertThat(pages.find(5, 20, one)).isEmpty();
        assertThat(pages.find(5, 20, other)).isEmpty();
        assertThat(pages.find(5, 20, one)).as("woken by something else").isEmpty();
        assertThat(queries).hasSize(1);
        answer(new RoomStore.Found(5, messages(5, 9), true));
        assertThat(one.calls).containsExactly("ready");
        assertThat(other.calls).containsExactly("ready");
        Optional<Page> page = pages.find(5, 20, one);
        assertThat(page).isPresent();
        assertThat(pages.find(7, 20, other)).as("from its middle").containsSame(page.get());
        assertThat(queries).hasSize(1);
        assertThat(pages.find(10, 20, one)).as("behind its end").isEmpty();
        assertThat(queries).hasSize(2);
    }

    /**
     * Members ask whenever they are woken, and did so at the pace of the room for as long as the page could not be
     * read.
     */
    @Test
    void aPageThatCannotBeReadIsAskedForAgainAfterPausesThatGrow() {
        Reading one = new Reading();
        Reading other = new Reading();
        pages.find(5, 20, one);
        pages.find(5, 20, other);
        answer(RoomStore.Unread.NOT_NOW);
        List<Integer> pauses = new ArrayList<>();
        for (int times = 0; times < 8; times++) {
            int sweeps = 0;
            do {
                assertThat(pages.find(5, 20, one)).isEmpty();
                assertThat(asked).as("not during a pause").isEmpty();
                sweeps++;
            } while (!pages.sweep());
            pauses.add(sweeps);
            pages.find(5, 20, one);
            answer(RoomStore.Unread.NOT_NOW);
        }
        assertThat(pauses).containsExactly(1, 2, 4, 8, 16, 32, 32, 32);
        assertThat(one.calls).as("nothing to look at").isEmpty();
        assertThat(pages.find(100, 200, other)).as("another page").isEmpty();
        answer(new RoomStore.Found(100, messages(100, 109), true));
        assertThat(other.calls).containsExactly("ready");
    }

    @Test
    void aPageThatIsReadAgainHasNoPauseAnyMore() {
        Reading reader = new Reading();
        for (int times = 0; times < 2; times++) {
            pages.find(5, 20, reader);
            answer(RoomStore.Unread.NOT_NOW);
            assertThat(pages.sweep()).as("the shortest pause").isTrue();
            pages.find(5, 20, reader);
            answer(new RoomStore.Found(5, messages(5, 9), false));
            pages.letGo();
        }
        assertThat(reader.calls).containsExactly("ready", "ready");
    }

    @Test
    void whatIsLostIsAPageWithoutMessages() {
        pages.find(5, 20, new Reading());
        answer(RoomStore.Unread.LOST);
        Page page = pages.find(5, 20, new Reading()).orElseThrow();
        assertThat(page.messages()).isEmpty();
        assertThat(List.of(page.since(), page.end())).containsOnly(20L);
    }

    /** The store has no more, and the ring begins at 20: there is nothing between them. */
    @Test
    void theLastPageReachesToWhatMemoryHas() {
        pages.find(5, 20, new Reading());
        answer(new RoomStore.Found(5, messages(5, 9), false));
        assertThat(pages.find(15, 20, new Reading()).orElseThrow().end()).isEqualTo(20);
    }

    /** It may be of a history that is gone. */
    @Test
    void aPageThatWasAskedForBeforeAllWereLetGoIsNotKept() {
        Reading reader = new Reading();
        pages.find(5, 20, reader);
        pages.letGo();
        answer(new RoomStore.Found(5, messages(5, 9), true));
        assertThat(reader.calls).containsExactly("ready");
        assertThat(pages.find(5, 20, reader)).isEmpty();
        answer(new RoomStore.Found(5, messages(5, 9), true));
        assertThat(pages.find(5, 20, reader)).isPresent();
        pages.letGo();
        assertThat(pages.find(5, 20, reader)).isEmpty();
    }

    @Test
    void aFewPagesAreKeptAndTheNewestOnes() {
        for (int from = 10; from <= 100; from += 10) {
            pages.find(from, 1_000, new Reading());
            answer(new RoomStore.Found(from, messages(from, from + 9), true));
        }
        for (int from = 70; from <= 100; from += 10) {
            assertThat(pages.find(from, 1_000, new Reading())).isPresent();
        }
        assertThat(pages.find(60, 1_000, new Reading())).isEmpty();
    }

    /**
     * A hundred cost what one costs: as many reads, and as many frames made. For a direct member nothing is encoded.
     */
    @ParameterizedTest
    @EnumSource(value = Format.class, mode = EnumSource.Mode.EXCLUDE, names = "DIRECT")
    void aHundredThatResumeFromTheSameNumberShareReadsAndFrames(Format format) {
        Resuming one = new Resuming(format, 1);
        Resuming hundred = new Resuming(format, 100);
        assertThat(one.taken).isEqualTo(3_000);
        assertThat(hundred.taken).isEqualTo(300_000);
        assertThat(one.reads).isEqualTo(3);
        assertThat(hundred.reads).isEqualTo(one.reads);
        assertThat(hundred.frames.size()).isEqualTo(one.frames.size());
    }

    /** Members that resume in a room whose store has 3,000 messages, and memory none. */
    private static final class Resuming {
        private final Deque<Runnable> turns = new ArrayDeque<>();
        private final FakeStore store = new FakeStore().keep(3_000);
        private final List<Member> members = new ArrayList<>();
        final Set<Frame> frames = Collections.newSetFromMap(new IdentityHashMap<>());
        final int reads;
        int taken;

        Resuming(Format format, int count) {
            RoomLimits limits = Samples.stored(10, 0, Overflow.DROP_OLDEST, 1_000);
            RoomRegistry rooms = new RoomRegistry(
                    limits,
                    name -> limits,
                    9,
                    name -> store,
                    1 << 20,
                    (took, since) -> {},
                    turns::add,
                    Clock.systemUTC());
            for (int i = 0; i < count; i++) {
                Member[] in = new Member[1];
                Member.Subscriber session = new Member.Subscriber() {
                    @Override
                    public void ready() {
                        take(in[0]);
                    }

                    @Override
                    public void fellBehind() {
                        throw new AssertionError();
                    }
                };
                in[0] = Samples.member(
                        rooms.join(RoomName.LOBBY, new Start.After("fake", 0), session, format, null, Samples::begin));
                members.add(in[0]);
            }
            while (!turns.isEmpty() || !store.toDo.isEmpty()) {
                store.run();
                Runnable next = turns.poll();
                if (next != null) {
                    next.run();
                }
            }
            assertThat(members).noneMatch(Member::isBehind);
            Counts counts = rooms.counts();
            assertThat(counts).isEqualTo(new Counts(0, taken, taken, 0));
            reads = store.reads;
        }

        private static int messages(Frame frame) {
            if (frame instanceof Frame.Events events) {
                return events.events().size();
            }
            return frame instanceof Frame.Several several
                    ? several.messages().size()
                    : ((Frame.Text) frame).text().split("\n").length;
        }

        /** A frame at a time, as a session does whose frame is under way; then it looks again. */
        private void take(Member member) {
            Frame next = member.next();
            if (next != null) {
                taken += messages(next);
                frames.add(next);
                turns.add(() -> take(member));
            }
        }
    }

    private static List<Message> change(long seq, long of) {
        return List.of(new Message(
                seq, 0, null, null, Content.REMOVED, null, new Revision.Change(of, 0, ChangeKind.Whole.REMOVAL)));
    }

    /** With a change in each batch members that catch up once read the same pages again and again. */
    @Test
    void changesHaveThePagesLetGoThatHaveTheirMessagesAndNoOthers() {
        Reading one = new Reading();
        pages.find(5, 20, one);
        answer(new RoomStore.Found(5, messages(5, 9), true));
        pages.find(10, 20, one);
        answer(new RoomStore.Found(10, messages(10, 14), true));
        pages.letGoOf(change(30, 12));
        assertThat(pages.find(5, 20, one)).isPresent();
        assertThat(pages.find(10, 20, one)).isEmpty();
        pages.letGoOf(change(31, 7));
        answer(new RoomStore.Found(10, messages(10, 14), true));
        assertThat(pages.find(10, 20, one)).as("no other change meanwhile").isPresent();
        assertThat(pages.find(5, 20, one)).isEmpty();
        pages.letGoOf(change(32, 6));
        answer(new RoomStore.Found(5, messages(5, 9), true));
        assertThat(pages.find(5, 20, one)).as("it may have been read before").isEmpty();
    }

    @Test
    void aRemovalHasThePageLetGoThatHasTheNewestReactionToItsMessage() {
        Reading one = new Reading();
        pages.find(5, 20, one);
        answer(new RoomStore.Found(5, messages(5, 9), true));
        Revision.Change removal = new Revision.Change(1, 0, ChangeKind.Whole.REMOVAL, 6);
        pages.letGoOf(List.of(new Message(30, 0, null, null, Content.REMOVED, null, removal)));
        assertThat(pages.find(5, 20, one)).isEmpty();
    }
}
