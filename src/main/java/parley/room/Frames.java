package parley.room;

import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Event;
import parley.protocol.Message;

/**
 * Makes the frames of those members of a room that speak one protocol, and shares them: nearly all members are at the
 * same place, so nearly all are sent the same frame, encoded once. Any thread.
 */
interface Frames {
    /**
     * Messages in a frame.
     *
     * @param from the place of the first
     * @param to the place of the last
     * @param last the number of the last
     * @param isFull whether no further message fits
     * @param frame null where members get nothing for any of them, since all are changes that nobody needs any more
     */
    record Batch(
            long from,
            long to,
            long last,
            boolean isFull,
            @Nullable Frame frame) {
        /** How many they are. */
        int count() {
            return (int) (to - from + 1);
        }

        /** Whether this is what a member gets that is at {@code from} and may take messages up to {@code until}. */
        boolean fits(long wantedFrom, long until) {
            return from == wantedFrom && (to == until || (isFull && to < until));
        }
    }

    /** In place of a count: nobody knows how many they are. */
    long UNKNOWN = -1;

    /** Returns messages from a place on, up to another at most; null when the log does not keep the first any more. */
    @Nullable
    Batch messages(long from, long until);

    /**
     * Returns as many of these messages as go in a frame; there is at least one. They have no places: the batch begins
     * at 0.
     */
    Batch messages(List<Message> page);

    /**
     * Makes the frames of what was said before a member came: it is sent each message as it is now. Others than these
     * where changes of such messages would be lines of their own.
     */
    default Frames ofThePast() {
        return this;
    }

    /** Says that the messages between these two numbers were missed, so many; null where members do not hear of it. */
    @Nullable
    Frame gap(long after, long before, long missed);

    /**
     * Says that the room has begun another history, of which what follows that number comes; null where members do not
     * hear of it.
     */
    @Nullable
    Frame begun(String epoch, long seq);

    /**
     * Says who came and went: what is new, or everybody, for a member that knows an older state; null where members do
     * not hear of it.
     */
    @Nullable
    Frame presence(Presence.Delta delta, boolean everybody);

    /** Returns signals from a number to another; null where members do not hear of it, or when they are gone. */
    @Nullable
    Frame signals(long from, long to);

    /**
     * A page of the values of a room's keys as of an entry of its log; null where members do not hear of values.
     *
     * @param more whether there are more pages
     */
    default @Nullable Frame values(String epoch, long seq, List<Message> page, boolean more) {
        return null;
    }

    /** Whether members hear of the read marks of their users. */
    default boolean tellsMarks() {
        return false;
    }

    /** Says up to where a member's user has read; null where members do not hear of it. */
    default @Nullable Frame mark(Event.Mark mark) {
        return null;
    }
}
