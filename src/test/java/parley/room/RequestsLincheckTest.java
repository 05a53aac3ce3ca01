package parley.room;

import static org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt.forClasses;

import java.util.concurrent.atomic.AtomicInteger;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Test;

/**
 * Three threads add requests: one thread at a time serves, and none is left.
 *
 * <p>The interleaving to fear: a request is served before its thread has counted it, which leaves the count below 0.
 * That thread then counted up to 0 and the next one up to 1, and both served.
 */
public class RequestsLincheckTest {
    private final AtomicInteger added = new AtomicInteger();
    /** Touched by the serving thread alone; a race on it is a finding. */
    private int served;

    private volatile boolean isInside;
    private volatile boolean isBroken;

    private final Requests<Integer> requests = new Requests<>(new Requests.Server<>() {
        @Override
        public void serve(Integer request) {
            enter();
            served++;
            isInside = false;
        }

        @Override
        public void endBatch() {
            enter();
            isInside = false;
        }
    });

    private void enter() {
        if (isInside) {
            isBroken = true;
        }
        isInside = true;
    }

    @Operation
    public void add() {
        requests.add(added.incrementAndGet());
    }

    @Validate
    public void allAreServed() {
        if (isBroken) {
            throw new AssertionError("two threads served at a time");
        }
        if (served != added.get()) {
            throw new AssertionError(added + " added, " + served + " served");
        }
    }

    @Test
    void holdsInEveryInterleavingThatTheModelCheckerFinds() {
        new ModelCheckingOptions()
                .threads(3)
                .actorsPerThread(1)
                .actorsBefore(0)
                .actorsAfter(0)
                .iterations(1)
                .invocationsPerIteration(3_000)
                .addGuarantee(forClasses("java.util.concurrent.ConcurrentLinkedQueue")
                        .allMethods()
                        .treatAsAtomic())
                .check(RequestsLincheckTest.class);
    }
}
