package parley.room;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;

/**
 * What the starts of members mean as numbers of a room's log. Methods whose name ends in {@code Locked} are for a thread
 * that holds the room's lock, and so are all of these.
 */
final class Starts {
    /** How many messages are counted, and read, where changes are among them. */
    private static final int MOST_COUNTED = 1_000;

    private static final long MOST_BYTES = 1 << 20;

    private final RoomLog log;
    private final Ring ring;
    private final ReentrantLock lock;

    // Guarded by the room's lock
    /** The number of the newest message when the store said what there is. */
    private long openedAt;

    /** The number up to which the store knew of all messages when it looked last. */
    private long lookedUpTo;

    Starts(RoomLog log, Ring ring, ReentrantLock lock) {
        this.log = log;
        this.ring = ring;
        this.lock = lock;
    }

    /**
     * The store has said what there is.
     *
     * @param upTo the number up to which it has looked
     * @param isFirst whether no member is in the room's history yet
     */
    void openedLocked(long upTo, boolean isFirst) {
        lookedUpToLocked(upTo);
        if (isFirst) {
            openedAt = ring.newest();
        }
    }

    /** The store knows of all messages up to that number. */
    void lookedUpToLocked(long seq) {
        assert lock.isHeldByCurrentThread();
        lookedUpTo = seq;
    }

    /**
     * Whether the store has to look before it is known what a start means: where others write too, a client may have
     * seen more than has come here; messages that are older than all in memory may be gone; and numbers do not count
     * messages where changes are among them.
     */
    boolean hasToLookLocked(Start start) {
        assert lock.isHeldByCurrentThread();
        if (start instanceof Start.UpTo upTo) {
            return upTo.messages() > 0
                    && upTo.epoch().equals(log.beginning().epoch())
                    && log.hasConsecutiveNumbers()
                    && !log.numbersCountMessages()
                    && log.first() < ring.since()
                    && placeOf(upTo) < ring.first();
        }
        return start instanceof Start.After after
                && after.epoch().equals(log.beginning().epoch())
                && (after.seq() > ring.newest() || after.seq() + 1 < ring.since());
    }

    /**
     * Has the store look what a start means. Not under the lock.
     *
     * @param then called once, with the start as far as it is known then
     */
    void look(Start start, Consumer<Start> then) {
        if (!(start instanceof Start.UpTo upTo)) {
            log.refresh(() -> then.accept(start));
            return;
        }
        RoomStore.Query query = new RoomStore.Query(
                upTo.seq(),
                RoomStore.Direction.BACKWARD,
                Math.min(upTo.messages(), MOST_COUNTED),
                MOST_BYTES,
                RoomStore.Entries.COUNTED);
        log.store().read(query, answer -> then.accept(start(upTo, answer)));
    }

    /** Of more messages than are counted the rest goes by numbers. */
    private Start start(Start.UpTo upTo, RoomStore.Answer answer) {
        if (!(answer instanceof RoomStore.Found found) || found.messages().isEmpty()) {
            return upTo;
        }
        int count = found.messages().size();
        long oldest = found.messages().get(count - 1).seq();
        return new Start.At(upTo.epoch(), Math.max(log.first(), oldest - (upTo.messages() - count)), null);
    }

    /** What a start means now, for a client that joins later; the store may have to look then. */
    Start fixLocked(Start start) {
        Start fixed = upTo(start, ring.newest());
        return hasToLookLocked(fixed) ? fixed : locateLocked(fixed);
    }

    /** What a start counts from that was made before the store had said what there is. */
    Start openedLocked(Start start) {
        assert lock.isHeldByCurrentThread();
        return upTo(start, openedAt);
    }

    private Start upTo(Start start, long newest) {
        return start instanceof Start.Last last
                ? new Start.UpTo(log.beginning().epoch(), newest, last.messages())
                : start;
    }

    /** What a start means, once the store does not have to look any more. */
    Start.At locateLocked(Start start) {
        assert lock.isHeldByCurrentThread();
        String epoch = log.beginning().epoch();
        if (start instanceof Start.UpTo upTo) {
            return new Start.At(epoch, upTo.epoch().equals(epoch) ? number(upTo) : 1, null);
        }
        if (start instanceof Start.After after) {
            long newest = Math.max(ring.newest(), lookedUpTo);
            boolean isKnown = after.epoch().equals(epoch) && after.seq() <= newest;
            return new Start.At(epoch, isKnown ? after.seq() + 1 : 1, isKnown);
        }
        if (start instanceof Start.Since || start instanceof Start.Last) {
            throw new IllegalArgumentException("to be looked for first: " + start);
        }
        Start.At at = (Start.At) start;
        return at.epoch().equals(epoch) ? at : new Start.At(epoch, 1, at.resumes() == null ? null : false);
    }

    private long placeOf(Start.UpTo upTo) {
        return ring.placeBack(ring.placeOf(upTo.seq() + 1), upTo.messages());
    }

    /** Where numbers count messages, memory may have let go of the one that it counts from. */
    private long number(Start.UpTo upTo) {
        return log.numbersCountMessages()
                ? Math.max(log.first(), upTo.seq() + 1 - upTo.messages())
                : numberBack(placeOf(upTo));
    }

    /** The number at a place that may come before all that memory has: then as far as numbers tell. */
    private long numberBack(long place) {
        long missing = ring.first() - place;
        return missing > 0 && log.hasConsecutiveNumbers()
                ? Math.max(log.first(), ring.since() - missing)
                : ring.numberAt(place);
    }
}
