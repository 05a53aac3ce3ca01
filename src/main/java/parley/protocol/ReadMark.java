package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * Up to where a user has read a room, and what is left. Immutable.
 *
 * @param seq the number of the last message that was read, which may be gone
 * @param unread how many messages behind it are kept, {@link #MOST} at most; null when they cannot be counted now
 * @param more whether there are more than that
 */
public record ReadMark(long seq, @Nullable Integer unread, boolean more) {
    /** How many unread messages are counted. */
    public static final int MOST = 100;
}
