package parley.room;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
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
 * <p>Kept are the last frame of each kind, some full ones for members who are behind, and the lines of the newest messages, so that members
 * who are not quite at the same place, and readers of event streams, have each message encoded once too. All are caches: any thread may replace what another has put there.
 */
final class JsonFrames implements Frames {
    /** A power of two. */
    private static final int LINES = 64;
    /**
     * So much may the lines weigh that a room keeps. (Once no line above 4 KB was kept: with messages of 4 KB a quarter of the processor went
     * into encoding as soon as members were a little apart.)
     */
    private static final int KEPT_BYTES = 1 << 18;

    /** A message, encoded. */
    record Line(long place, long seq, String text, int bytes) {}

    /**
     * Messages that go in one frame.
     *
     * @param isFull whether no further one fits
     * @param bytes what they have together
     */
    record Run(List<Line> lines, boolean isFull, int bytes) {
        Batch in(Frame frame) {
            Line last = lines.get(lines.size() - 1);
            return new Batch(lines.get(0).place, last.place, last.seq, isFull, frame);
        }
    }

    private record PresenceFrame(Presence.Delta delta, boolean everybody, Frame frame) {}

    private final RoomName room;
    private final Ring ring;
    private final Signals signals;
    private final Supplier<Presence.Snapshot> snapshot;
    private final IntSupplier count;
    private final int batchBytes;
    private final AtomicReferenceArray<@Nullable Line> lines = new AtomicReferenceArray<>(LINES);
    /** What the lines weigh, in bytes. */
    private final AtomicInteger keptBytes = new AtomicInteger();

    private final Batches batches = new Batches();

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
        Run run = run(from, until);
        if (run == null) {
            return null;
        }
        StringJoiner text = new StringJoiner("\n");
        run.lines.forEach(one -> text.add(one.text));
        return batches.keep(run.in(new Frame.Text(text.toString())), run.bytes);
    }

    /** Returns the messages of a frame, from a place on, up to another at most; null when the log does not keep the first any more. */
    @Nullable
    Run run(long from, long until) {
        Line line = line(from);
        if (line == null) {
            return null;
        }
        List<Line> taken = new ArrayList<>();
        int bytes = 0;
        while (line != null && (taken.isEmpty() || bytes + line.bytes <= batchBytes)) {
            taken.add(line);
            bytes += line.bytes + 1;
            long next = from + taken.size();
            line = next > until ? null : line(next);
        }
        boolean isFull = line != null;
        int count = (int) ((isFull ? roundest(from, from + taken.size()) : from + taken.size()) - from);
        return new Run(taken.subList(0, count), isFull, bytes);
    }

    @Override
    public Batch messages(List<Message> page) {
        StringJoiner text = new StringJoiner("\n");
        long last = 0;
        int taken = 0;
        int bytes = 0;
        for (Message message : page) {
            String line = JsonCodec.encode(new Event.Said(room, message));
            int length = Utf8.length(line);
            if (taken > 0 && bytes + length > batchBytes) {
                break;
            }
            text.add(line);
            bytes += length + 1;
            taken++;
            last = message.seq();
        }
        return new Batch(0, taken - 1, last, true, new Frame.Text(text.toString()));
    }

    /**
     * Where a full batch ends: of the places behind the first and up to the last, the one that most powers of two divide. So members who are
     * behind, each at another place, end at the same one and go on together. When each went as far as a frame holds, they stayed apart.
     */
    private static long roundest(long first, long last) {
        return last & -Long.highestOneBit(first ^ last);
    }

    private @Nullable Line line(long place) {
        int slot = (int) place & (LINES - 1);
        Line kept = lines.get(slot);
        if (kept != null && kept.place == place) {
            return kept;
        }
        Message message = ring.read(place);
        if (message == null) {
            return null;
        }
        String text = JsonCodec.encode(new Event.Said(room, message));
        Line line = new Line(place, message.seq(), text, Utf8.length(text));
        keep(slot, line);
        return line;
    }

    /** Keeps a line in place of what is in its slot, and lets go of others, from the next slot on, until all are light enough. */
    private void keep(int slot, Line line) {
        int kept = put(slot, line);
        for (int i = 1; kept > KEPT_BYTES && i <= LINES; i++) {
            kept = put((slot + i) & (LINES - 1), null);
        }
    }

    private int put(int slot, @Nullable Line line) {
        Line before = lines.getAndSet(slot, line);
        return keptBytes.addAndGet((line == null ? 0 : line.bytes) - (before == null ? 0 : before.bytes));
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
            made = new PresenceFrame(delta, everybody, frame(everybody ? snapshot() : changes(delta)));
            lastPresence = made;
        }
        return made.frame;
    }

    private Event changes(Presence.Delta delta) {
        return new Event.Presence(room, null, delta.joined(), delta.left(), delta.count());
    }

    private Event snapshot() {
        Presence.Snapshot now = snapshot.get();
        return new Event.Presence(room, now.isWhole() ? now.names() : null, null, null, now.count());
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

    /** Lets go of what is kept for members to share. */
    void letGo() {
        for (int slot = 0; slot < LINES; slot++) {
            put(slot, null);
        }
        batches.letGo();
        lastSignals = null;
        lastPresence = null;
    }

    private static Frame frame(Event event) {
        return new Frame.Text(JsonCodec.encode(event));
    }
}
