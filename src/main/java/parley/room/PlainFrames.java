package parley.room;

import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Message;
import parley.protocol.PlainText;

/** The frames of plain-text members: one a message, and nothing else. */
final class PlainFrames implements Frames {
    private final Ring ring;
    private volatile @Nullable Batch last;

    PlainFrames(Ring ring) {
        this.ring = ring;
    }

    @Override
    public @Nullable Batch messages(long from, long until) {
        Batch made = last;
        if (made != null && made.fits(from, until)) {
            return made;
        }
        Message message = ring.read(from);
        if (message == null) {
            return null;
        }
        Batch batch = new Batch(from, from, message.seq(), true, new Frame.Text(PlainText.encode(message)));
        last = batch;
        return batch;
    }

    @Override
    public Batch messages(List<Message> page) {
        Message message = page.get(0);
        return new Batch(0, 0, message.seq(), true, new Frame.Text(PlainText.encode(message)));
    }

    /** Lets go of what is kept for members to share. */
    void letGo() {
        last = null;
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
