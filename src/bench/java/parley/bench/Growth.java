package parley.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;

/**
 * How a cost grows along a sweep: a fixed part and one that goes with the place, fitted by least squares.
 *
 * <p>The errors that are made small are relative ones, since the values of a sweep may lie a hundred times apart.
 *
 * @param model what the second part goes with
 * @param fixed what does not depend on the place
 * @param each the factor of what does
 * @param error the largest relative error at a place
 */
record Growth(Model model, double fixed, double each, double error) {

    /** What a part of the cost is proportional to. */
    enum Model {
        /** The place itself: bytes to copy, rooms to visit. */
        PLACE("x", x -> x),
        /** Its inverse: what is done once, for all of them together, is shared by as many. */
        SHARED("1/x", x -> 1 / x);

        private final String words;
        private final DoubleUnaryOperator of;

        Model(String words, DoubleUnaryOperator of) {
            this.words = words;
            this.of = of;
        }
    }

    /** Fits it to at least three places; fewer say nothing about growth. */
    static Optional<Growth> of(Model model, List<Chart.Point> points) {
        if (points.size() < 3) {
            return Optional.empty();
        }
        double weights = 0;
        double x = 0;
        double y = 0;
        double xx = 0;
        double xy = 0;
        for (Chart.Point point : points) {
            double at = model.of.applyAsDouble(point.x());
            double value = point.y().median();
            double weight = 1 / (value * value);
            weights += weight;
            x += weight * at;
            y += weight * value;
            xx += weight * at * at;
            xy += weight * at * value;
        }
        double each = (weights * xy - x * y) / (weights * xx - x * x);
        double fixed = (y - each * x) / weights;
        Growth growth = new Growth(model, fixed, each, 0);
        double error = points.stream()
                .mapToDouble(point -> Math.abs(growth.at(point.x()) / point.y().median() - 1))
                .max()
                .orElse(0);
        return Optional.of(new Growth(model, fixed, each, error));
    }

    /** What it says about a place. */
    double at(double x) {
        return fixed + each * model.of.applyAsDouble(x);
    }

    /**
     * By which power of the place the value grows from each place to the next: 0 where it stays, 1 where it doubles
     * with the place. Where they change, the growth bends.
     */
    static List<Double> powers(List<Chart.Point> points) {
        List<Double> powers = new ArrayList<>();
        for (int i = 1; i < points.size(); i++) {
            Chart.Point from = points.get(i - 1);
            Chart.Point to = points.get(i);
            powers.add(Math.log(to.y().median() / from.y().median()) / Math.log(to.x() / from.x()));
        }
        return powers;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.3g %s %.3g %s", fixed, each < 0 ? "-" : "+", Math.abs(each), model.words);
    }
}
