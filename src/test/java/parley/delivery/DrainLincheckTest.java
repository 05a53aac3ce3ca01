package parley.delivery;

import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;
import parley.protocol.CloseCode;

/**
 * Publishers that append and wake, a container that completes, a sweep that pings: in whatever order their steps fall,
 * no more than the limit is in flight, frames leave in order and none is left behind while there is room in flight.
 *
 * <p>The interleaving to fear: the drainer finds nothing, a publisher appends and finds somebody draining, the drainer
 * goes to rest. A drain without AGAIN leaves that message behind until the next one.
 */
public class DrainLincheckTest {
    /** More with {@code -Dparley.interleavings=40}. */
    private static final int ITERATIONS = Integer.getInteger("parley.interleavings", 6);

    private static final int LIMIT = 2;

    private final AtomicInteger published = new AtomicInteger();
    private final AtomicInteger outstanding = new AtomicInteger();
    private final AtomicInteger completed = new AtomicInteger();
    /** Touched by the draining thread alone; a race on it is a finding. */
    private int taken;

    private volatile boolean broken;
    private volatile boolean inside;

    private final Drain.Source source = new Drain.Source() {
        @Override
        public Frame next() {
            enter();
            Frame next = taken < published.get() ? new Frame.Text(String.valueOf(taken++)) : null;
            inside = false;
            return next;
        }

        @Override
        public void sendFailed(Throwable cause) {
            broken = true;
        }
    };

    private final Transport transport = new Transport() {
        @Override
        public void send(Frame frame, Completion completion) {
            start(1);
        }

        @Override
        public boolean ping(Completion completion) {
            start(LIMIT); // nothing may be beside it
            outstanding.addAndGet(1 - LIMIT);
            return true;
        }

        private void start(int room) {
            enter();
            if (outstanding.addAndGet(room) > LIMIT) {
                broken = true;
            }
            inside = false;
        }

        @Override
        public long bytesUnderWay() {
            return 0;
        }

        @Override
        public boolean pauseReading() {
            return false;
        }

        @Override
        public void resumeReading() {}

        @Override
        public void close(CloseCode code, String reason) {}

        @Override
        public void drop() {}

        @Override
        public boolean isConnected() {
            return false;
        }
    };

    private final Drain drain = new Drain(source, transport, LIMIT, Runnable::run);

    private void enter() {
        if (inside) {
            broken = true; // two threads drain
        }
        inside = true;
    }

    @Operation
    public void publish() {
        published.incrementAndGet();
        drain.wake();
    }

    @Operation
    public void complete() {
        int before;
        do {
            before = outstanding.get();
            if (before == 0) {
                return;
            }
        } while (!outstanding.compareAndSet(before, before - 1));
        completed.incrementAndGet();
        drain.completed(null);
    }

    @Operation
    public void ping() {
        drain.ping();
    }

    @Validate
    public void nothingIsLeftBehind() {
        if (broken) {
            throw new AssertionError("two drainers, or too much in flight");
        }
        if (drain.inFlight() != outstanding.get()) {
            throw new AssertionError(drain + ", really " + outstanding);
        }
        if (outstanding.get() == 0 && taken < published.get()) {
            throw new AssertionError(published.get() - taken + " left behind: " + drain);
        }
    }

    @Test
    void holdsInEveryInterleavingThatTheModelCheckerFinds() {
        new ModelCheckingOptions()
                .threads(3)
                .actorsPerThread(2)
                .actorsBefore(1)
                .actorsAfter(1)
                .iterations(ITERATIONS)
                .invocationsPerIteration(2_000)
                .check(DrainLincheckTest.class);
    }

    @Test
    void holdsUnderStress() {
        new StressOptions()
                .threads(3)
                .actorsPerThread(3)
                .iterations(ITERATIONS)
                .invocationsPerIteration(2_000)
                .check(DrainLincheckTest.class);
    }
}
