package parley.room;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Event;
import parley.protocol.Message;
import parley.protocol.RoomName;

/** The frames of members in this process: the messages themselves, without reactions, of which there is nothing to encode or to share. */
final class DirectFrames implements Frames {
    private final RoomName room;
    private final Ring ring;
    private final int batchBytes;

    DirectFrames(RoomName room, Ring ring, int batchBytes) {
        this.room = room;
        this.ring = ring;
        this.batchBytes = batchBytes;
    }

    @Override
    public @Nullable Batch messages(long from, long until) {
        List<Message> messages = new ArrayList<>();
        int bytes = 0;
        for (long place = from; place <= until; place++) {
            Message message = ring.read(place);
            if (message == null
                    || (!messages.isEmpty() && bytes + message.content().bytes() > batchBytes)) {
                break;
            }
            messages.add(message);
            bytes += message.content().bytes();
        }
        return messages.isEmpty() ? null : batch(from, messages);
    }

    @Override
    public Batch messages(List<Message> page) {
        List<Message> messages = new ArrayList<>();
        int bytes = 0;
        for (Message message : page) {
            if (!messages.isEmpty() && bytes + message.content().bytes() > batchBytes) {
                break;
            }
            messages.add(message);
            bytes += message.content().bytes();
        }
        return batch(0, messages);
    }

    private Batch batch(long from, List<Message> messages) {
        List<Event> said = new ArrayList<>();
        Pieces.inStreams(messages).stream()
                .filter(message -> !message.isReaction())
                .filter(message -> !message.isKeyed()) // values are read, not listened to
                .forEach(message -> said.add(new Event.Said(room, message)));
        long last = messages.get(messages.size() - 1).seq();
        Frame frame = said.isEmpty() ? null : new Frame.Direct(said);
        return new Batch(from, from + messages.size() - 1, last, true, frame);
    }

    @Override
    public Frame gap(long after, long before, long missed) {
        return one(new Event.Gap(room, after, before, missed == UNKNOWN ? null : missed));
    }

    @Override
    public Frame begun(String epoch, long seq) {
        return one(new Event.Joined(null, room, epoch, seq, 0, false));
    }

    private static Frame one(Event event) {
        return new Frame.Direct(List.of(event));
    }

    /** Who comes and goes is asked for, or listened to. */
    @Override
    public @Nullable Frame presence(Presence.Delta delta, boolean everybody) {
        return null;
    }

    @Override
    public @Nullable Frame signals(long from, long to) {
        return null;
    }
}
