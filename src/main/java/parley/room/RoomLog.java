package parley.room;

import org.jspecify.annotations.Nullable;
import parley.protocol.Message;

/**
 * The messages of a room in their order, numbered from 1 without holes; the oldest are let go.
 *
 * <p>Reading is for any thread at any time and never blocks. Appending is for one thread at a time: the room's lock sees to
 * that.
 */
interface RoomLog {
    /** Adds a message and returns it with its number. Under the room's lock. */
    Message append(long at, @Nullable String from, String text, int bytes);

    /** The number of the newest message; 0 before the first. */
    long head();

    /** The number of the oldest message that is still kept; one more than the head when none is. */
    long first();

    /** Returns a message, or null when it is not kept any more or not there yet. */
    @Nullable
    Message read(long seq);
}
