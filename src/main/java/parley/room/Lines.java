package parley.room;

import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Message;
import parley.protocol.Utf8;

/**
 * The newest messages of a room as members of one kind are sent them, so that members who are not quite at the same
 * place have each message encoded once too. A cache: any thread may replace what another has put there.
 */
final class Lines {
    /** A power of two. */
    private static final int LINES = 64;
    /**
     * So many bytes may the lines have that a room keeps. (Once no line above 4 KB was kept: with messages of 4 KB a
     * quarter of the processor went into encoding as soon as members were a little apart.)
     */
    private static final int KEPT_BYTES = 1 << 18;

    /**
     * A message, encoded.
     *
     * @param frame the line as a frame of its own; empty where members get no line for it
     */
    record Line(long place, Message message, Optional<Frame.Text> frame, int bytes) {
        long seq() {
            return message.seq();
        }
    }

    /**
     * Messages that go in one frame.
     *
     * @param lines what members are sent of them
     * @param from the place of the first
     * @param to the place of the last
     * @param last the number of the last
     * @param isFull whether no further one fits
     * @param bytes what they have together
     */
    record Run(List<Line> lines, long from, long to, long last, boolean isFull, int bytes) {
        /** The frames of those for which members get a line. */
        List<Frame.Text> frames() {
            List<Frame.Text> frames = new ArrayList<>(lines.size());
            for (Line line : lines) {
                line.frame.ifPresent(frames::add); // no stream: this is done for each line of each frame
            }
            return frames;
        }

        Frames.Batch in(@Nullable Frame frame) {
            return new Frames.Batch(from, to, last, isFull, frame);
        }
    }

    private final Ring ring;
    private final Function<Message, Optional<String>> encode;
    private final UnaryOperator<List<Message>> join;
    private final int batchBytes;
    private final AtomicReferenceArray<@Nullable Line> lines = new AtomicReferenceArray<>(LINES);
    /** The bytes of the lines that are kept. */
    private final AtomicInteger keptBytes = new AtomicInteger();

    /**
     * Makes an empty cache.
     *
     * @param encode makes a line; nothing where members get none
     * @param join makes of pieces among the messages of a frame what members are sent
     * @param batchBytes how many bytes go in a frame; one message always does
     */
    Lines(Ring ring, Function<Message, Optional<String>> encode, UnaryOperator<List<Message>> join, int batchBytes) {
        this.ring = ring;
        this.encode = encode;
        this.join = join;
        this.batchBytes = batchBytes;
    }

    /**
     * Returns the messages of a frame, from a place on, up to another at most; null when the log does not keep the
     * first any more.
     */
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
        List<Line> run = taken.subList(0, count);
        Line last = run.get(count - 1);
        return new Run(joined(run), from, last.place, last.seq(), isFull, bytes);
    }

    /** What members are sent of these; the same in nearly all frames. */
    private List<Line> joined(List<Line> run) {
        boolean hasPieces = false;
        for (Line line : run) {
            hasPieces |= Pieces.isPiece(line.message);
        }
        if (!hasPieces) {
            return run;
        }
        Map<Message, Line> lines = new IdentityHashMap<>();
        List<Message> messages = new ArrayList<>(run.size());
        for (Line line : run) {
            lines.put(line.message, line);
            messages.add(line.message);
        }
        return join.apply(messages).stream()
                .map(message -> lines.computeIfAbsent(message, piece -> encoded(0, piece)))
                .toList();
    }

    private Line encoded(long place, Message message) {
        Optional<Frame.Text> frame = encode.apply(message).map(Frame.Text::new);
        int bytes = frame.map(text -> Utf8.length(text.text())).orElse(0);
        return new Line(place, message, frame, bytes);
    }

    /**
     * Where a full batch ends: of the places behind the first and up to the last, the one that most powers of two
     * divide. So members who are behind, each at another place, end at the same one and go on together. When each went
     * as far as a frame holds, they stayed apart.
     */
    private static long roundest(long first, long last) {
        return last & -Long.highestOneBit(first ^ last);
    }

    private @Nullable Line line(long place) {
        int slot = (int) place & (LINES - 1);
        Line kept = lines.get(slot);
        Message message = ring.read(place);
        if (kept != null && kept.place == place && (message == null || kept.message == message)) {
            return kept;
        }
        if (message == null) {
            return null;
        }
        Line line = encoded(place, message);
        keep(slot, line);
        if (ring.read(place) != message && lines.compareAndSet(slot, line, null)) {
            keptBytes.addAndGet(
                    -line.bytes); // it has changed meanwhile, and others may have been let go of before this
        }
        return line;
    }

    /**
     * Keeps a line in place of what is in its slot, and lets go of others, from the next slot on, until the bytes are
     * few enough.
     */
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

    /** Lets all of them go. */
    void letGo() {
        for (int slot = 0; slot < LINES; slot++) {
            put(slot, null);
        }
    }
}
