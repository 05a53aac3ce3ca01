package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * One entry of a room's log, as the log keeps it: a message, or the change of one. Immutable.
 *
 * @param seq its number in the room, higher than that of the message before it: by one, except in a cluster, where
 *     rooms share numbers
 * @param at when it was published, in milliseconds since the epoch
 * @param from the name of who said it, or null for a sender without a name
 * @param user which user said it, or null for a sender that is none
 * @param id the message id that the sender gave it, or null
 * @param revision what it has to do with changes
 * @param standing what it is besides
 */
public record Message(
        long seq,
        long at,
        @Nullable String from,
        @Nullable String user,
        Content content,
        @Nullable String id,
        Revision revision,
        Standing standing) {
    /** Of a message that is nothing besides. */
    public Message(
            long seq,
            long at,
            @Nullable String from,
            @Nullable String user,
            Content content,
            @Nullable String id,
            Revision revision) {
        this(seq, at, from, user, content, id, revision, Standing.NONE);
    }

    /** A message that nobody has changed. */
    public Message(
            long seq, long at, @Nullable String from, @Nullable String user, Content content, @Nullable String id) {
        this(seq, at, from, user, content, id, Revision.None.UNCHANGED);
    }

    /** Numbers a draft. */
    public Message(long seq, long at, Draft draft) {
        this(
                seq,
                at,
                draft.from(),
                draft.user(),
                draft.content(),
                draft.id(),
                Revision.None.UNCHANGED,
                draft.standing());
    }

    /** Of a sender that is no user. */
    public Message(long seq, long at, @Nullable String from, Content content, @Nullable String id) {
        this(seq, at, from, null, content, id);
    }

    /** Numbers a change, or the value of a key. */
    public Message(long seq, long at, Draft draft, Revision revision) {
        this(seq, at, draft.from(), draft.user(), draft.content(), draft.id(), revision, draft.standing());
    }

    /** Whether it is no message but the change of one. */
    public boolean isChange() {
        return revision instanceof Revision.Change;
    }

    /** Whether it is the value of a key, or says that the key has none any more. */
    public boolean isKeyed() {
        return revision instanceof Revision.Keyed;
    }

    /** Whether it counts where messages are counted: changes do not, nor do values of keys, which are state. */
    public boolean counts() {
        return !isChange() && !isKeyed();
    }

    /** Whether it is a change, or was the value of a key, that nobody needs any more. */
    public boolean isSuperseded() {
        return content.kind() == Content.Kind.SUPERSEDED;
    }

    /** The reactions to it; of a reaction, those that its message had then. */
    public Reactions reactions() {
        return standing.reactions();
    }

    /** Whether it is a reaction, which says nothing of the content of its message. */
    public boolean isReaction() {
        return revision instanceof Revision.Change change && change.kind() instanceof ChangeKind.Reacting;
    }

    /** This message as a change has made it. */
    public Message changedBy(Message change) {
        return change.revision instanceof Revision.Change what ? what.kind().fold(this, change) : this;
    }

    /** This change when nobody needs it any more. */
    public Message superseded() {
        Revision without = revision instanceof Revision.Change change
                ? new Revision.Change(
                        change.of(), change.before(), change.kind().withoutContent(), change.reacted())
                : revision;
        return with(Content.SUPERSEDED, without, standing.with(Reactions.NONE));
    }

    /** The number of the newest change that is in what this message says, reactions left out; 0 for none. */
    public long newestChange() {
        long edited = revision instanceof Revision.Changed changed ? changed.seq() : 0;
        return Math.max(edited, standing.growth().last());
    }

    /** The same entry when it says something else. */
    public Message with(Content otherContent, Revision otherRevision, Standing otherStanding) {
        return new Message(seq, at, from, user, otherContent, id, otherRevision, otherStanding);
    }
}
