package parley.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScaleTest {
    @Test
    void aLinearScaleBeginsAtZeroAndEndsAtARoundValue() {
        Scale scale = Scale.linear(9.3, 100, 600);
        assertThat(scale.ticks()).containsExactly(0.0, 2.0, 4.0, 6.0, 8.0, 10.0);
        assertThat(scale.at(0)).isEqualTo(100);
        assertThat(scale.at(10)).isCloseTo(600, within(0.001));
        assertThat(Scale.linear(0.07, 0, 1).ticks()).hasSizeBetween(4, 8);
        assertThat(Scale.linear(0, 0, 1).ticks()).hasSizeGreaterThan(1);
    }

    @Test
    void aLogarithmicScaleHasTheSameStepForTheSameFactor() {
        Scale scale = Scale.log(1, 1000, 0, 300);
        assertThat(scale.ticks()).containsExactly(1.0, 10.0, 100.0, 1000.0);
        assertThat(scale.at(1)).isCloseTo(0, within(0.001));
        assertThat(scale.at(10)).isCloseTo(100, within(0.001));
        assertThat(scale.at(1000)).isCloseTo(300, within(0.001));
    }

    @Test
    void aShortLogarithmicScaleHasTicksBetweenDecades() {
        assertThat(Scale.log(0.07, 0.9, 0, 1).ticks())
                .usingComparatorForType((a, b) -> Math.abs(a - b) < 1e-9 ? 0 : Double.compare(a, b), Double.class)
                .containsExactly(0.05, 0.1, 0.2, 0.5, 1.0);
        assertThat(Scale.log(5, 5, 0, 1).ticks()).hasSize(2);
    }

    @Test
    void everyValueLiesWithinItsScale() {
        for (double least = 1e-3; least < 1e5; least *= 3.7) {
            for (double most = least; most < 1e6; most *= 4.1) {
                Scale log = Scale.log(least, most, 0, 100);
                assertThat(log.at(least)).isBetween(-1e-6, 100.0);
                assertThat(log.at(most)).isBetween(0.0, 100 + 1e-6);
                Scale linear = Scale.linear(most, 0, 100);
                assertThat(linear.at(most)).isBetween(50.0, 100 + 1e-6);
                assertThat(linear.ticks()).hasSizeBetween(3, 8);
            }
        }
    }
}
