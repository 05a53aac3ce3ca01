package parley.room;

import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Message;
import parley.protocol.PlainText;

/**
 * Makes the frames of a room's plain-text members, one a message, and keeps the last one made: nearly all members are at the
 * same cursor, so nearly all share it. Any thread may call it.
 */
final class PlainFrames {
    /** A frame and the message it carries. */
    private record Made(long seq, Frame frame) {}

    private final RoomLog log;
    private volatile @Nullable Made last;

    PlainFrames(RoomLog log) {
        this.log = log;
    }

    /** Returns the frame of a message, or null when the log does not keep it any more. */
    @Nullable
    Frame of(long seq) {
        Made made = last;
        if (made != null && made.seq == seq) {
            return made.frame;
        }
        Message message = log.read(seq);
        if (message == null) {
            return null;
        }
        Frame frame = new Frame.Text(PlainText.encode(message));
        last = new Made(seq, frame);
        return frame;
    }
}
