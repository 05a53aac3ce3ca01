package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * One message of a room, as the room's log keeps it. Immutable.
 *
 * @param seq its number in the room, higher than that of the message before it: by one, except in a cluster, where
 *     rooms share numbers
 * @param at when it was published, in milliseconds since the epoch
 * @param from the name of who said it, or null for a sender without a name
 * @param user which user said it, or null for a sender that is none
 * @param id the message id that the sender gave it, or null
 */
public record Message(
        long seq,
        long at,
        @Nullable String from,
        @Nullable String user,
        Content content,
        @Nullable String id) {
    /** Numbers a draft. */
    public Message(long seq, long at, Draft draft) {
        this(seq, at, draft.from(), draft.user(), draft.content(), draft.id());
    }

    /** Of a sender that is no user. */
    public Message(long seq, long at, @Nullable String from, Content content, @Nullable String id) {
        this(seq, at, from, null, content, id);
    }
}
