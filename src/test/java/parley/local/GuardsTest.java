package parley.local;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import parley.api.MessageGuard;
import parley.api.Payload;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.room.Inspection;
import parley.room.Outcome;
import parley.room.Screen;

/** Guards with a clock that a test sets and an executor that it runs. */
class GuardsTest {
    private final Queue<Runnable> tasks = new ArrayDeque<>();
    private final AtomicLong now = new AtomicLong();
    private final List<String> published = new ArrayList<>();
    private final List<String> refused = new ArrayList<>();

    /** A guard whose answers the test gives. */
    private static final class Asked implements MessageGuard {
        private final List<Submission> messages = new ArrayList<>();
        private final List<CompletableFuture<Verdict>> answers = new ArrayList<>();

        @Override
        public CompletionStage<Verdict> check(Submission message) {
            messages.add(message);
            answers.add(new CompletableFuture<>());
            return answers.get(answers.size() - 1);
        }

        void answer(Verdict verdict) {
            answers.remove(0).complete(verdict);
        }
    }

    private Guards guards(MessageGuard... guards) {
        return new Guards(List.of(guards), 10, tasks::add, now::get);
    }

    private void run() {
        while (!tasks.isEmpty()) {
            tasks.remove().run();
        }
    }

    private void say(Screen screen, String text) {
        screen.pass(
                RoomName.LOBBY,
                new Draft("ann", Content.text(text, text.length()), null),
                (draft, onResult) -> {
                    published.add(draft.content().text());
                    onResult.accept(new Outcome.Published(published.size(), false));
                },
                outcome -> {
                    if (outcome instanceof Outcome.Refused no) {
                        refused.add(no.reason());
                    }
                });
        run();
    }

    @Test
    void messagesOfASenderStayInTheirOrderAndAreCheckedOneByOne() {
        Asked guard = new Asked();
        Screen screen = new Screen(guards(guard));
        say(screen, "one");
        say(screen, "two");
        say(screen, "three");
        assertThat(guard.messages).hasSize(1);
        guard.answer(MessageGuard.accept());
        run();
        assertThat(published).containsExactly("one");
        guard.answer(MessageGuard.refuse("not this"));
        run();
        guard.answer(MessageGuard.change(new Payload.Text("3")));
        assertThat(published).containsExactly("one", "3");
        assertThat(refused).containsExactly("not this");
        assertThat(guard.messages.get(2))
                .isEqualTo(new MessageGuard.Submission("lobby", "ann", new Payload.Text("three"), null));
    }

    @Test
    void aSlowGuardHoldsUpNoOtherSender() {
        Asked guard = new Asked();
        Guards guards = guards(guard);
        say(new Screen(guards), "one");
        say(new Screen(guards), "two");
        assertThat(guard.messages).hasSize(2);
        guard.answers.remove(1).complete(MessageGuard.accept());
        assertThat(published).containsExactly("two");
    }

    @Test
    void whenTheDeadlineHasPassedWhatTheGuardSaidHoldsAndItsAnswerDoesNot() {
        Asked guard = new Asked();
        Guards guards = guards(guard);
        Screen screen = new Screen(guards);
        say(screen, "one");
        now.set(Duration.ofSeconds(5).toNanos() - 1);
        guards.sweep();
        assertThat(refused).isEmpty();
        now.incrementAndGet();
        guards.sweep();
        guards.sweep();
        assertThat(refused).containsExactly("the message could not be checked; retry later");
        guard.answer(MessageGuard.accept());
        assertThat(published).isEmpty();
        assertThat(guards.count(Guards.Result.LATE)).isEqualTo(1);
        say(screen, "two");
        guard.answer(MessageGuard.accept());
        assertThat(published).containsExactly("two");
    }

    @Test
    void aGuardThatThrowsOrSaysNothingOrTooMuchHasFailed() {
        Guards guards = guards(message -> {
            throw new IllegalStateException("on purpose");
        });
        say(new Screen(guards), "one");
        Guards silent = guards(message -> CompletableFuture.completedStage(null));
        say(new Screen(silent), "two");
        Guards wordy = guards(message ->
                CompletableFuture.completedStage(MessageGuard.change(new Payload.Text("more than ten bytes"))));
        say(new Screen(wordy), "three");
        Guards broken = guards(message -> CompletableFuture.failedStage(new IllegalStateException("on purpose")));
        say(new Screen(broken), "four");
        assertThat(published).isEmpty();
        assertThat(refused).hasSize(4);
        for (Guards each : List.of(guards, silent, wordy, broken)) {
            assertThat(each.count(Guards.Result.FAILED)).isEqualTo(1);
        }
    }

    @Test
    void eachGuardSeesWhatTheOneBeforeHasMade() {
        Asked first = new Asked();
        Asked second = new Asked();
        say(new Screen(guards(first, second)), "one");
        first.answer(MessageGuard.change(new Payload.Data("{}")));
        run();
        assertThat(second.messages.get(0).payload()).isEqualTo(new Payload.Data("{}"));
        second.answer(MessageGuard.accept());
        assertThat(published).containsExactly("{}");
    }

    @Test
    void withoutGuardsNothingWaits() {
        say(new Screen(Inspection.NONE), "one");
        assertThat(published).containsExactly("one");
    }
}
