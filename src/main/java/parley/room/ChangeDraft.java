package parley.room;

import java.util.Objects;
import java.util.Optional;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.Standing;

/**
 * A change of a message before the room's log has numbered it: a record for each kind, which knows who may make such a
 * change, and of which messages. Immutable.
 */
public sealed interface ChangeDraft permits ChangeDraft.Edit, ChangeDraft.Removal, ChangeDraft.Piece, ReactionDraft {

    /** What tokens may do with the messages of others. */
    String EDIT = "a token with the claim edit changes messages of others";

    /** As {@link #EDIT}. */
    String REMOVE = "a token with the claim remove changes messages of others";

    /** As {@link #EDIT}. */
    String AUTHOR = "its author goes on with it, and over HTTP a token with the claim edit, or publish where no user"
            + " said it";

    /** Whose messages the sender of a change may change. */
    enum Right {
        /** Those of the user that it is; none when it is no user. */
        OWN,
        /** Those of the user that it is, and those that no user said. */
        OWN_AND_NOBODYS,
        /** Any. */
        ANY
    }

    /** The number of the message. */
    long of();

    /** Who changes it; and what it says from then on, where it says something. */
    Draft draft();

    /** The same with another draft. */
    ChangeDraft with(Draft other);

    /** The same in a room with these limits. */
    default ChangeDraft within(RoomLimits limits) {
        return this;
    }

    /** The same with what the store knows besides the message. */
    default <X extends Exception> ChangeDraft among(Reactors<X> reactors) throws X {
        return this;
    }

    /** It has been added with that number. */
    default <X extends Exception> void added(long seq, Reactors<X> reactors) throws X {}

    /** Why this change cannot be made of that message, which the room keeps and which is none itself. */
    Optional<Outcome> refusal(Message now);

    /** The change as the log keeps it, and has its members hear of it. */
    Message numbered(long seq, long at, Message original);

    /** Whether it only takes away, or adds nothing: then it is made where there is no space for more. */
    default boolean takesAway() {
        return false;
    }

    /** Whether it says something that has to be looked at before it is published. */
    default boolean isLookedAt() {
        return !takesAway();
    }

    /**
     * What comes of it without changing anything: it is not allowed, or was done before; empty when it is to be made.
     *
     * @param message the message as it is now; empty where the room does not keep one of that number
     */
    default Optional<Outcome> answer(Optional<Message> message) {
        if (message.isEmpty()) {
            return Optional.of(new Outcome.NotFound("the room does not keep a message with seq " + of()));
        }
        Message now = message.get();
        if (now.revision() instanceof Revision.Change change) {
            return Optional.of(new Outcome.NotFound(
                    "seq " + of() + " is itself a change; change the message that it changes, seq " + change.of()));
        }
        if (now.revision() instanceof Revision.Keyed keyed) {
            return Optional.of(new Outcome.NotFound("seq " + of() + " is of the key '" + keyed.key()
                    + "', which is set and removed by its key and not by seq"));
        }
        return refusal(now);
    }

    /** Says something else. */
    record Edit(long of, Draft draft, Right right) implements ChangeDraft {
        @Override
        public Edit with(Draft other) {
            return new Edit(of, other, right);
        }

        @Override
        public Optional<Outcome> refusal(Message now) {
            return notAllowed(this, right, now, EDIT).or(() -> removed(now));
        }

        @Override
        public Message numbered(long seq, long at, Message original) {
            return change(this, seq, at, original, ChangeKind.Whole.EDIT);
        }
    }

    /** Takes back what a message says. */
    record Removal(long of, Draft draft, Right right) implements ChangeDraft {
        /** With a draft that says nothing. */
        public static Removal by(long of, Draft sender, Right right) {
            return new Removal(of, sender.with(Content.REMOVED), right);
        }

        @Override
        public Removal with(Draft other) {
            return by(of, other, right);
        }

        @Override
        public Optional<Outcome> refusal(Message now) {
            return notAllowed(this, right, now, REMOVE).or(() -> removed(now).map(answer -> isDone(now, answer)));
        }

        /** The same removal once more. */
        private static Outcome isDone(Message now, Outcome otherwise) {
            return now.revision() instanceof Revision.Changed removal
                    ? new Outcome.Published(removal.seq(), true)
                    : otherwise;
        }

        @Override
        public Message numbered(long seq, long at, Message original) {
            return change(this, seq, at, original, ChangeKind.Whole.REMOVAL);
        }

        @Override
        public <X extends Exception> void added(long seq, Reactors<X> reactors) throws X {
            reactors.removed(of);
        }

        @Override
        public boolean takesAway() {
            return true;
        }
    }

    /** Adds a piece of text to a message, or says that there is no more. */
    sealed interface Piece extends ChangeDraft permits Append, Closing {}

    /**
     * Goes on with a message that is open. What it says is a piece of the text.
     *
     * @param isLast whether the message is final then
     * @param most how many bytes of UTF-8 the message has at most, with the piece
     */
    record Append(long of, Draft draft, Right right, boolean isLast, int most) implements Piece {
        @Override
        public Append with(Draft other) {
            return new Append(of, other, right, isLast, most);
        }

        @Override
        public Optional<Outcome> refusal(Message now) {
            return notAllowed(this, right, now, AUTHOR).or(() -> removed(now)).or(() -> cannotGrow(now));
        }

        private Optional<Outcome> cannotGrow(Message now) {
            if (!now.standing().growth().isOpen()) {
                return Optional.of(new Outcome.NotFound("the message with seq " + of
                        + " is final: nothing is appended to it any more; say another message with final false"));
            }
            if (draft.content().kind() != Content.Kind.TEXT) {
                return Optional.of(new Outcome.Refused("only text can be appended to the message with seq " + of));
            }
            long bytes = (long) now.content().bytes() + draft.content().bytes();
            return bytes <= most
                    ? Optional.empty()
                    : Optional.of(new Outcome.TooLarge("the message with seq " + of + " would have " + bytes
                            + " bytes of UTF-8; it has at most " + most + ", and stays as it is"));
        }

        /** Of the sender of the message, whoever makes it final. */
        @Override
        public Message numbered(long seq, long at, Message original) {
            int start = original.content().text().length();
            Content whole = isLast ? original.content().with(draft.content()) : Content.EMPTY;
            ChangeKind kind = new ChangeKind.Piece(start, isLast, whole);
            Draft piece = new Draft(original.from(), original.user(), draft.content(), draft.id());
            return new Message(seq, at, piece, new Revision.Change(of, original.newestChange(), kind));
        }

        @Override
        public boolean takesAway() {
            return isLast && draft.content().text().isEmpty();
        }
    }

    /**
     * Makes a message final to which nothing was appended for too long; not one that has grown since that was seen.
     *
     * @param last the number of its newest piece when that was seen; 0 for none
     */
    record Closing(long of, long last) implements Piece {
        @Override
        public Draft draft() {
            return append().draft();
        }

        @Override
        public Closing with(Draft other) {
            return this; // it says nothing
        }

        private Append append() {
            return new Append(of, new Draft(null, Content.EMPTY, null), Right.ANY, true, Integer.MAX_VALUE);
        }

        @Override
        public Optional<Outcome> refusal(Message now) {
            return append().refusal(now).or(() -> grown(now));
        }

        private Optional<Outcome> grown(Message now) {
            return now.standing().growth().last() == last
                    ? Optional.empty()
                    : Optional.of(new Outcome.Refused("the message with seq " + of + " has grown meanwhile"));
        }

        @Override
        public Message numbered(long seq, long at, Message original) {
            return append().numbered(seq, at, original);
        }

        @Override
        public boolean takesAway() {
            return true;
        }
    }

    /**
     * Refuses a change of somebody else's message.
     *
     * @param others who may
     */
    private static Optional<Outcome> notAllowed(ChangeDraft change, Right right, Message now, String others) {
        boolean isOwn =
                now.user() != null && Objects.equals(now.user(), change.draft().user());
        boolean isNobodys = now.user() == null;
        return right == Right.ANY || isOwn || (right == Right.OWN_AND_NOBODYS && isNobodys)
                ? Optional.empty()
                : Optional.of(
                        new Outcome.Refused("seq " + change.of() + " is not a message of this client; " + others));
    }

    private static Optional<Outcome> removed(Message now) {
        return now.content().kind() == Content.Kind.REMOVED
                ? Optional.of(new Outcome.NotFound("the message with seq " + now.seq() + " has been removed"))
                : Optional.empty();
    }

    private static Message change(ChangeDraft change, long seq, long at, Message original, ChangeKind kind) {
        long reacted = kind == ChangeKind.Whole.REMOVAL ? original.reactions().seq() : 0;
        Revision.Change revision = new Revision.Change(change.of(), original.newestChange(), kind, reacted);
        boolean isOpen = original.standing().growth().isOpen() && kind == ChangeKind.Whole.EDIT;
        Standing standing = isOpen ? Standing.NONE.with(Standing.Growth.OPEN) : Standing.NONE;
        Content content = change.draft().content();
        return new Message(seq, at, change.draft(), revision).with(content, revision, standing.saying(content));
    }
}
