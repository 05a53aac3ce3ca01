package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import parley.protocol.ChangeKind;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * The messages of a room that still grow: how many there are, and which of them nothing was appended to for so long that
 * the room makes them final. Any thread. Its own lock is not held while the store or a callback is called.
 */
final class Growing {
    private final GrowthLimits limits;
    private final Clock clock;
    private final LongSupplier elapsed;
    private final BiConsumer<ChangeDraft, Consumer<Outcome>> change;

    // Guarded by this
    /** Open messages by their numbers, with times that only go up; the one first that has not grown for longest. */
    @GuardedBy("this")
    private final Map<Long, RoomStore.Open> open = new LinkedHashMap<>();

    /** How many more were given to the store, and have no result yet. */
    @GuardedBy("this")
    private int asked;

    /**
     * Without any message.
     *
     * @param clock the time of day, which messages have
     * @param elapsed milliseconds that only go up
     * @param change changes a message of the room
     */
    Growing(GrowthLimits limits, Clock clock, LongSupplier elapsed, BiConsumer<ChangeDraft, Consumer<Outcome>> change) {
        this.limits = limits;
        this.clock = clock;
        this.elapsed = elapsed;
        this.change = change;
    }

    /** How many messages are open. */
    synchronized int count() {
        return open.size();
    }

    /** The store has said which there are, and when each grew last by the time of day. */
    synchronized void opened(Map<Long, RoomStore.Open> there) {
        long now = elapsed.getAsLong();
        open.clear();
        there.forEach((seq, message) -> {
            long since = now - Math.max(0, clock.millis() - message.at());
            open.put(seq, new RoomStore.Open(message.last(), since));
        });
    }

    /** Entries have been added. */
    synchronized void added(List<Message> entries) {
        for (Message entry : entries) {
            boolean isOpen = entry.standing().growth().isOpen();
            if (!(entry.revision() instanceof Revision.Change by)) {
                if (isOpen) {
                    grew(entry.seq(), entry.standing().growth().last());
                }
            } else if (by.kind() instanceof ChangeKind.Piece piece && !piece.isLast()) {
                grew(by.of(), entry.seq());
            } else if (by.kind() instanceof ChangeKind.Piece || (by.kind() instanceof ChangeKind.Whole && !isOpen)) {
                open.remove(by.of());
            }
        }
    }

    @GuardedBy("this")
    private void grew(long seq, long last) {
        open.remove(seq); // so that it comes behind all others
        open.put(seq, new RoomStore.Open(last, elapsed.getAsLong()));
    }

    /** Messages before that number are not kept any more. */
    synchronized void trimmed(long first) {
        open.keySet().removeIf(seq -> seq < first);
    }

    /**
     * Has a message added, unless it would be one open message too many. A retry of one that is kept is none more.
     *
     * @param add adds it, and gives its callback the result
     * @param find finds it by its id, and has {@link Outcome.Moved} as the result where it is not kept
     */
    void add(
            Draft draft,
            Consumer<Outcome> onResult,
            Consumer<Consumer<Outcome>> add,
            Consumer<Consumer<Outcome>> find) {
        if (!draft.standing().growth().isOpen()) {
            add.accept(onResult);
        } else if (isTooMany()) {
            Outcome full = new Outcome.Full("the room has " + limits.messages()
                    + " messages that still grow (room.open-messages); make one final first, or say this one whole");
            if (draft.id() == null) {
                onResult.accept(full);
            } else {
                find.accept(outcome -> onResult.accept(outcome instanceof Outcome.Moved ? full : outcome));
            }
        } else {
            add.accept(outcome -> {
                hasResult();
                onResult.accept(outcome);
            });
        }
    }

    private synchronized boolean isTooMany() {
        boolean isTooMany = open.size() + asked >= limits.messages();
        asked += isTooMany ? 0 : 1;
        return isTooMany;
    }

    private synchronized void hasResult() {
        asked--;
    }

    /** Makes those messages final to which nothing was appended for too long. For the sweep. */
    void sweep() {
        for (ChangeDraft.Closing closing : due()) {
            change.accept(closing, outcome -> {
                if (outcome instanceof Outcome.Published || outcome instanceof Outcome.NotFound) {
                    isOver(closing.of()); // final, or the room does not keep it
                }
            });
        }
    }

    /** Those whose time is over; each is due again only after as long once more. */
    private synchronized List<ChangeDraft.Closing> due() {
        long now = elapsed.getAsLong();
        List<ChangeDraft.Closing> due = new ArrayList<>();
        open.forEach((seq, message) -> {
            if (now - message.at() >= limits.open().toMillis()) {
                due.add(new ChangeDraft.Closing(seq, message.last()));
            }
        });
        due.forEach(closing -> grew(closing.of(), closing.last()));
        return due;
    }

    private synchronized void isOver(long seq) {
        open.remove(seq);
    }
}
