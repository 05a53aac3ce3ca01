package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.room.ChangeDraft;
import parley.room.Outcome;

class ChangingTest {
    private static final ChangeDraft EDIT =
            new ChangeDraft.Edit(3, new Draft("Ann", Content.text("n", 1), null), ChangeDraft.Right.ANY);

    private final List<String> done = new ArrayList<>();
    private final List<Outcome> outcomes = new ArrayList<>();
    private final Promises promises = new Promises();
    private final Remote remote = RemoteTest.opened("java");
    private boolean isReady = true;
    private Optional<Outcome> refusal = Optional.empty();

    private final Changing changing = new Changing(promises, new Changing.Steps() {
        @Override
        public void later(Runnable task) {
            task.run();
        }

        @Override
        public void find(Remote of, long seq, Consumer<@Nullable Optional<Message>> then) {
            done.add("find");
            then.accept(Optional.of(new Message(seq, 0, "Ann", Content.text("m", 1), null)));
        }

        @Override
        public Optional<Outcome> refusal(Message changed) {
            return refusal;
        }

        @Override
        public void prepare(Remote of, Consumer<Boolean> then) {
            then.accept(isReady);
        }

        @Override
        public void send(
                Remote of, long at, Draft draft, Revision revision, long untilNanos, Consumer<Outcome> onResult) {
            done.add("send");
        }

        @Override
        public void fold(Remote of, long seq, long change, Consumer<StreamFolding.@Nullable Result> then) {
            done.add("fold");
        }
    });

    private void edit(long untilNanos) {
        changing.change(remote, 0, EDIT, untilNanos, outcomes::add);
    }

    @Test
    void nothingIsPublishedThatCannotBeFolded() {
        isReady = false;
        edit(100);
        assertThat(done).containsExactly("find");
        assertThat(outcomes).containsExactly(Outbox.NOT_NOW);
    }

    @Test
    void nothingIsPublishedThatTheIndexCannotTake() {
        Outcome tooLarge = new Outcome.TooLarge("it is");
        refusal = Optional.of(tooLarge);
        edit(100);
        assertThat(done).containsExactly("find");
        assertThat(outcomes).containsExactly(tooLarge);
    }

    /** NATS does not answer, and clients go on. */
    @Test
    void changesWhoseTimeIsOverDoNotWaitOn() {
        edit(1_000);
        edit(10);
        edit(10);
        assertThat(changing.waiting()).isEqualTo(3);
        promises.expire(20);
        assertThat(outcomes).containsExactly(Outbox.NOT_NOW, Outbox.NOT_NOW);
        assertThat(changing.waiting()).isEqualTo(1);
    }
}
