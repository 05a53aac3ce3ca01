package parley.room;

import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;

/**
 * The messages of a room in their order, numbered from 1 without holes; the oldest are let go.
 *
 * <p>Reading is for any thread at any time and never blocks. Appending is for one thread at a time: the room's lock sees to
 * that.
 */
interface RoomLog {
    /** Which history this is: another one after messages were lost, so that their numbers are not taken for these. */
    String epoch();

    /**
     * Adds a message, under the room's lock; or finds, while it is kept, the one that was added with the same {@code id}.
     *
     * @return its number
     */
    long append(long at, Draft draft);

    /**
     * Adds a message that has its number from elsewhere, under the room's lock. When it does not follow the newest, the earlier ones
     * are let go.
     */
    void add(Message message);

    /** Lets all messages go and begins again behind that number, under the room's lock. */
    void begin(String epoch, long head);

    /** The number of the newest message; 0 before the first. */
    long head();

    /** The number of the oldest message that is still kept; one more than the head when none is. */
    long first();

    /** What the messages that are kept weigh. Under the room's lock. */
    long bytes();

    /** Lets all messages go. Under the room's lock. */
    void forget();

    /** Lets the messages before that number go. Under the room's lock. */
    void forgetBefore(long seq);

    /** Returns a message, or null when it is not kept any more or not there yet. */
    @Nullable
    Message read(long seq);
}
