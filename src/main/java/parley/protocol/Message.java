package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * One message of a room, as the room's log keeps it. Immutable.
 *
 * @param seq its place in the room: 1 for the first, one more for each that follows
 * @param at when it was published, in milliseconds since the epoch
 * @param from the name of who said it, or null for a sender without a name
 * @param text what was said
 * @param bytes how long the text is in UTF-8
 */
public record Message(long seq, long at, @Nullable String from, String text, int bytes) {}
