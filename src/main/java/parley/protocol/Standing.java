package parley.protocol;

/**
 * What a message is besides what it says and how it was changed. A component for each feature that adds to messages, so
 * that no other adds a parameter. Immutable.
 *
 * @param growth whether it still grows
 * @param reactions what clients have put beside it
 */
public record Standing(Growth growth, Reactions reactions) {
    /** Of a message that is nothing besides. */
    public static final Standing NONE = new Standing(Growth.NONE, Reactions.NONE);

    /** The same with another growth. */
    public Standing with(Growth other) {
        return new Standing(other, reactions);
    }

    /** The same with other reactions. */
    public Standing with(Reactions other) {
        return new Standing(growth, other);
    }

    /** The same of a message that says something else: only text goes on growing. */
    public Standing saying(Content content) {
        boolean isOver = growth.isOpen && content.kind() != Content.Kind.TEXT;
        return isOver ? with(new Growth(false, growth.last)) : this;
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
