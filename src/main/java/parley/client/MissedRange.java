package parley.client;

/**
 * Messages between two numbers that did not come by themselves, and what became of them. Immutable.
 *
 * @param after the number before the first of them
 * @param before the number behind the last of them
 */
public record MissedRange(long after, long before, State state) {
    /** What became of them. */
    public enum State {
        /** They are being fetched. */
        FILLING,
        /** All that the room keeps of them has come. */
        FILLED,
        /** The room does not keep them any more. */
        LOST
    }
}
