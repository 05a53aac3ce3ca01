package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.RoomStore;

class StreamReaderTest {
    private static final RoomName ROOM = new RoomName("java");
    private static final int KEPT = 1_000;
    private static final long MANY_BYTES = 1 << 20;

    private final Subjects subjects = new Subjects("p", 1);
    private final String subject = subjects.said(ROOM);
    private final String other = subjects.said(new RoomName("other"));
    private final FakeStreams stream = new FakeStreams();
    private final Counted counted = new Counted();
    private final Complaints complaints = new Complaints(() -> 0);
    private final Changed changed = new Changed();
    private boolean isClosing;
    private final StreamReader reader = new StreamReader(
            stream,
            subjects,
            new ClusterSettings.Kept(KEPT, 0, Duration.ZERO, Duration.ZERO),
            Clock.systemUTC(),
            new Decoder(counted, complaints),
            complaints,
            () -> isClosing);

    /** Stores messages of the room, each followed by two of others, and returns their numbers. */
    private List<Long> store(int messages) {
        List<Long> numbers = new ArrayList<>();
        for (int i = 0; i < messages; i++) {
            numbers.add(stream.store(subject));
            stream.store(other);
            stream.store(other);
        }
        return numbers;
    }

    private RoomStore.Found forward(long from, int limit, long bytes) {
        return (RoomStore.Found)
                reader.answer(ROOM, changed, new RoomStore.Query(from, RoomStore.Direction.FORWARD, limit, bytes))
                        .answer();
    }

    private RoomStore.Found backward(long from, int limit) {
        return (RoomStore.Found)
                reader.answer(ROOM, changed, new RoomStore.Query(from, RoomStore.Direction.BACKWARD, limit, MANY_BYTES))
                        .answer();
    }

    private static List<Long> numbers(RoomStore.Found found) {
        return found.messages().stream().map(Message::seq).toList();
    }

    @Test
    void aPageIsOneRequestWhereTheServerHasBatches() {
        List<Long> stored = store(300);
        changed.knows(stored.get(299));
        RoomStore.Found page = forward(stored.get(9) + 1, 100, MANY_BYTES);
        assertThat(numbers(page)).isEqualTo(stored.subList(10, 110));
        assertThat(page.more()).isTrue();
        assertThat(stream.reads).isEqualTo(1);
        assertThat(stream.asked).as("no message of the room is changed").isZero();
    }

    @Test
    void aPageIsTheSameWhereTheServerHasNone() {
        List<Long> stored = store(300);
        stream.batch = 1;
        RoomStore.Found page = forward(stored.get(9) + 1, 100, MANY_BYTES);
        assertThat(numbers(page)).isEqualTo(stored.subList(10, 110));
        assertThat(page.more()).isTrue();
    }

    @Test
    void theLastPageSaysThatThereIsNoMore() {
        List<Long> stored = store(30);
        for (int limit : new int[] {20, 21, 30}) {
            RoomStore.Found page = forward(stored.get(9) + 1, limit, MANY_BYTES);
            assertThat(numbers(page)).isEqualTo(stored.subList(10, 30));
            assertThat(page.more()).isFalse();
        }
        assertThat(numbers(forward(stored.get(29) + 1, 10, MANY_BYTES))).isEmpty();
    }

    @Test
    void aPageThatIsFullOfBytesSaysThatThereIsMore() {
        List<Long> stored = store(30);
        RoomStore.Found page = forward(1, 100, 500);
        assertThat(numbers(page))
                .isNotEmpty()
                .isEqualTo(stored.subList(0, page.messages().size()));
        assertThat(page.more()).isTrue();
    }

    @Test
    void aServerThatIsBehindItsLeaderIsNotBelieved() {
        List<Long> stored = store(30);
        stream.thereUpTo = stored.get(19);
        RoomStore.Query query = new RoomStore.Query(1, RoomStore.Direction.FORWARD, 100, MANY_BYTES);
        assertThat(reader.answer(ROOM, changed, query).answer()).isEqualTo(RoomStore.Unread.NOT_NOW);
        assertThatThrownBy(() -> reader.missed(ROOM, changed, 1, 0)).hasMessageContaining("behind");
        assertThat(numbers(forward(1, 10, MANY_BYTES))).as("what it has").isEqualTo(stored.subList(0, 10));
    }

    @Test
    void whenTheMessageBeforeIsThereNothingBehindItIsGone() {
        List<Long> stored = store(30);
        RoomStore.Query behind = new RoomStore.Query(stored.get(9) + 1, RoomStore.Direction.FORWARD, 10, MANY_BYTES);
        assertThat(reader.answer(ROOM, changed, behind).bounds()).isNull();
        stream.trim(stored.get(9) + 1);
        StreamReader.Given given = reader.answer(ROOM, changed, behind);
        assertThat(given.bounds()).as("that one is gone, and no other").isNotNull();
        assertThat(given.bounds().first()).isEqualTo(stored.get(9) + 1);
        stream.trim(stored.get(20));
        assertThat(reader.answer(ROOM, changed, behind).bounds().first()).isEqualTo(stored.get(19) + 1);
    }

    @Test
    void historyIsReadBackwardOverAnyNumberOfStrides() {
        List<Long> stored = store(333);
        for (int batch : new int[] {1, 7, Integer.MAX_VALUE}) {
            stream.batch = batch;
            List<Long> read = new ArrayList<>();
            long from = Long.MAX_VALUE - 1;
            boolean more = true;
            while (more) {
                RoomStore.Found page = backward(from, 40);
                read.addAll(0, numbers(page).stream().sorted().toList());
                from = page.messages().get(page.messages().size() - 1).seq() - 1;
                more = page.more();
            }
            assertThat(read).isEqualTo(stored);
        }
    }

    /** A message of a version to come, or what somebody else has put there. */
    @Test
    void aMessageThatCannotBeReadHidesNoneBeforeIt() {
        List<Long> before = store(120);
        for (int i = 0; i < 300; i++) {
            stream.store(subject, new byte[] {99});
        }
        List<Long> after = store(3);
        List<Long> all = new ArrayList<>(before);
        all.addAll(after);
        List<Long> read =
                numbers(backward(Long.MAX_VALUE - 1, 1_000)).stream().sorted().toList();
        assertThat(read).isEqualTo(all);
        assertThat(counted.unreadable.sum()).isEqualTo(300);
        assertThat(numbers(forward(1, 1_000, MANY_BYTES))).isEqualTo(all);
    }

    @Test
    void aRoomBeginsWithItsNewestMessages() throws Exception {
        List<Long> stored = store(300);
        Remote.Opened opened = reader.beginning(ROOM);
        List<Long> newest = opened.newest().stream().map(Remote.Heard::seq).toList();
        assertThat(newest).isEqualTo(stored.subList(300 - newest.size(), 300)).hasSizeBetween(50, 100);
        assertThat(opened.since()).isEqualTo(newest.get(0));
        assertThat(opened.bounds()).isEqualTo(new Remote.Bounds("e", 1, 1, 900));
    }

    @Test
    void aRoomWithoutMessagesBeginsBehindNumberZero() throws Exception {
        store(30);
        RoomName empty = new RoomName("empty");
        Remote.Opened opened = reader.beginning(empty);
        assertThat(opened.newest()).isEmpty();
        assertThat(opened.since()).as("no number of another room").isEqualTo(1);
        assertThat(opened.bounds()).isEqualTo(new Remote.Bounds("e", 1, 91, 90));
    }

    /** What the stream has let go of was of other rooms: the oldest message of the room knows of none before it. */
    @Test
    void aRoomHasLostNothingWhenTheStreamHasLetGoOfOthers() throws Exception {
        for (int i = 0; i < 100; i++) {
            stream.store(other);
        }
        List<Long> stored = store(3);
        stream.trim(90);
        assertThat(reader.beginning(ROOM).bounds().first()).isEqualTo(1);
        stream.trim(stored.get(0) + 1);
        assertThat(reader.beginning(ROOM).bounds().first()).isEqualTo(stored.get(0) + 1);
        stream.trim(stored.get(2));
        assertThat(reader.beginning(ROOM).bounds().first()).isEqualTo(stored.get(1) + 1);
    }

    /** The stream lets go of a room's oldest when it has as many as it may: the envelopes do not tell of those. */
    @Test
    void aFullRoomHasWhatItsStreamHas() throws Exception {
        List<Long> stored = store(KEPT + 10);
        stored.subList(0, 10).forEach(stream::remove);
        assertThat(reader.beginning(ROOM).bounds().first()).isEqualTo(stored.get(10));
    }

    @Test
    void whatWasMissedIsReadUpToANumberOrAll() throws Exception {
        List<Long> stored = store(600);
        Remote.Filled some = reader.missed(ROOM, changed, stored.get(3), stored.get(8));
        assertThat(some.messages()).extracting(Remote.Heard::seq).isEqualTo(stored.subList(3, 9));
        assertThat(some.reached()).isTrue();
        Remote.Filled part = reader.missed(ROOM, changed, 1, 0);
        assertThat(part.messages()).hasSize(500);
        assertThat(part.reached()).isFalse();
        Remote.Filled rest = reader.missed(ROOM, changed, stored.get(500), 0);
        assertThat(rest.messages()).extracting(Remote.Heard::seq).isEqualTo(stored.subList(500, 600));
        assertThat(rest.bounds()).isEqualTo(new Remote.Bounds("e", 1, 1, 1_800));
        stream.remove(stored.get(8));
        assertThat(reader.missed(ROOM, changed, stored.get(3), stored.get(8)).reached())
                .as("the last is gone")
                .isFalse();
    }

    @Test
    void aNodeThatStopsReadsNothingMore() {
        store(3);
        isClosing = true;
        assertThat(reader.answer(ROOM, changed, new RoomStore.Query(1, RoomStore.Direction.FORWARD, 10, MANY_BYTES))
                        .answer())
                .isEqualTo(RoomStore.Unread.NOT_NOW);
    }
}
