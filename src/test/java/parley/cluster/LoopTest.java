package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoopTest {
    private final List<String> done = new ArrayList<>();
    private long now;
    private final Loop loop = new Loop(() -> now);
    private boolean isDone = true;

    private final Loop.Work work = new Loop.Work() {
        @Override
        public void flush() {
            done.add("flush");
        }

        @Override
        public void tick(long nowNanos) {
            done.add("tick " + nowNanos);
        }

        @Override
        public boolean isDone() {
            return isDone;
        }

        @Override
        public void end() {
            done.add("end");
        }
    };

    @Test
    void tasksAreCarriedOutInOrderThenFlushedAndWhatIsDueIsDone() throws Exception {
        loop.execute(() -> done.add("a"));
        loop.execute(() -> done.add("b"));
        loop.turn(work, 0);
        assertThat(done).containsExactly("a", "b", "flush", "tick 0");
        done.clear();
        now = 49_000_000;
        loop.execute(() -> done.add("c"));
        loop.turn(work, 0);
        assertThat(done).as("no tick is due").containsExactly("c", "flush");
        now = 50_000_000;
        loop.turn(work, 0);
        assertThat(done).endsWith("flush", "tick 50000000");
    }

    @Test
    void aTaskThatFailsStopsNoOther() throws Exception {
        loop.execute(() -> {
            throw new IllegalStateException("on purpose");
        });
        loop.execute(() -> done.add("next"));
        loop.turn(work, 0);
        assertThat(done).contains("next", "flush", "tick 0");
    }

    /** In one thread: what waits is carried out before the end, and what comes later is refused. */
    @Test
    void whatWaitsAtTheEndIsCarriedOutAndWhatComesLaterIsRefused() {
        isDone = false;
        loop.execute(() -> done.add("waiting"));
        loop.execute(() -> isDone = true);
        loop.close();
        loop.run(work);
        assertThat(done).startsWith("waiting").endsWith("end");
        assertThat(loop.hasEnded()).isTrue();
        assertThat(loop.offer(() -> done.add("late"))).isFalse();
    }
}
