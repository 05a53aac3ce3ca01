package parley.api;

/**
 * Which messages to read. Immutable.
 *
 * @param seq a number; a message of that number need not be there
 * @param direction which way from there
 * @param limit how many at most, 1 or more
 */
public record Reading(long seq, Direction direction, int limit) {
    /** Which way from a number. */
    public enum Direction {
        /** The newest that come before it. */
        BEFORE,
        /** The oldest that come after it. */
        AFTER
    }

    /** Checks the limit. */
    public Reading {
        if (limit < 1) {
            throw new IllegalArgumentException("limit is 1 or more, not " + limit);
        }
    }

    /** The newest messages. */
    public static Reading newest(int limit) {
        return before(Long.MAX_VALUE, limit);
    }

    /** The newest that come before a number. */
    public static Reading before(long seq, int limit) {
        return new Reading(seq, Direction.BEFORE, limit);
    }

    /** The oldest that come after a number. */
    public static Reading after(long seq, int limit) {
        return new Reading(seq, Direction.AFTER, limit);
    }
}
