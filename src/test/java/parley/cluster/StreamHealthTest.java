package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class StreamHealthTest {
    private static final long SECOND = 1_000_000_000L;

    private final FakeStreams stream = new FakeStreams();
    private final List<String> calls = new ArrayList<>();
    private long heard;
    private long now;

    private final StreamHealth health = new StreamHealth(
            stream,
            1,
            new StreamHealth.Listener() {
                @Override
                public long[] heard() {
                    return new long[] {heard};
                }

                @Override
                public void prepared() {
                    calls.add("prepared");
                }

                @Override
                public void looked(int shard, Streams.State state, boolean hasLost) {
                    calls.add("looked " + state.last() + (hasLost ? " lost" : ""));
                }

                @Override
                public void ledByAnother(int shard) {
                    calls.add("led by another");
                }
            },
            () -> now,
            Runnable::run,
            Runnable::run,
            new Complaints(() -> now));

    private List<String> pass(long nanos) {
        calls.clear();
        now += nanos;
        health.tick(now);
        return List.copyOf(calls);
    }

    @Test
    void theStreamsAreLookedAtEveryFiveSeconds() {
        assertThat(pass(0)).containsExactly("prepared", "looked 0");
        assertThat(health.areThere()).isTrue();
        assertThat(pass(4 * SECOND)).isEmpty();
        assertThat(pass(SECOND)).containsExactly("looked 0");
    }

    @Test
    void aStreamThatIsNotThereIsLookedForSoon() {
        stream.isReachable = false;
        assertThat(pass(0)).isEmpty();
        assertThat(health.isPrepared()).isFalse();
        stream.isReachable = true;
        assertThat(pass(SECOND / 2)).containsExactly("prepared", "looked 0");
        stream.isReachable = false;
        assertThat(pass(5 * SECOND)).isEmpty();
        assertThat(health.areThere()).isFalse();
        assertThat(health.isPrepared()).as("it was").isTrue();
    }

    /** Once may be a server that has just come to lead the stream, and has not read all of it yet. */
    @Test
    void aStreamThatHasLessThanWasHeardTwiceHasLost() {
        stream.store("s");
        heard = 5;
        assertThat(pass(0)).containsExactly("prepared", "looked 1");
        assertThat(pass(SECOND / 2)).containsExactly("looked 1 lost");
    }

    @Test
    void anotherLeaderIsNoticed() {
        pass(0);
        assertThat(pass(5 * SECOND)).doesNotContain("led by another");
        stream.leader = "b";
        assertThat(pass(5 * SECOND)).containsExactly("led by another", "looked 0");
        stream.leader = ""; // nobody
        assertThat(pass(5 * SECOND)).contains("led by another");
        stream.leader = "b";
        health.pollSoon();
        assertThat(pass(SECOND / 2)).contains("looked 0");
    }
}
