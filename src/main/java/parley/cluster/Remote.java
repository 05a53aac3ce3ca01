package parley.cluster;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.room.RoomStore;

/**
 * A room as this node follows it: it passes messages on in the order of their numbers, without holes. For the store's
 * thread alone.
 *
 * <p>Each message that comes by names the one before it in its room. When that is not the newest here, some were
 * missed on the way: they are read from the stream, and messages that come by meanwhile wait.
 *
 * <pre>
 *             opened             hole            filled
 *   OPENING ---------> FOLLOWING -----> FILLING --------> FOLLOWING
 *      ^                   |  another stream under the same name
 *      +-------------------+
 * </pre>
 */
final class Remote {
    /** How many messages of a room each message points back over. */
    static final int STRIDE = 50;

    private static final int MOST_FILLS = 10;
    private static final long BETWEEN_FILLS_NANOS = 100_000_000L;
    private static final long UNHEARD_NANOS = 200_000_000L;

    /** Reads the stream for it, and answers by the same thread. */
    interface Reads {
        /** Reads the newest messages. */
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
     * @param dedupId by which the stream knows a message that is sent to it again
     * @param hash of its bytes
     * @param message null when it could not be read
     */
    record Heard(
            long seq,
            long last,
            @Nullable String dedupId,
            int hash,
            @Nullable Message message) {}

    /**
     * Which messages of a room its stream has.
     *
     * @param epoch which stream it is
     * @param first the number from which on the room has lost none, as far as the stream tells
     * @param oldest all of that number and higher ones are there, and none of a lower one
     * @param head the number up to which messages were looked for; of any room
     */
    record Bounds(String epoch, long first, long oldest, long head) {}

    /**
     * The newest messages of a room: all from a number on.
     *
     * @param changed which messages of the room have been changed
     */
    record Opened(Bounds bounds, long since, List<Heard> newest, Changed changed) {}

    /**
     * What was read.
     *
     * @param bounds null where they were not looked for
     * @param reached whether there is nothing more between
     */
    record Filled(List<Heard> messages, @Nullable Bounds bounds, boolean reached) {}

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
    /** The number from which on no message of the room is gone. */
    private long first;
    /** The number of the newest message that the room has, or will have at the next {@link #flush}. */
    private long newest;
    /** The number up to which the stream was found to have no newer one. */
    private long lookedUpTo;
    /** When the newest message was published, by the clock of its node. */
    private long newestAt;

    /** Another one in another stream. Written by the store's thread. */
    private volatile Changed changed = new Changed();

    private final Numbers numbers = new Numbers();
    private final Early early = new Early();
    private List<Message> added = new ArrayList<>();

    /** How far it is filling; 0 for all there is. */
    private long fillUntil;

    /** How often something of the outbox had failed when it began to read all there is. */
    private long failuresBefore;

    private int fills;
    private boolean isReading;
    private long fillAgainNanos;
    private boolean isToCatchUp;
    private long unheardSinceNanos;
    private final Refreshes refreshes;

    Remote(RoomName name, int shard, RoomStore.Listener room, Reads reads, Outbox.Sender sender) {
        this.name = name;
        this.shard = shard;
        this.room = room;
        this.reads = reads;
        this.outbox = new Outbox(sender);
        this.refreshes = new Refreshes(outbox);
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

    /** The number from which on the room has lost no message. */
    long first() {
        return first;
    }

    /** What is known of the room's changed messages. Any thread. */
    Changed changed() {
        return changed;
    }

    boolean isOpen() {
        return state == State.FOLLOWING || state == State.FILLING;
    }

    boolean isClosed() {
        return state == State.CLOSED;
    }

    /** Describes an entry that is sent now. */
    Envelope envelope(String node, long at, Draft draft, Revision revision) {
        newestAt = Math.max(newestAt, at); // later ones that are sent before this comes by
        return new Envelope(node, newestAt, numbers.back(STRIDE), quiet(), draft, revision);
    }

    private Envelope.Quiet quiet() {
        return new Envelope.Quiet(newest, readUpTo());
    }

    /** Has it read what there is; again when the stream is another. */
    void open() {
        if (state != State.CLOSED && !isReading) {
            flush();
            state = State.OPENING;
            isReading = true;
            refreshes.begin();
            reads.open(this);
        }
    }

    /** The newest messages have been read; null when they could not be. */
    void opened(@Nullable Opened opened) {
        isReading = false;
        if (state != State.OPENING || opened == null) {
            return; // the tick asks again
        }
        epoch = opened.bounds.epoch;
        changed = opened.changed;
        first = opened.bounds.first;
        newest = opened.since - 1;
        lookedUpTo = opened.bounds.head;
        numbers.begin(opened.since);
        List<Message> messages = new ArrayList<>();
        for (Heard heard : opened.newest) {
            settle(heard);
            note(heard);
            if (heard.message != null) {
                messages.add(inOrder(heard.message));
            }
        }
        room.opened(contents(opened.since, lookedUpTo, messages));
        state = State.FOLLOWING;
        refreshes.answer(extent());
        goOn();
    }

    private RoomStore.Contents contents(long since, long head, List<Message> messages) {
        return new RoomStore.Contents(epoch, RoomStore.Numbering.SHARED, first, since, head, messages);
    }

    private void note(Heard heard) {
        newest = heard.seq;
        numbers.add(heard.seq);
        if (heard.message != null) {
            newestAt = Math.max(newestAt, heard.message.at());
        }
    }

    private void settle(Heard heard) {
        if (heard.dedupId != null) {
            outbox.heard(heard.dedupId, heard.seq, heard.hash);
        }
    }

    /** A message has come by. */
    void heard(Heard heard) {
        settle(heard);
        if (state == State.FOLLOWING) {
            take(heard);
        } else if (state != State.CLOSED) {
            early.add(heard);
        }
    }

    private void take(Heard heard) {
        if (heard.seq <= newest) {
            return;
        }
        if (heard.last > readUpTo()) {
            early.addFirst(heard);
            fill(heard.last);
            return;
        }
        add(heard);
    }

    private void add(Heard heard) {
        note(heard);
        if (heard.message != null) {
            added.add(inOrder(heard.message));
        }
        changed.knows(heard.seq);
    }

    /** An entry as the room hears of it behind those before it. */
    private Message inOrder(Message entry) {
        if (!(entry.revision() instanceof Revision.Change change)) {
            return entry;
        }
        Message now = changed.inOrder(entry, change);
        changed.add(entry, change);
        changed.heard(now, change);
        return now;
    }

    private void fill(long until) {
        state = State.FILLING;
        fillUntil = until;
        isReading = true;
        if (until == 0) {
            isToCatchUp = false;
            failuresBefore = outbox.failures();
            refreshes.begin();
        }
        reads.fill(this, next(), until);
    }

    /** The number up to which it has all that the stream has: what others name there may have been erased. */
    private long readUpTo() {
        return Math.max(newest, lookedUpTo);
    }

    /** The number of the next message that is not known to be another room's. */
    private long next() {
        return readUpTo() + 1;
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
            settle(heard);
            if (heard.seq > newest) {
                add(heard);
            }
        }
        if (!filled.reached && !filled.messages.isEmpty()) {
            fills = 0;
            isReading = true;
            takeWhatFollows();
            flush();
            reads.fill(this, next(), fillUntil); // there is more
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
        lookedUpTo = Math.max(lookedUpTo, fillUntil);
        if (fillUntil == 0 && filled.bounds != null) {
            outbox.refreshed(failuresBefore);
            flush();
            lookedUpTo = Math.max(lookedUpTo, filled.bounds.head);
            trimmed(filled.bounds);
            refreshes.answer(extent());
        }
        goOn();
    }

    /** Takes what came by meanwhile: a busy room has more messages each time than are read of it one by one. */
    private void takeWhatFollows() {
        while (!early.isEmpty() && early.first().last <= readUpTo()) {
            take(early.remove());
        }
    }

    /** Messages that should be there are gone: members are sent a gap. */
    private void skipTo(long until) {
        flush();
        changed.misses();
        newest = until;
        numbers.begin(until + 1);
        room.opened(contents(until + 1, until, List.of()));
    }

    private RoomStore.Extent extent() {
        return new RoomStore.Extent(first, readUpTo());
    }

    /** Goes on with what has come and what is to be read. */
    void goOn() {
        while (state == State.FOLLOWING && !early.isEmpty()) {
            take(early.remove());
        }
        if (state == State.FOLLOWING && (isToCatchUp || refreshes.isDue())) {
            fill(0);
        }
    }

    /** Messages may have been missed of which none that comes by will tell. */
    void catchUp() {
        isToCatchUp = true;
        goOn();
    }

    /** The stream has a message of that number: reads up to it unless it has come by. */
    void isBehind(long seq) {
        if (seq > readUpTo() && state == State.FOLLOWING) {
            fill(seq);
        } else if (seq > readUpTo()) {
            isToCatchUp = true; // when it has read what it reads now
        }
    }

    /** Finds out which messages there are. */
    void refresh(Consumer<RoomStore.Extent> onExtent) {
        if (state == State.CLOSED) {
            onExtent.accept(new RoomStore.Extent(first, newest));
            return;
        }
        refreshes.add(onExtent);
        goOn();
    }

    /** The stream may have let go of messages. */
    void trimmed(Bounds bounds) {
        long now = numbers.firstWhenGoneBefore(bounds.oldest, bounds.first);
        if (now > first && isOpen() && bounds.epoch.equals(epoch)) {
            first = now;
            flush();
            changed.forgetBefore(now);
            room.trimmed(now);
        }
    }

    /** Passes on the messages that have come, and answers the senders of those among them. */
    void flush() {
        if (!added.isEmpty()) {
            List<Message> now = List.copyOf(added);
            added = new ArrayList<>();
            try {
                if (state != State.CLOSED) {
                    room.appended(now);
                }
            } finally {
                answer();
            }
        } else {
            answer();
        }
    }

    private void answer() {
        outbox.answer(state == State.CLOSED ? Long.MAX_VALUE : readUpTo());
    }

    /** Does what is due. */
    void tick(long nowNanos, boolean isUp) {
        if (isUp && !isReading) {
            if (state == State.OPENING) {
                open();
            } else if (state == State.FILLING && nowNanos - fillAgainNanos >= 0) {
                isReading = true;
                reads.fill(this, next(), fillUntil);
            }
        }
        long unheard = outbox.storedUnheard();
        if (unheard <= readUpTo() || state != State.FOLLOWING) {
            unheardSinceNanos = nowNanos;
        } else if (nowNanos - unheardSinceNanos >= UNHEARD_NANOS) {
            fill(unheard);
        }
        if (isUp) {
            if (state == State.CLOSED) {
                outbox.refreshed(outbox.failures()); // nobody does any more
            } else if (outbox.waitsForARefresh(nowNanos) && !isRefreshing()) {
                catchUp();
            }
            send(nowNanos);
        }
        outbox.expire(nowNanos);
        goOn();
    }

    /** Sends what may be sent, but not before it is open: a message names one before it, and its sender hears it. */
    void send(long nowNanos) {
        if (state != State.OPENING) {
            outbox.send(nowNanos);
        }
    }

    /** Whether it reads all there is since nothing more has failed. */
    private boolean isRefreshing() {
        return state == State.FILLING && fillUntil == 0 && failuresBefore == outbox.failures();
    }

    /** Whether there is something to be done for it soon. */
    boolean isBusy() {
        return !outbox.isEmpty() || !refreshes.isEmpty() || (state != State.FOLLOWING && state != State.CLOSED);
    }

    /** The room hears nothing more; callers that wait are answered. */
    void close() {
        state = State.CLOSED;
        refreshes.end(extent());
        early.clear();
        added.clear();
        flush();
    }
}
