package parley.room;

import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Event;
import parley.protocol.JsonCodec;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.protocol.Utf8;

/**
 * The frames of JSON members: messages that have piled up go in one, a line each.
 *
 * <p>Kept are the last frame of each kind and some full ones for members who are behind: caches, in which any thread
 * may replace what another has put there.
 */
final class JsonFrames implements Frames {
    private record PresenceFrame(Presence.Delta delta, boolean everybody, Frame frame) {}

    private final RoomName room;
    private final Signals signals;
    private final Supplier<Presence.Snapshot> snapshot;
    private final IntSupplier count;
    private final int batchBytes;
    private final Lines lines;
    private final Ring ring;
    private final Batches batches;

    private volatile @Nullable Batch lastSignals;
    private volatile @Nullable PresenceFrame lastPresence;

    JsonFrames(
            RoomName room,
            Ring ring,
            Signals signals,
            Supplier<Presence.Snapshot> snapshot,
            IntSupplier count,
            int batchBytes) {
        this.room = room;
        this.ring = ring;
        this.batches = new Batches(ring);
        this.lines = new Lines(ring, this::encode, Pieces::inStreams, batchBytes);
        this.count = count;
        this.signals = signals;
        this.snapshot = snapshot;
        this.batchBytes = batchBytes;
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
        StringJoiner text = new StringJoiner("\n");
        run.frames().forEach(one -> text.add(one.text()));
        return batches.keep(run.in(frame(text)), run.bytes(), foldings);
    }

    /** The lines that messages are encoded as, for others who send the same. */
    Lines lines() {
        return lines;
    }

    /** Encodes a message as a line; nothing where members get no line for it. */
    Optional<String> encode(Message message) {
        return message.isSuperseded() ? Optional.empty() : Optional.of(JsonCodec.encode(new Event.Said(room, message)));
    }

    private static @Nullable Frame frame(StringJoiner lines) {
        return lines.length() == 0 ? null : new Frame.Text(lines.toString());
    }

    @Override
    public Batch messages(List<Message> page) {
        int taken = 0;
        int bytes = 0;
        for (Message message : page) {
            int length = encode(message).map(Utf8::length).orElse(0);
            if (taken > 0 && bytes + length > batchBytes) {
                break;
            }
            bytes += length + 1;
            taken++;
        }
        StringJoiner text = new StringJoiner("\n");
        Pieces.inStreams(page.subList(0, taken))
                .forEach(message -> encode(message).ifPresent(text::add));
        return new Batch(0, taken - 1, page.get(taken - 1).seq(), true, frame(text));
    }

    @Override
    public Frame gap(long after, long before, long missed) {
        return frame(new Event.Gap(room, after, before, missed == UNKNOWN ? null : missed));
    }

    @Override
    public Frame begun(String epoch, long seq) {
        return frame(new Event.Joined(null, room, epoch, seq, count.getAsInt(), false));
    }

    @Override
    public Frame presence(Presence.Delta delta, boolean everybody) {
        PresenceFrame made = lastPresence;
        if (made == null || made.delta != delta || made.everybody != everybody) {
            made = new PresenceFrame(
                    delta, everybody, PresenceFrames.of(everybody ? snapshot() : changes(delta), batchBytes));
            lastPresence = made;
        }
        return made.frame;
    }

    private Event.Presence changes(Presence.Delta delta) {
        return new Event.Presence(
                room, null, delta.joined(), delta.left(), delta.members(), delta.gone(), delta.count());
    }

    private Event.Presence snapshot() {
        Presence.Snapshot now = snapshot.get();
        return now.isWhole()
                ? new Event.Presence(room, now.names(), null, null, now.members(), List.of(), now.count())
                : new Event.Presence(room, null, null, null, List.of(), List.of(), now.count());
    }

    @Override
    public @Nullable Frame signals(long from, long to) {
        Batch made = lastSignals;
        if (made != null && made.fits(from, to)) {
            return made.frame();
        }
        StringJoiner text = new StringJoiner("\n");
        for (long seq = from; seq <= to; seq++) {
            Message signal = signals.read(seq);
            if (signal != null) {
                text.add(JsonCodec.encode(new Event.Signal(room, signal)));
            }
        }
        if (text.length() == 0) {
            return null;
        }
        Frame frame = new Frame.Text(text.toString());
        lastSignals = new Batch(from, to, to, false, frame);
        return frame;
    }

    @Override
    public Frame values(String epoch, long seq, List<Message> page, boolean more) {
        return frame(new Event.State(room, epoch, seq, page, more));
    }

    @Override
    public boolean tellsMarks() {
        return true;
    }

    @Override
    public Frame mark(Event.Mark mark) {
        return frame(mark);
    }

    /** Lets go of what is kept for members to share. */
    void letGo() {
        lines.letGo();
        batches.letGo();
        lastSignals = null;
        lastPresence = null;
    }

    private static Frame frame(Event event) {
        return new Frame.Text(JsonCodec.encode(event));
    }
}
