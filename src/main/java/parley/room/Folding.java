package parley.room;

import java.util.Optional;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * How changes get into the messages of a {@link Ring}: a change that is added is folded into its message, and what it
 * supersedes says nothing any more. For the thread that changes the ring; {@link #times} is for any.
 */
final class Folding {
    private final Ring ring;

    // Written under the room's lock
    private volatile long times;

    Folding(Ring ring) {
        this.ring = ring;
    }

    /** How often what an entry says has become something else. */
    long times() {
        return times;
    }

    /** A change has been added. */
    void added(Message entry, Revision.Change change) {
        if (entry.isSuperseded()) {
            return; // it came too late to change anything
        }
        ring.find(change.of()).ifPresent(original -> fold(original, entry, change));
        supersede(change.before(), change.kind());
        supersede(change.reacted(), change.kind());
    }

    private void fold(Message original, Message entry, Revision.Change change) {
        Message now = original.changedBy(entry);
        if (change.kind().onlyAdds()) {
            ring.replace(original, now); // frames that are shared say too little at most, and the change follows
        } else {
            replace(original, now);
        }
    }

    /** From one change to the one before it, as far as these are not superseded yet. */
    private void supersede(long seq, ChangeKind by) {
        Optional<Message> earlier = ring.find(seq);
        while (earlier.isPresent()
                && earlier.get().revision() instanceof Revision.Change change
                && !earlier.get().isSuperseded()
                && by.supersedes(change.kind())) {
            replace(earlier.get(), earlier.get().superseded());
            earlier = ring.find(change.before());
        }
    }

    /** Another value of its key has come behind that entry, which says nothing any more. */
    void takenThePlaceOf(long seq) {
        ring.find(seq).ifPresent(before -> replace(before, before.superseded()));
    }

    /**
     * A message has been let go of that no store has: what it said stands in its newest changes too.
     *
     * @param needed the place from which on members still need what changes say
     */
    void letGo(Message message, long needed) {
        Optional<Message> next = ring.find(message.newestChange());
        while (next.isPresent()
                && next.get().revision() instanceof Revision.Change change
                && !next.get().isSuperseded()) {
            letGoOfChange(next.get().seq(), needed);
            next = ring.find(change.before());
        }
        letGoOfChange(message.reactions().seq(), needed);
    }

    private void letGoOfChange(long seq, long needed) {
        ring.find(seq)
                .filter(change -> change.isChange() && saysContent(change) && ring.placeOf(change.seq()) < needed)
                .ifPresent(change -> replace(change, change.superseded()));
    }

    /** The message of an entry, if that is a change, has been let go of everywhere. */
    void isWithoutMessage(Message entry) {
        if (saysContent(entry)) {
            replace(entry, entry.superseded());
        }
    }

    /** Whether a change says what its message says: a removal is to be heard of after that has gone too. */
    private static boolean saysContent(Message change) {
        return !change.isSuperseded() && change.content().kind() != Content.Kind.REMOVED;
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one writer
    private void replace(Message before, Message now) {
        ring.replace(before, now);
        times++;
    }
}
