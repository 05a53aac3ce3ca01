package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * A message before the room's log has numbered it. Immutable.
 *
 * @param from the name of who says it, or null for a sender without a name
 * @param user which user says it, or null for a sender that is none
 * @param id the message id that the sender gave it, by which the log knows a second one of the same; null when it
 *     cannot be repeated
 * @param standing what the message is besides
 */
public record Draft(
        @Nullable String from,
        @Nullable String user,
        Content content,
        @Nullable String id,
        Standing standing) {
    /** Of a message that is nothing besides. */
    public Draft(@Nullable String from, @Nullable String user, Content content, @Nullable String id) {
        this(from, user, content, id, Standing.NONE);
    }

    /** Of a sender that is no user. */
    public Draft(@Nullable String from, Content content, @Nullable String id) {
        this(from, null, content, id);
    }

    /** The same with another content. */
    public Draft with(Content other) {
        return new Draft(from, user, other, id, standing);
    }
}
