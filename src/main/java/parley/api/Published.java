package parley.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What became of a message that was published.
 *
 * @param seq its number in the room
 * @param isDuplicate whether one with the same id had been published before: the number is that one's
 * @param epoch the history of the room that the number belongs to; null when the message is not kept any more
 * @param at when it was published; null with the epoch
 */
public record Published(
        String room,
        long seq,
        boolean isDuplicate,
        @Nullable String epoch,
        @Nullable Instant at) {}
