package parley.room;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * Threads that append and release at once: one of them serves at a time, nothing is left, and each append has its result once.
 *
 * <p>The interleaving to fear: a request is served before its thread has counted it, which leaves the count below 0; then that thread and the
 * next both count up to 0 or 1, and both serve.
 */
public class MemoryStoreLincheckTest {
    private final AtomicInteger appends = new AtomicInteger();
    private final AtomicInteger results = new AtomicInteger();
    /** Touched by the serving thread alone; a race on it is a finding. */
    private long heard;

    private volatile boolean isBroken;
    private volatile boolean isInside;

    private final RoomStore.Log log = new MemoryStore().open(RoomName.LOBBY, new RoomStore.Listener() {
        @Override
        public void opened(RoomStore.Contents contents) {}

        @Override
        public void couldNotOpen() {}

        @Override
        public void appended(List<Message> messages) {
            if (isInside) {
                isBroken = true;
            }
            isInside = true;
            for (Message message : messages) {
                isBroken |= message.seq() != heard + 1;
                heard = message.seq();
            }
            isInside = false;
        }

        @Override
        public void trimmed(long first) {}

        @Override
        public void present(String node, RoomStore.Present there) {}

        @Override
        public void signalled(Draft draft) {}
    });

    @Operation
    public void append() {
        appends.incrementAndGet();
        log.append(0, Samples.line(null, "x"), outcome -> {
            if (((Outcome.Published) outcome).seq() > heard) {
                isBroken = true;
            }
            results.incrementAndGet();
        });
    }

    @Operation
    public void release() {
        log.released(1);
    }

    @Validate
    public void eachAppendHasItsResult() {
        if (isBroken) {
            throw new AssertionError("two threads served, or a sender had its result before the room heard");
        }
        if (heard != appends.get() || results.get() != appends.get()) {
            throw new AssertionError(appends + " appended, " + heard + " heard of, " + results + " results");
        }
    }

    @Test
    void holdsInEveryInterleavingThatTheModelCheckerFinds() {
        new ModelCheckingOptions()
                .threads(3)
                .actorsPerThread(2)
                .actorsBefore(0)
                .actorsAfter(0)
                .iterations(30)
                .invocationsPerIteration(2_000)
                .check(MemoryStoreLincheckTest.class);
    }
}
