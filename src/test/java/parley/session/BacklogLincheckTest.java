package parley.session;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/**
 * The thread that brings commands keeps places for answers, others give them late, and the draining thread takes them:
 * each comes once, in the order of the commands, whole, and the bytes are counted back to none.
 */
public class BacklogLincheckTest {
    private static final int BYTES = 10;

    private final Backlog<Integer> backlog = new Backlog<>(1 << 20);
    private final Queue<Late> late = new ConcurrentLinkedQueue<>();
    private final AtomicInteger filled = new AtomicInteger();

    /** Touched by the thread that brings commands alone. */
    private int commands;

    /** Touched by the draining thread alone. */
    private int taken;

    private volatile boolean isBroken;

    private record Late(Backlog.Place<Integer> place, int number) {}

    @Operation(nonParallelGroup = "commands")
    public void answerAtOnce() {
        if (!backlog.add(commands++, BYTES)) {
            isBroken = true;
        }
        filled.incrementAndGet();
    }

    @Operation(nonParallelGroup = "commands")
    public void answerLater() {
        Backlog.Place<Integer> place = backlog.reserve();
        if (place == null) {
            isBroken = true;
        } else {
            late.add(new Late(place, commands++));
        }
    }

    @Operation
    public void giveTheAnswer() {
        Late next = late.poll();
        if (next != null) {
            if (!backlog.fill(next.place, next.number, BYTES)) {
                isBroken = true;
            }
            filled.incrementAndGet();
        }
    }

    @Operation(nonParallelGroup = "draining")
    public void take() {
        Integer next = backlog.poll();
        if (next != null && next != taken++) {
            isBroken = true;
        }
    }

    @Validate
    public void allIsTakenInOrder() {
        for (Late next = late.peek(); next != null; next = late.peek()) {
            giveTheAnswer();
        }
        for (int i = 0; i <= commands; i++) {
            take();
        }
        if (isBroken || taken != commands || filled.get() != commands) {
            throw new AssertionError(commands + " commands, " + filled + " answers, " + taken + " taken");
        }
        if (!backlog.isEmpty() || backlog.bytes() != 0) {
            throw new AssertionError(backlog.bytes() + " bytes left");
        }
    }

    @Test
    void holdsInEveryInterleavingThatTheModelCheckerFinds() {
        new ModelCheckingOptions()
                .threads(3)
                .actorsPerThread(3)
                .actorsBefore(2)
                .actorsAfter(0)
                .iterations(Integer.getInteger("parley.interleavings", 6))
                .invocationsPerIteration(1_000)
                .check(BacklogLincheckTest.class);
    }
}
