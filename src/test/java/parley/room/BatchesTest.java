package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.delivery.Frame;
import parley.room.Frames.Batch;

class BatchesTest {
    private final Batches batches = new Batches(new Ring(10, 1_000, 1_000));

    private static Batch batch(long from, long to, boolean isFull) {
        return new Batch(from, to, to, isFull, new Frame.Text("text"));
    }

    /** Two threads find nothing and both make the batch: the second gets that of the first, and one is compressed. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void ofTwoThatWereMadeAtOnceAllGetTheFirst(boolean isFull) {
        assertThat(batches.find(1, 5)).isNull();
        Batch first = batches.keep(batch(1, 5, isFull), 4, 0);
        assertThat(batches.keep(batch(1, 5, isFull), 4, 0)).isSameAs(first);
        assertThat(batches.find(1, 5)).isSameAs(first);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void oneOfOtherMessagesOrAfterAChangeIsKeptInItsPlace(boolean isFull) {
        batches.keep(batch(1, 5, isFull), 4, 0);
        Batch longer = batch(1, 6, isFull);
        Batch changed = batch(1, 6, isFull);
        assertThat(batches.keep(longer, 4, 0)).isSameAs(longer);
        assertThat(batches.keep(changed, 4, 1)).isSameAs(changed);
    }
}
