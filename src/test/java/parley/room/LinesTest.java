package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;

class LinesTest {
    /** A thread reads a message; another changes it and has lines let go of; then the first keeps what it made. */
    @Test
    void aLineThatWasMadeWhileItsMessageWasRemovedIsNotKept() {
        Ring ring = new Ring(10, Long.MAX_VALUE, Long.MAX_VALUE);
        ring.add(new Message(1, 0, Samples.line("ann", "secret")));
        Revision.Change revision = new Revision.Change(1, 0, ChangeKind.Whole.REMOVAL);
        AtomicReference<Lines> lines = new AtomicReference<>();
        lines.set(new Lines(
                ring,
                message -> {
                    if (ring.head() == 1) {
                        ring.add(new Message(2, 0, "ann", null, Content.REMOVED, null, revision));
                        lines.get().letGo();
                    }
                    return Optional.of(message.content().text());
                },
                UnaryOperator.identity(),
                1_000));
        lines.get().run(1, 1);
        ring.forgetBeforePlace(2);
        assertThat(lines.get().run(1, 1)).isNull();
    }
}
