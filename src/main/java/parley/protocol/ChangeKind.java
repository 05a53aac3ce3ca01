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

    /** Changes that put something else in the place of all that a message says, or nothing. */
    enum Whole implements ChangeKind {
        EDIT,
        REMOVAL;

        @Override
        public Message fold(Message original, Message change) {
            Revision changed = new Revision.Changed(change.seq(), change.at(), change.from(), change.user());
            Standing standing = this == REMOVAL ? Standing.NONE : original.standing();
            return original.with(change.content(), changed, standing);
        }

        @Override
        public boolean supersedes(ChangeKind earlier) {
            return this == REMOVAL || earlier instanceof Whole;
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
}
