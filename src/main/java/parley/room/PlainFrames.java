package parley.room;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Message;
import parley.protocol.PlainChanges;
import parley.protocol.PlainText;

/**
 * The frames of plain-text members: a WebSocket message for each message, and those that have piled up leave at once.
 */
final class PlainFrames implements Frames {
    private final int batchBytes;
    private final Lines lines;
    private final Ring ring;
    private final PlainChanges changes;
    private final Batches batches;
    /** Without lines for edits: a member that has just come has not read what the messages said before. */
    private final PlainFrames past;

    PlainFrames(Ring ring, PlainChanges changes, int batchBytes) {
        this.ring = ring;
        this.changes = changes;
        this.batchBytes = batchBytes;
        this.batches = new Batches(ring);
        this.lines =
                new Lines(ring, message -> PlainText.encode(message, changes), UnaryOperator.identity(), batchBytes);
        this.past = changes == PlainChanges.HIDE ? this : new PlainFrames(ring, PlainChanges.HIDE, batchBytes);
    }

    @Override
    public @Nullable Batch messages(long from, long until) {
        Batch made = batches.find(from, until);
        if (made != null) {
            return made;
        }
        long foldings = ring.foldings();
        Lines.Run run = lines.run(from, until);
        if (run == null) {
            return null;
        }
        List<Frame.Text> told = run.frames();
        return batches.keep(run.in(told.isEmpty() ? null : Frame.of(told)), run.bytes(), foldings);
    }

    @Override
    public Batch messages(List<Message> page) {
        List<Frame> frames = new ArrayList<>();
        long last = 0;
        int taken = 0;
        int bytes = 0;
        for (Message message : page) {
            Optional<Frame.Text> frame = PlainText.encode(message, changes).map(Frame.Text::new);
            int length = frame.map(Frame.Text::length).orElse(0);
            if (taken > 0 && bytes + length > batchBytes) {
                break;
            }
            frame.ifPresent(frames::add);
            bytes += length;
            taken++;
            last = message.seq();
        }
        return new Batch(0, taken - 1, last, true, frames.isEmpty() ? null : Frame.of(frames));
    }

    @Override
    public Frames ofThePast() {
        return past;
    }

    /** Lets go of what is kept for members to share. */
    void letGo() {
        lines.letGo();
        batches.letGo();
        if (past != this) {
            past.letGo();
        }
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
