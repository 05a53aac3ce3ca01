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

    /** What was done already is owed: short pauses between floods pay for no more than they are long. */
    @Test
    void pausesOfASecondDoNotPayForFloodsOfFive() {
        int charged = 0;
        Allowance last = Allowance.ALLOWED;
        for (int round = 0; round < 20 && last != Allowance.FLOODING; round++) {
            for (int i = 0; i < 49 && last != Allowance.FLOODING; i++) {
                now += SECOND / 10;
                last = rate.charge(10, 0, now);
                charged += 10;
            }
            now += SECOND * 11 / 10;
        }
        assertThat(last).isEqualTo(Allowance.FLOODING);
        assertThat(charged).isBetween(100, 120); // two bursts, and what a second brings
    }

    @Test
    void atTheRateNothingIsOwedForEver() {
        for (int i = 0; i < 600; i++) {
            now += SECOND;
            assertThat(rate.charge(10, 0, now)).isEqualTo(Allowance.ALLOWED);
        }
    }

    @Test
    void oneMessageMayBeOwedThatIsLongerThanABurst() {
        rate.charge(50, 0, now);
        assertThat(rate.charge(500, 500, now)).isEqualTo(Allowance.LIMITED);
        assertThat(rate.charge(1, 500, now)).isEqualTo(Allowance.FLOODING);
    }

    @Test
    void whoPausesIsForgiven() {
        for (int i = 0; i < 20; i++) {
            assertThat(send(200, 1)).doesNotContainKey(Allowance.FLOODING);
            now += 10 * SECOND;
        }
    }
}
