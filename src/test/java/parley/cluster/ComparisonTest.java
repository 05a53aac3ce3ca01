package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.Outcome;
import parley.room.RoomStore;
import parley.room.SilentListener;

/** A message that is to come behind number 7, in a room that has heard that. */
class ComparisonTest {
    private static final long SECOND = 1_000_000_000L;
    private static final String ID = "own";
    private static final byte[] BYTES = {1, 2, 3};
    private static final int HASH = Arrays.hashCode(BYTES);
    private static final Draft DRAFT = new Draft(null, new Content(Content.Kind.TEXT, "m", 1), null);
    private static final Outcome NOT_THE_LAST = new Outcome.Moved("", 0);

    private final List<Outcome> outcomes = new ArrayList<>();
    private final List<Outbox.Entry> sent = new ArrayList<>();
    private final List<Long> behind = new ArrayList<>();
    private final List<Long> looks = new ArrayList<>();
    private final Promises promises = new Promises();
    private final Remote remote = new Remote(
            RoomName.LOBBY,
            0,
            new SilentListener(),
            new Remote.Reads() {
                @Override
                public void open(Remote of) {}

                @Override
                public void fill(Remote of, long from, long until) {}
            },
            (entry, attempt) -> {
                assertThat(entry.payload()).isEqualTo(BYTES);
                sent.add(entry);
            });

    private Consumer<StreamReader.@Nullable Behind> answer = found -> {};
    /** What the room hears when it is refreshed. */
    private Runnable refresh = () -> {};

    private final class Steps implements Comparison.Steps {
        @Override
        public Outbox.Entry send(RoomStore.Expected last, Consumer<Outcome> onResult) {
            behind.add(last.seq());
            Outbox.Entry entry = new Outbox.Entry(() -> BYTES, ID, last, 5 * SECOND, onResult);
            remote.outbox().add(entry);
            remote.send(0);
            return entry;
        }

        @Override
        public void look(long after, Consumer<StreamReader.@Nullable Behind> then) {
            looks.add(after);
            answer = then;
        }

        @Override
        public void refresh(Runnable then) {
            refresh.run();
            then.run();
        }
    }

    @BeforeEach
    void open() {
        remote.open();
        remote.opened(new Remote.Opened(
                new Remote.Bounds("e", 1, 1, 10),
                7,
                List.of(new Remote.Heard(7, 0, "seven", 0, message(7))),
                new Changed()));
    }

    private static Message message(long seq) {
        return new Message(seq, 0, DRAFT);
    }

    private void begin(String epoch, long seq, boolean hasId) {
        Promises.Promise<Outcome> promise = promises.make(5 * SECOND, Outbox.NOT_NOW, outcomes::add);
        new Comparison(remote, new RoomStore.Expected(epoch, seq), ID, hasId, new Steps(), promise).begin();
    }

    /** The stream says that 7 is not the newest. */
    private void refuse(int attempt) {
        remote.outbox().refused(sent.get(sent.size() - 1), attempt, NOT_THE_LAST);
    }

    /** The first attempt is not answered, the room looks and finds nothing, and it is sent again. */
    private void sendAgain() {
        remote.outbox().failed(sent.get(0), 1, 0);
        remote.outbox().refreshed(remote.outbox().failures());
        remote.outbox().send(SECOND);
        assertThat(sent).hasSize(2);
    }

    private void comes(long seq, String dedupId, int hash) {
        remote.heard(new Remote.Heard(seq, remote.newest(), dedupId, hash, message(seq)));
    }

    private void found(long last, boolean isAll, Remote.Heard... messages) {
        answer.accept(new StreamReader.Behind("e", 20, last, List.of(messages), isAll));
    }

    private static Remote.Heard heard(long seq, String dedupId, int hash) {
        return new Remote.Heard(seq, 0, dedupId, hash, message(seq));
    }

    @Test
    void itIsStoredBehindTheExpectedMessage() {
        begin("e", 7, false);
        assertThat(behind).containsExactly(7L);
        remote.outbox().stored(sent.get(0), 12, false);
        comes(12, ID, HASH);
        remote.flush();
        assertThat(outcomes).containsExactly(new Outcome.Published(12, false));
        assertThat(looks).isEmpty();
    }

    @Test
    void whatIsKnownToHaveMovedIsNotAskedFor() {
        begin("e", 6, false);
        begin("other", 7, false);
        assertThat(outcomes).containsExactly(new Outcome.Moved("e", 7), new Outcome.Moved("e", 7));
        assertThat(sent).isEmpty();
        assertThat(looks).isEmpty();
    }

    @Test
    void aMessageWhoseIdIsThereIsADuplicateThoughTheRoomHasMoved() {
        begin("e", 6, true);
        assertThat(looks).containsExactly(6L);
        found(7, true, heard(7, ID, 5));
        assertThat(outcomes).containsExactly(new Outcome.Published(7, true));
        begin("e", 6, true);
        found(7, true, heard(7, "of another", 5));
        assertThat(outcomes).last().isEqualTo(new Outcome.Moved("e", 7));
    }

    @Test
    void whenAnotherWasFirstTheAnswerNamesIt() {
        begin("e", 7, true);
        refuse(1);
        assertThat(looks).containsExactly(7L);
        refresh = () -> comes(12, "of another", 9);
        found(12, true, heard(12, "of another", 9));
        assertThat(outcomes).containsExactly(new Outcome.Moved("e", 12));
    }

    /** Its acknowledgement was lost, and the stream says of the second attempt that the first is the newest. */
    @Test
    void whatThisNodeHasStoredBeforeIsNoMove() {
        begin("e", 7, false);
        sendAgain();
        refuse(2);
        refresh = () -> comes(12, ID, HASH);
        found(12, true, heard(12, ID, HASH));
        assertThat(outcomes).containsExactly(new Outcome.Published(12, false));
    }

    @Test
    void whatAnotherNodeHasStoredUnderThatIdIsADuplicate() {
        begin("e", 7, true);
        refuse(1);
        refresh = () -> comes(12, ID, HASH + 1);
        found(12, true, heard(12, ID, HASH + 1));
        assertThat(outcomes).containsExactly(new Outcome.Published(12, true));
    }

    /** It may be among those that cannot be seen. */
    @Test
    void whatMayHaveBeenStoredIsNotSaidToBeRefused() {
        begin("e", 7, false);
        sendAgain();
        refuse(2);
        refresh = () -> comes(12, "of another", 9);
        found(12, false, heard(12, "of another", 9));
        assertThat(outcomes).containsExactly(Outbox.NOT_NOW);
    }

    @Test
    void whatMayHaveBeenStoredAndLetGoOfIsNotSaidToBeRefused() {
        begin("e", 7, false);
        sendAgain();
        refuse(2);
        refresh = () -> {
            comes(12, "of another", 9);
            remote.flush();
            remote.trimmed(new Remote.Bounds("e", 12, 12, 20));
            comes(13, "of another again", 9);
            remote.trimmed(new Remote.Bounds("e", 13, 13, 20));
        };
        found(13, true, heard(13, "of another again", 9));
        assertThat(outcomes).containsExactly(Outbox.NOT_NOW);
    }

    @Test
    void theExpectedMessageMayBeGoneFromTheStream() {
        begin("e", 7, false);
        refuse(1);
        found(0, true);
        assertThat(behind).containsExactly(7L, 0L);
        remote.outbox().stored(sent.get(1), 12, false);
        comes(12, ID, HASH);
        remote.flush();
        assertThat(outcomes).containsExactly(new Outcome.Published(12, false));
    }

    @Test
    void whatTheStreamHasNotReachedYetIsNotTheNewest() {
        begin("e", 21, false);
        refuse(1);
        found(7, true);
        assertThat(outcomes).containsExactly(new Outcome.Moved("e", 7));
    }

    @Test
    void anotherStreamThatIsNotKnownHereYetIsNoAnswer() {
        begin("e", 7, false);
        refuse(1);
        answer.accept(new StreamReader.Behind("next", 20, 0, List.of(), true));
        assertThat(outcomes).containsExactly(Outbox.NOT_NOW);
    }

    @Test
    void whatCannotBeReadIsLookedForAgainAndThenGivenUp() {
        begin("e", 7, false);
        refuse(1);
        for (int i = 0; i < 20; i++) {
            answer.accept(null);
        }
        assertThat(looks).hasSize(10);
        assertThat(outcomes).containsExactly(Outbox.NOT_NOW);
    }

    @Test
    void itsTimeIsOverWhateverItWaitsFor() {
        begin("e", 7, false);
        refuse(1);
        promises.expire(5 * SECOND - 1);
        assertThat(outcomes).isEmpty();
        promises.expire(5 * SECOND);
        found(0, true);
        promises.end();
        assertThat(outcomes).containsExactly(Outbox.NOT_NOW);
        assertThat(promises.isEmpty()).isTrue();
    }
}
