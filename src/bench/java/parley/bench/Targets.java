package parley.bench;

import java.util.List;

/**
 * What Parley must reach, as a ratio to the bound in server CPU a delivery. The one place where these numbers stand.
 */
final class Targets {
    /** A ratio this many times its target with allowance is no noise. */
    static final double GROSS = 2;

    /**
     * One target.
     *
     * @param ratio what is aimed at
     * @param allowance what noise may add to it
     */
    record Target(String scenario, double ratio, double allowance) {
        double gross() {
            return GROSS * (ratio + allowance);
        }
    }

    static final List<Target> TO_BOUND = List.of(
            new Target("fan-1", 1.0, 0.1),
            new Target("fan-10", 1.1, 0.2),
            new Target("fan-1000", 1.3, 0.3),
            new Target("echo", 1.15, 0.1),
            new Target("slow", 1.15, 0.15));

    static final double IDLE_HEAP_KILOBYTES = 8;
    static final double IDLE_RESIDENT_KILOBYTES = 12;
    static final double HANDSHAKES_A_SECOND = 7000;

    private Targets() {}
}
