package parley.room;

import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/**
 * Publishers that make a turn due, an executor's threads that run it, and senders that help: two turns never run at a
 * time, what was published goes through a turn that looked afterwards, and what is to be called behind a turn is called
 * once, behind one that looked after it was asked for.
 *
 * <p>The interleaving to fear: a publisher finds the turn running, which has looked already, and the turn goes to rest.
 */
public class TurnLincheckTest {
    /** More with {@code -Dparley.interleavings=40}. */
    private static final int ITERATIONS = Integer.getInteger("parley.interleavings", 6);

    private final AtomicInteger published = new AtomicInteger();
    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger called = new AtomicInteger();
    private final ConcurrentLinkedQueue<Runnable> tasks = new ConcurrentLinkedQueue<>();

    /** Touched by the turn alone; a race on it is a finding. */
    private int fannedOut;

    private volatile boolean isBroken;
    private volatile boolean isInside;

    private final Turn turn = new Turn(this::work, tasks::add);

    private void work() {
        isBroken |= isInside;
        isInside = true;
        fannedOut = published.get();
        isInside = false;
    }

    @Operation
    public void publish() {
        published.incrementAndGet();
        turn.isDue();
    }

    @Operation
    public void askForACallBehindTheTurn() {
        int before = published.incrementAndGet();
        asked.incrementAndGet();
        turn.isDue(() -> {
            isBroken |= fannedOut < before;
            called.incrementAndGet();
        });
    }

    @Operation
    public void runATask() {
        Runnable task = tasks.poll();
        if (task != null) {
            task.run();
        }
    }

    @Operation
    public void help() {
        turn.run();
    }

    @Validate
    public void nothingIsLeftBehind() {
        for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
            task.run();
        }
        if (isBroken) {
            throw new AssertionError("two turns at a time, or a call before its turn");
        }
        if (fannedOut < published.get()) {
            throw new AssertionError(published + " published, " + fannedOut + " fanned out");
        }
        if (called.get() != asked.get()) {
            throw new AssertionError(asked + " asked for, " + called + " called");
        }
    }

    @Test
    void holdsInEveryInterleavingThatTheModelCheckerFinds() {
        new ModelCheckingOptions()
                .threads(3)
                .actorsPerThread(2)
                .actorsBefore(1)
                .actorsAfter(0)
                .iterations(ITERATIONS)
                .invocationsPerIteration(1_000)
                .check(TurnLincheckTest.class);
    }
}
