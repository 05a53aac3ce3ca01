package parley.room;

import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;

/**
 * The newest messages of a room in their order; the oldest are let go.
 *
 * <p>A message has a <i>place</i>, one more than that of the message before it, and a <i>number</i>, which clients see. Cursors, windows and
 * counts are in places. A room that numbers its messages itself has numbers without holes, and both are the same: nothing is translated. Where
 * several rooms share a numbering ({@link #isSparse}) a room's numbers have holes, places are this log's own, and a number is searched for.
 *
 * <p>Reading is for any thread at any time and never blocks. Appending is for one thread at a time: the room's lock sees to
 * that.
 */
interface RoomLog {
    /** Which history this is: another one after messages were lost, so that their numbers are not taken for these. */
    String epoch();

    /** Whether numbers have holes. */
    boolean isSparse();

    /**
     * Adds a message, under the room's lock; or finds, while it is kept, the one that was added with the same {@code id}.
     *
     * @return its number
     */
    long append(long at, Draft draft);

    /**
     * Adds a message that has its number from elsewhere, under the room's lock. Where numbers have no holes and it does not follow the
     * newest, the earlier ones are let go.
     */
    void add(Message message);

    /** Lets all messages go and begins again behind that number, under the room's lock. */
    void begin(String epoch, long newest);

    /** The place of the newest message; 0 before the first. */
    long head();

    /** The place of the oldest message that is still kept; one more than the head when none is. */
    long first();

    /** The number of the newest message; before the first, the one that it began behind. */
    long newest();

    /** The number from which on no message is missing here. */
    long since();

    /** The place of the first message of that number or a higher one, if it is kept; where numbers have no holes, in any case. */
    long place(long seq);

    /** The number at a place; behind the head, and where that is not known any more, the next that could be and that is. */
    long number(long place);

    /** What the messages that are kept weigh. Under the room's lock. */
    long bytes();

    /** Lets all messages go. Under the room's lock. */
    void forget();

    /** Lets the messages before that number go. Under the room's lock. */
    void forgetBefore(long seq);

    /** Returns the message at a place, or null when it is not kept any more or not there yet. */
    @Nullable
    Message read(long place);
}
