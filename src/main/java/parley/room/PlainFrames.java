package parley.room;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Message;
import parley.protocol.PlainText;

/**
 * The frames of plain-text members: a WebSocket message for each message, and those that have piled up leave at once.
 */
final class PlainFrames implements Frames {
    private final int batchBytes;
    private final Lines lines;
    private final Batches batches = new Batches();

    PlainFrames(Ring ring, int batchBytes) {
        this.batchBytes = batchBytes;
        this.lines = new Lines(ring, PlainText::encode, batchBytes);
    }

    @Override
    public @Nullable Batch messages(long from, long until) {
        Batch made = batches.find(from, until);
        if (made != null) {
            return made;
        }
        Lines.Run run = lines.run(from, until);
        if (run == null) {
            return null;
        }
        Frame frame = Frame.of(run.lines().stream().map(Lines.Line::frame).toList());
        return batches.keep(run.in(frame), run.bytes());
    }

    @Override
    public Batch messages(List<Message> page) {
        List<Frame> frames = new ArrayList<>();
        long last = 0;
        int bytes = 0;
        for (Message message : page) {
            Frame frame = new Frame.Text(PlainText.encode(message));
            if (!frames.isEmpty() && bytes + frame.length() > batchBytes) {
                break;
            }
            frames.add(frame);
            bytes += frame.length();
            last = message.seq();
        }
        return new Batch(0, frames.size() - 1, last, true, Frame.of(frames));
    }

    /** Lets go of what is kept for members to share. */
    void letGo() {
        lines.letGo();
        batches.letGo();
    }

    @Override
    public @Nullable Frame gap(long after, long before, long missed) {
        return null;
    }

    @Override
    public @Nullable Frame begun(String epoch, long seq) {
        return null;
    }

    @Override
    public @Nullable Frame presence(Presence.Delta delta, boolean everybody) {
        return null;
    }

    @Override
    public @Nullable Frame signals(long from, long to) {
        return null;
    }
}
