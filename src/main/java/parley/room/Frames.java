package parley.room;

import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Message;

/**
 * Makes the frames of those members of a room that speak one protocol, and shares them: nearly all members are at the same
 * place, so nearly all are sent the same frame, encoded once. Any thread.
 */
interface Frames {
    /**
     * Messages in a frame.
     *
     * @param from the number of the first
     * @param to the number of the last
     * @param isFull whether no further message fits
     */
    record Batch(long from, long to, boolean isFull, Frame frame) {
        /** Whether this is what a member gets that is at {@code from} and may take messages up to {@code until}. */
        boolean fits(long wantedFrom, long until) {
            return from == wantedFrom && (to == until || (isFull && to < until));
        }
    }

    /** Returns messages from a number on, up to another at most; null when the log does not keep the first any more. */
    @Nullable
    Batch messages(long from, long until);

    /** Returns as many of these messages as go in a frame, for one member alone; there is at least one. */
    Batch messages(List<Message> page);

    /** Says that the messages between these two were missed; null where members are not told. */
    @Nullable
    Frame gap(long after, long before);

    /** Says who came and went: what is new, or everybody, for a member that knows an older state; null where members are not told. */
    @Nullable
    Frame presence(Presence.News news, boolean everybody);

    /** Returns signals from a number to another; null where members are not told, or when they are gone. */
    @Nullable
    Frame signals(long from, long to);
}
