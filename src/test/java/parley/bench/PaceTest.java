package parley.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class PaceTest {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    @Test
    void messagesAreDueEvenlyAndDoNotDrift() {
        Pace pace = new Pace(1000, 3);
        for (int i = 0; i < 3_000_000; i++) {
            pace.take();
        }
        assertThat(pace.next()).isEqualTo(1000 + 1_000_000 * SECOND);
    }

    /**
     * A hundred messages a second, a server that answers at once but stands still for the second second, and with it
     * the load. Counted from when they were sent, one message in 300 would have been late; counted from when they were
     * meant for, a third was.
     */
    @Test
    void aStandstillCountsForAllTheMessagesThatWereMeantForIt() {
        Pace pace = new Pace(0, 100);
        Histogram latency = new Histogram(3);
        for (long now = 0; now < 3 * SECOND; now += SECOND / 1000) {
            boolean still = now >= SECOND && now < 2 * SECOND;
            while (!still && pace.next() <= now) {
                latency.recordValue(Math.max(1, now - pace.take()));
            }
        }
        assertThat(latency.getTotalCount()).isEqualTo(300);
        assertThat(latency.getMaxValue()).isGreaterThan((long) (0.98 * SECOND));
        assertThat(latency.getCountBetweenValues(SECOND / 10, 2 * SECOND)).isBetween(89L, 91L);
        assertThat(latency.getValueAtPercentile(50)).isLessThan(SECOND / 100);
        assertThat(latency.getValueAtPercentile(75)).isBetween(SECOND / 5, SECOND / 3);
    }
}
