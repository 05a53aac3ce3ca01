package parley.room;

import java.time.Duration;

/**
 * How many values with a key a room keeps.
 *
 * @param keys how many at most; 0 for none
 * @param bytes how many bytes they have at most, keys and {@link KeyDraft#OVERHEAD_BYTES} each included
 * @param ttl the longest time that a value stays, and that of values for which no time was set; zero for any
 */
public record KeyLimits(int keys, long bytes, Duration ttl) {
    /** Where nothing else is set. */
    public static final KeyLimits DEFAULT = new KeyLimits(10_000, 4 << 20, Duration.ZERO);

    public KeyLimits {
        if (keys < 0 || bytes < 0 || ttl.isNegative()) {
            throw new IllegalArgumentException("a room keeps any number of keys, from 0");
        }
    }
}
