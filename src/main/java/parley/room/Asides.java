package parley.room;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Event;

/**
 * What a member is sent besides messages: presence, signals, and the read marks of its user. Of each it has only a
 * position. For the thread that drains the session, except for {@link #tell}.
 */
final class Asides {
    private final Room room;
    private final Frames frames;
    /** The read mark that is to be sent; null for none. A further one takes its place. */
    private final AtomicReference<Event.@Nullable Mark> mark = new AtomicReference<>();

    // Touched by the draining thread
    private long presenceSeen;
    private long nextSignal;
    /** The read mark that was sent last. */
    private Event.@Nullable Mark sent;

    /**
     * @param presenceSeen the version of presence that the member knows
     * @param nextSignal the number of the first signal for it
     */
    Asides(Room room, Frames frames, long presenceSeen, long nextSignal) {
        this.room = room;
        this.frames = frames;
        this.presenceSeen = presenceSeen;
        this.nextSignal = nextSignal;
    }

    /** Has a read mark sent, unless a further one was or is to be; any thread. */
    void tell(Event.Mark one) {
        mark.accumulateAndGet(one, Asides::later);
    }

    private static Event.@Nullable Mark later(Event.@Nullable Mark before, Event.@Nullable Mark now) {
        return isBehind(now, before) ? before : now;
    }

    /** Of two of the same mark the one is behind that counts fewer messages. */
    private static boolean isBehind(Event.@Nullable Mark one, Event.@Nullable Mark other) {
        return one != null
                && other != null
                && one.epoch().equals(other.epoch())
                && (one.read().seq() < other.read().seq()
                        || (one.read().seq() == other.read().seq() && one.seq() < other.seq()));
    }

    /** Takes what comes next and returns its frame, or null when there is nothing for now. */
    @Nullable
    Frame next() {
        Frame presence = nextPresence();
        if (presence != null) {
            return presence;
        }
        Frame marked = nextMark();
        return marked != null ? marked : nextSignals();
    }

    private @Nullable Frame nextPresence() {
        Presence.Delta delta = room.roster().delta();
        if (delta.version() == presenceSeen) {
            return null;
        }
        boolean everybody = delta.version() != presenceSeen + 1 || delta.joined() == null;
        presenceSeen = delta.version();
        return frames.presence(delta, everybody);
    }

    private @Nullable Frame nextMark() {
        Event.Mark next = mark.getAndSet(null);
        if (next == null || isBehind(next, sent)) {
            return null;
        }
        sent = next;
        return frames.mark(next);
    }

    private @Nullable Frame nextSignals() {
        long newest = room.signals().newest();
        if (nextSignal > newest) {
            return null;
        }
        long from = room.signals().firstFresh(nextSignal);
        nextSignal = newest + 1;
        return from > newest ? null : frames.signals(from, newest);
    }
}
