package parley.session;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.EnumMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import parley.session.Rate.Allowance;

class RateTest {
    private static final long SECOND = 1_000_000_000L;

    private long now = Long.MAX_VALUE - 3 * SECOND; // the clock may run over
    private final Rate rate = new Rate(10, now);

    private Map<Allowance, Integer> send(int perSecond, int seconds) {
        Map<Allowance, Integer> verdicts = new EnumMap<>(Allowance.class);
        for (int i = 0; i < perSecond * seconds; i++) {
            now += SECOND / perSecond;
            verdicts.merge(rate.take(now), 1, Integer::sum);
        }
        return verdicts;
    }

    @Test
    void theRateItselfIsAllowedForEver() {
        assertThat(send(10, 600)).containsOnlyKeys(Allowance.ALLOWED);
    }

    @Test
    void aBurstOfFiveSecondsWorthIsAllowedAtOnce() {
        for (int i = 0; i < 50; i++) {
            assertThat(rate.take(now)).isEqualTo(Allowance.ALLOWED);
        }
        assertThat(rate.take(now)).isEqualTo(Allowance.LIMITED);
        now += SECOND;
        assertThat(send(10, 1)).containsOnlyKeys(Allowance.ALLOWED);
    }

    @Test
    void whoKeepsOnForFiveSecondsIsFlooding() {
        send(200, 1);
        assertThat(send(20, 4)).containsOnlyKeys(Allowance.ALLOWED, Allowance.LIMITED);
        assertThat(send(20, 2)).containsKey(Allowance.FLOODING);
    }

    /** At one a second the token that comes each second looked like a recovery, and a flood went on for ever. */
    @Test
    void floodingIsSeenAtOneASecondToo() {
        Rate slow = new Rate(1, now);
        Allowance last = Allowance.ALLOWED;
        for (int i = 0; i < 200 && last != Allowance.FLOODING; i++) {
            now += SECOND / 20;
            last = slow.take(now);
        }
        assertThat(last).isEqualTo(Allowance.FLOODING);
    }

    @Test
    void whoPausesIsForgiven() {
        for (int i = 0; i < 20; i++) {
            assertThat(send(200, 1)).doesNotContainKey(Allowance.FLOODING);
            now += 10 * SECOND;
        }
    }
}
