package parley.room;

import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.junit.jupiter.api.Test;
import parley.protocol.Message;

/**
 * One writer, readers without a lock: a reader finds the message it asked for or nothing, whatever the writer is at; and what
 * the head names is there. The ring is as small as it gets, so that slots are used again and the ring grows.
 */
public class MemoryLogLincheckTest {
    private final MemoryLog log = new MemoryLog("e", 3, 4L * (MemoryLog.OVERHEAD_BYTES + 2), 1);

    @Operation(nonParallelGroup = "writer")
    public void append() {
        log.append(0, Samples.line(null, "m" + (log.head() + 1)));
    }

    @Operation
    public void readOldest() {
        check(log.first());
    }

    @Operation
    public void readNewest() {
        long head = log.head();
        Message message = check(head);
        if (head > 0 && message == null && log.first() <= head) {
            throw new AssertionError("the head says " + head + ", and it is not there");
        }
    }

    private Message check(long seq) {
        Message message = log.read(seq);
        if (message != null
                && (message.seq() != seq || !message.content().text().equals("m" + seq))) {
            throw new AssertionError("asked for " + seq + ", got " + message);
        }
        return message;
    }

    @Test
    void readersSeeWholeMessagesOrNone() {
        new ModelCheckingOptions()
                .threads(3)
                .actorsBefore(4)
                .actorsPerThread(3)
                .iterations(40)
                .invocationsPerIteration(1_000)
                .check(MemoryLogLincheckTest.class);
    }
}
