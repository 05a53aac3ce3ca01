package parley.room;

import java.time.Duration;

/**
 * How messages of a room may grow.
 *
 * @param open how long a message stays open to which nothing is appended
 * @param messages how many messages may be open at once
 */
public record GrowthLimits(Duration open, int messages) {
    /** Where nothing else is set. */
    public static final GrowthLimits DEFAULT = new GrowthLimits(Duration.ofMinutes(1), 100);

    public GrowthLimits {
        if (open.isNegative() || open.isZero() || messages < 0) {
            throw new IllegalArgumentException("a message stays open for a while");
        }
    }
}
