package parley.cluster;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.RoomStore;

/**
 * A room as this node follows it: what comes by is told in the order of its numbers, without holes. For the store's thread alone.
 *
 * <p>Each message that comes by names the one before it in its room. Where that is not the newest told, some were missed on the way: they are
 * read from the stream, and what comes by meanwhile waits.
 *
 * <pre>
 *             opened             hole            filled
 *   OPENING ---------> FOLLOWING -----> FILLING --------> FOLLOWING
 *      ^                   |  another stream under the same name
 *      +-------------------+
 * </pre>
 */
final class Remote {
    /** How far the way back in a stream goes at once. */
    static final int STRIDE = 50;

    private static final int MOST_EARLY = 10_000;
    private static final long MOST_EARLY_BYTES = 4 << 20;
    private static final int MOST_FILLS = 10;
    private static final long BETWEEN_FILLS_NANOS = 100_000_000L;
    private static final long UNHEARD_NANOS = 200_000_000L;

    /** What reads the stream for it, and answers by the same thread. */
    interface Reads {
        /** Reads what there is, to begin with. */
        void open(Remote room);

        /**
         * Reads messages from a number on.
         *
         * @param until how far; 0 for all there is, and to look from which number on all is kept
         */
        void fill(Remote room, long from, long until);
    }

    /**
     * A message that came by or was read.
     *
     * @param last the number of the message before it in the room, where that is known; else 0
     * @param message null when it is none that a node has written
     */
    record Heard(
            long seq,
            long last,
            @Nullable String mark,
            @Nullable Message message) {}

    /** What there is in a room to begin with. */
    record Opened(String epoch, long first, long since, long head, List<Heard> newest) {}

    /**
     * What was read.
     *
     * @param first the number from which on all is kept; 0 if that was not looked for
     * @param head the number of the newest message of the stream, of any room; as above
     * @param reached whether there is nothing more between
     */
    record Filled(List<Heard> messages, long first, long head, boolean reached) {}

    private enum State {
        OPENING,
        FOLLOWING,
        FILLING,
        CLOSED
    }

    private final RoomName name;
    private final int shard;
    private final RoomStore.Listener room;
    private final Reads reads;
    private final Outbox outbox;

    private State state = State.OPENING;
    private String epoch = "";
    private long first;
    /** The number of the newest message told. */
    private long newest;

    private final long[] recent = new long[STRIDE];
    private long recentCount;
    private final Deque<Heard> early = new ArrayDeque<>();
    private long earlyBytes;
    private List<Message> news = new ArrayList<>();

    /** How far it is filling; 0 for all there is. */
    private long fillUntil;

    /** How often something of the outbox had failed when it began to read all there is. */
    private long failuresBefore;

    private int fills;
    private boolean isReading;
    private long fillAgainNanos;
    private boolean isToCatchUp;
    private long unheardSinceNanos;
    private List<Consumer<RoomStore.Extent>> looking = new ArrayList<>();
    /** Those whose look has begun. */
    private List<Consumer<RoomStore.Extent>> looked = new ArrayList<>();

    Remote(RoomName name, int shard, RoomStore.Listener room, Reads reads, Outbox.Sender sender) {
        this.name = name;
        this.shard = shard;
        this.room = room;
        this.reads = reads;
        this.outbox = new Outbox(sender);
    }

    RoomName name() {
        return name;
    }

    int shard() {
        return shard;
    }

    RoomStore.Listener room() {
        return room;
    }

    Outbox outbox() {
        return outbox;
    }

    String epoch() {
        return epoch;
    }

    long newest() {
        return newest;
    }

    boolean isOpen() {
        return state == State.FOLLOWING || state == State.FILLING;
    }

    boolean isClosed() {
        return state == State.CLOSED;
    }

    /** The number of a message some way back, or 0 where there are fewer. */
    long back() {
        return recentCount < STRIDE ? 0 : recent[(int) (recentCount % STRIDE)];
    }

    /** Has it read what there is; again when the stream is another. */
    void open() {
        if (state != State.CLOSED && !isReading) {
            flush();
            state = State.OPENING;
            isReading = true;
            beginToLook();
            reads.open(this);
        }
    }

    /** What there is has been read; null when it could not be. */
    void opened(@Nullable Opened opened) {
        isReading = false;
        if (state != State.OPENING || opened == null) {
            return; // the tick asks again
        }
        epoch = opened.epoch;
        first = opened.first;
        newest = opened.since - 1;
        recentCount = 0;
        List<Message> messages = new ArrayList<>();
        for (Heard heard : opened.newest) {
            if (heard.mark != null) {
                outbox.heard(heard.mark, heard.seq);
            }
            note(heard.seq);
            if (heard.message != null) {
                messages.add(heard.message);
            }
        }
        newest = Math.max(newest, opened.newest.isEmpty() ? opened.head : newest);
        room.opened(contents(opened.since, opened.head, messages));
        state = State.FOLLOWING;
        tellLooked(opened.head);
        goOn();
    }

    private RoomStore.Contents contents(long since, long head, List<Message> newest) {
        return new RoomStore.Contents(epoch, RoomStore.Numbering.SHARED, first, since, head, newest);
    }

    private void note(long seq) {
        newest = seq;
        recent[(int) (recentCount++ % STRIDE)] = seq;
    }

    /** A message has come by. */
    void heard(Heard heard) {
        if (heard.mark != null) {
            outbox.heard(heard.mark, heard.seq);
        }
        if (state == State.FOLLOWING) {
            take(heard);
        } else if (state != State.CLOSED && early.size() < MOST_EARLY && earlyBytes < MOST_EARLY_BYTES) {
            earlyBytes += bytes(heard);
            early.add(heard); // one that does not fit is read later, as one that was missed on the way
        }
    }

    private static long bytes(Heard heard) {
        return heard.message == null ? 0 : heard.message.content().bytes();
    }

    private void take(Heard heard) {
        if (heard.seq <= newest) {
            return;
        }
        if (heard.last > newest) {
            earlyBytes += bytes(heard);
            early.addFirst(heard);
            fill(heard.last);
            return;
        }
        add(heard);
    }

    private void add(Heard heard) {
        note(heard.seq);
        if (heard.message != null) {
            news.add(heard.message);
        }
    }

    private void fill(long until) {
        state = State.FILLING;
        fillUntil = until;
        isReading = true;
        if (until == 0) {
            isToCatchUp = false;
            failuresBefore = outbox.failures();
            beginToLook();
        }
        reads.fill(this, newest + 1, until);
    }

    /** Who asks from now on is told of what is read after this. */
    private void beginToLook() {
        looked.addAll(looking);
        looking = new ArrayList<>();
    }

    /** What was missed has been read; null when it could not be. */
    void filled(@Nullable Filled filled, long nowNanos) {
        isReading = false;
        if (state != State.FILLING) {
            return;
        }
        if (filled == null) {
            fillAgainNanos = nowNanos + BETWEEN_FILLS_NANOS;
            return;
        }
        for (Heard heard : filled.messages) {
            if (heard.mark != null) {
                outbox.heard(heard.mark, heard.seq);
            }
            if (heard.seq > newest) {
                add(heard);
            }
        }
        if (!filled.reached && !filled.messages.isEmpty()) {
            fills = 0;
            isReading = true;
            flush();
            reads.fill(this, newest + 1, fillUntil); // there is more
            return;
        }
        if (!filled.reached && ++fills < MOST_FILLS) { // perhaps a server that is behind the others was asked
            fillAgainNanos = nowNanos + BETWEEN_FILLS_NANOS;
            return;
        }
        if (!filled.reached) {
            skipTo(fillUntil);
        }
        fills = 0;
        state = State.FOLLOWING;
        if (fillUntil == 0) {
            outbox.looked(failuresBefore);
            flush();
            trimmed(filled.first);
            tellLooked(filled.head);
        }
        goOn();
    }

    /** What should be there is gone: who is in the room is told of a hole. */
    private void skipTo(long until) {
        flush();
        newest = until;
        room.opened(contents(until + 1, until, List.of()));
    }

    private void tellLooked(long head) {
        List<Consumer<RoomStore.Extent>> now = looked;
        looked = new ArrayList<>();
        now.forEach(onExtent -> onExtent.accept(new RoomStore.Extent(first, Math.max(head, newest))));
    }

    private void goOn() {
        while (state == State.FOLLOWING && !early.isEmpty()) {
            Heard next = early.remove();
            earlyBytes -= bytes(next);
            take(next);
        }
        if (state == State.FOLLOWING && (isToCatchUp || !looking.isEmpty())) {
            fill(0);
        }
    }

    /** Messages may have been missed of which nothing that comes by will tell. */
    void catchUp() {
        isToCatchUp = true;
        goOn();
    }

    /** Has it looked once more what there is. */
    void look(Consumer<RoomStore.Extent> onExtent) {
        if (state == State.CLOSED) {
            onExtent.accept(new RoomStore.Extent(first, newest));
            return;
        }
        looking.add(onExtent);
        goOn();
    }

    /** From that number on the stream has all. */
    void trimmed(long oldest) {
        if (oldest > first && isOpen()) {
            first = oldest;
            flush();
            room.trimmed(oldest);
        }
    }

    /** Tells what has come, and answers those whose messages are among it. */
    void flush() {
        if (!news.isEmpty()) {
            List<Message> now = List.copyOf(news);
            news = new ArrayList<>();
            if (state != State.CLOSED) {
                room.appended(now);
            }
        }
        outbox.tell(state == State.CLOSED ? Long.MAX_VALUE : newest);
    }

    /** Does what is due. */
    void tick(long nowNanos, boolean isUp) {
        if (isUp && !isReading) {
            if (state == State.OPENING) {
                open();
            } else if (state == State.FILLING && nowNanos - fillAgainNanos >= 0) {
                isReading = true;
                reads.fill(this, newest + 1, fillUntil);
            }
        }
        long unheard = outbox.storedUnheard();
        if (unheard <= newest || state != State.FOLLOWING) {
            unheardSinceNanos = nowNanos;
        } else if (nowNanos - unheardSinceNanos >= UNHEARD_NANOS) {
            fill(unheard);
        }
        if (isUp) {
            if (state == State.CLOSED) {
                outbox.looked(outbox.failures()); // nobody does any more
            } else if (outbox.waitsForALook(nowNanos) && !isLooking()) {
                catchUp();
            }
            send(nowNanos);
        }
        outbox.expire(nowNanos);
    }

    /** Sends what may be sent, but not before it is open: who says something hears it, and it names one before it. */
    void send(long nowNanos) {
        if (state != State.OPENING) {
            outbox.send(nowNanos);
        }
    }

    /** Whether it reads all there is since nothing more has failed. */
    private boolean isLooking() {
        return state == State.FILLING && fillUntil == 0 && failuresBefore == outbox.failures();
    }

    /** Whether there is something to be done for it soon. */
    boolean isBusy() {
        return !outbox.isEmpty() || (state != State.FOLLOWING && state != State.CLOSED);
    }

    /** Nothing is told from now on, but to who waits to be answered. */
    void close() {
        beginToLook();
        tellLooked(newest);
        state = State.CLOSED;
        early.clear();
        earlyBytes = 0;
        news.clear();
        flush();
    }
}
