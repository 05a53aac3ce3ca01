package parley.bench;

import java.util.ArrayList;
import java.util.List;

/** How values lie along an axis of a chart, from one place in pixels to another. */
final class Scale {
    private static final int TICKS = 6;

    private final double low;
    private final double high;
    private final boolean log;
    private final double from;
    private final double to;

    private Scale(double low, double high, boolean log, double from, double to) {
        this.low = low;
        this.high = high;
        this.log = log;
        this.from = from;
        this.to = to;
    }

    /** From zero to the first tick that is not less than the largest value. */
    static Scale linear(double largest, double from, double to) {
        double step = step(largest <= 0 ? 1 : largest);
        return new Scale(0, Math.ceil((largest <= 0 ? 1 : largest) / step - 1e-9) * step, false, from, to);
    }

    /** From the 1, 2 or 5 before the smallest value to the one behind the largest. */
    static Scale log(double smallest, double largest, double from, double to) {
        double low = before(smallest);
        double high = -1;
        for (double tick = low; high < 0; tick = after(tick)) {
            if (tick >= largest * (1 - 1e-9) && tick > low) {
                high = tick;
            }
        }
        return new Scale(low, high, true, from, to);
    }

    /** Where a value is. */
    double at(double value) {
        double part = log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
        return from + part * (to - from);
    }

    /** The values to write along the axis: not more than fit, and round ones. */
    List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        if (log) {
            boolean decades = Math.log10(high / low) > 2.5;
            for (double tick = low; tick <= high * (1 + 1e-9); tick = after(tick)) {
                if (!decades || isDecade(tick)) {
                    ticks.add(tick);
                }
            }
        } else {
            double step = step(high);
            for (int i = 0; i * step <= high * (1 + 1e-9); i++) {
                ticks.add(i * step);
            }
        }
        return ticks;
    }

    private static double step(double largest) {
        double rough = largest / TICKS;
        double step = before(rough);
        return step < rough * (1 - 1e-9) ? after(step) : step;
    }

    private static boolean isDecade(double value) {
        double log = Math.log10(value);
        return Math.abs(log - Math.rint(log)) < 1e-6;
    }

    /** The largest of 1, 2 and 5 times a power of ten that is not more than the value. */
    private static double before(double value) {
        double decade = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
        double first = value / decade * (1 + 1e-9);
        return decade * (first >= 5 ? 5 : first >= 2 ? 2 : 1);
    }

    private static double after(double tick) {
        double decade = Math.pow(10, Math.floor(Math.log10(tick) + 1e-9));
        long first = Math.round(tick / decade);
        return decade * (first == 1 ? 2 : first == 2 ? 5 : 10);
    }
}
