package parley.protocol;

/**
 * What a change does with its message, and what it makes of the changes of that message before it. A further kind of
 * change is one more of these. Immutable.
 */
public sealed interface ChangeKind {
    /** The message as the change makes it. */
    Message fold(Message original, Message change);

    /** Whether an earlier change of the message says nothing any more: members that have not taken it need this one. */
    boolean supersedes(ChangeKind earlier);

    /** Whether it takes nothing away: what members were sent of the message stays true, as far as it goes. */
    default boolean onlyAdds() {
        return false;
    }

    /** The same of a change that says nothing any more. */
    default ChangeKind withoutContent() {
        return this;
    }

    /** Changes that put something else in the place of all that a message says, or nothing. */
    enum Whole implements ChangeKind {
        EDIT,
        REMOVAL;

        @Override
        public Message fold(Message original, Message change) {
            Revision changed = new Revision.Changed(change.seq(), change.at(), change.from(), change.user());
            Standing standing = this == REMOVAL ? Standing.NONE : original.standing();
            return original.with(change.content(), changed, standing.saying(change.content()));
        }

        @Override
        public boolean supersedes(ChangeKind earlier) {
            return this == REMOVAL || !(earlier instanceof Reacting);
        }
    }

    /** A reaction: it leaves alone what the message says, and says all reactions that the message has then. */
    enum Reacting implements ChangeKind {
        REACTION;

        @Override
        public Message fold(Message original, Message change) {
            return original.content().kind() == Content.Kind.REMOVED
                    ? original
                    : original.with(
                            original.content(),
                            original.revision(),
                            original.standing().with(change.standing().reactions()));
        }

        @Override
        public boolean supersedes(ChangeKind earlier) {
            return earlier instanceof Reacting;
        }
    }

    /**
     * A piece of text that goes behind the text of its message. The message is open before it.
     *
     * @param start where it begins in the text of the message, in UTF-16 code units
     * @param isLast whether the message is final with it
     * @param whole all that the message says with the last piece; {@link Content#EMPTY} with another
     */
    record Piece(int start, boolean isLast, Content whole) implements ChangeKind {
        @Override
        public Message fold(Message original, Message change) {
            Content content = isLast ? whole : original.content().with(change.content());
            Standing.Growth growth = new Standing.Growth(!isLast, change.seq());
            return original.with(
                    content, original.revision(), original.standing().with(growth));
        }

        @Override
        public boolean supersedes(ChangeKind earlier) {
            return false;
        }

        @Override
        public boolean onlyAdds() {
            return true;
        }

        @Override
        public Piece withoutContent() {
            return new Piece(start, isLast, Content.EMPTY);
        }
    }
}
