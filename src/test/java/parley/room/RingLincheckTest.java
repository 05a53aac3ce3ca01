package parley.room;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import parley.protocol.Message;

/**
 * One writer, readers without a lock: a reader finds the message it asked for or nothing, whatever the writer is at;
 * and what the head names is there, unless it was let go. The array is as small as it gets, so that slots are used
 * again and it grows and shrinks. Numbers are twice the places.
 */
public class RingLincheckTest {
    /** More with {@code -Dparley.interleavings=40}. */
    private static final int ITERATIONS = Integer.getInteger("parley.interleavings", 6);

    private static final long MESSAGE_BYTES = Ring.OVERHEAD_BYTES + 2;

    private final Ring ring = new Ring(3, 4 * MESSAGE_BYTES, 8 * MESSAGE_BYTES, 1);

    @Operation(nonParallelGroup = "writer")
    public void add() {
        long seq = (ring.head() + 1) * 2;
        ring.add(new Message(seq, 0, Samples.line(null, "m" + seq)));
    }

    /** A member needs all that is kept, and what comes. */
    @Operation(nonParallelGroup = "writer")
    public void needAll() {
        ring.needToo(ring.first());
    }

    @Operation(nonParallelGroup = "writer")
    public void needTheNewest() {
        ring.lookAtNeeds();
        ring.need(ring.head());
    }

    @Operation(nonParallelGroup = "writer")
    public void forget() {
        ring.forget();
    }

    @Operation
    public void readOldest() {
        check(ring.first());
    }

    @Operation
    public void readNewest() {
        long head = ring.head();
        Message message = check(head);
        if (head > 0 && message == null && ring.first() <= head) {
            throw new AssertionError("the head says " + head + ", and it is not there");
        }
    }

    /** Asked in this order: from the number on nothing is missing, so the message is there, or was let go. */
    @Operation
    public void find() {
        long since = ring.since();
        long place = ring.placeOf(since);
        long number = ring.numberAt(place);
        Message message = check(place);
        if (number < since || (message != null && message.seq() < since)) {
            throw new AssertionError("asked for " + since + ", got " + number + " at " + place + ", " + message);
        }
        Message before = ring.read(place - 1);
        if (before != null && before.seq() >= since) {
            throw new AssertionError(before + " comes before " + since);
        }
    }

    private @Nullable Message check(long place) {
        Message message = ring.read(place);
        if (message != null
                && (message.seq() != place * 2 || !message.content().text().equals("m" + place * 2))) {
            throw new AssertionError("asked for the place " + place + ", got " + message);
        }
        return message;
    }

    @Test
    void readersSeeWholeMessagesOrNone() {
        new ModelCheckingOptions()
                .threads(3)
                .actorsBefore(5)
                .actorsPerThread(3)
                .iterations(ITERATIONS)
                .invocationsPerIteration(1_000)
                .check(RingLincheckTest.class);
    }
}
