package parley.protocol;

/**
 * What a message is besides what it says and how it was changed. A component for each feature that adds to messages, so
 * that no other adds a parameter. Immutable.
 *
 * @param growth whether it still grows
 */
public record Standing(Growth growth) {
    /** Of a message that is nothing besides. */
    public static final Standing NONE = new Standing(Growth.NONE);

    /** The same with another growth. */
    public Standing with(Growth other) {
        return new Standing(other);
    }

    /**
     * How far a message has grown by pieces that were appended.
     *
     * @param isOpen whether more may be appended
     * @param last the number of the newest piece; 0 for none
     */
    public record Growth(boolean isOpen, long last) {
        /** Of a message that is said at once. */
        public static final Growth NONE = new Growth(false, 0);

        /** Of a message to which nothing has been appended yet. */
        public static final Growth OPEN = new Growth(true, 0);
    }
}
