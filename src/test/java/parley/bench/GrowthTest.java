package parley.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.DoubleStream;
import org.junit.jupiter.api.Test;

class GrowthTest {
    @Test
    void whatGrowsWithThePlaceIsFoundAgain() {
        Growth growth = Growth.of(Growth.Model.PLACE, points(x -> 2 + 0.01 * x, 64, 1024, 4096, 16_384))
                .orElseThrow();
        assertThat(growth.fixed()).isCloseTo(2, within(1e-9));
        assertThat(growth.each()).isCloseTo(0.01, within(1e-9));
        assertThat(growth.error()).isCloseTo(0, within(1e-9));
        assertThat(growth).hasToString("2.00 + 0.0100 x");
    }

    @Test
    void whatIsSharedIsFoundAgain() {
        Growth growth = Growth.of(Growth.Model.SHARED, points(x -> 0.5 + 300 / x, 100, 1000, 10_000))
                .orElseThrow();
        assertThat(growth.fixed()).isCloseTo(0.5, within(1e-9));
        assertThat(growth.each()).isCloseTo(300, within(1e-6));
    }

    @Test
    void theErrorIsTheLargestOfAllPlaces() {
        Growth growth = Growth.of(Growth.Model.PLACE, points(x -> x == 3 ? 2 : 1, 1, 2, 3, 4, 5))
                .orElseThrow();
        assertThat(growth.error()).isBetween(0.3, 0.6);
    }

    @Test
    void twoPlacesAreNotEnough() {
        assertThat(Growth.of(Growth.Model.PLACE, points(x -> x, 1, 2))).isEmpty();
    }

    @Test
    void powersSayWhereItBends() {
        assertThat(Growth.powers(points(x -> x < 100 ? 7 : 7 * x / 10, 1, 10, 100)))
                .satisfiesExactly(
                        flat -> assertThat(flat).isCloseTo(0, within(1e-9)),
                        steep -> assertThat(steep).isCloseTo(1, within(1e-9)));
    }

    private static List<Chart.Point> points(DoubleUnaryOperator value, double... places) {
        return DoubleStream.of(places)
                .mapToObj(x -> new Chart.Point(
                        x, new Results.Spread(value.applyAsDouble(x), value.applyAsDouble(x), value.applyAsDouble(x))))
                .toList();
    }
}
