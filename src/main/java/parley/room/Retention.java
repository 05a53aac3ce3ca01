package parley.room;

import java.time.Duration;

/**
 * What is kept of a room beyond memory; the oldest messages go first.
 *
 * @param messages how many, at least 1
 * @param bytes how many bytes they have at most; the newest is kept in any case
 * @param age how old they may be; zero for any age
 */
public record Retention(long messages, long bytes, Duration age) {
    public Retention {
        if (messages < 1 || bytes < 1 || age.isNegative()) {
            throw new IllegalArgumentException("a room keeps at least one message");
        }
    }
}
