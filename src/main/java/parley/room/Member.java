package parley.room;

import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Event;

/**
 * A session in a room: a cursor over the room's log. It holds no message and no queue.
 *
 * <p>Beside messages there are presence and signals. Of both a member has only a position too: presence that it does
 * not take in time it gets as a snapshot, signals not at all. Messages take turns with them, so that neither waits for
 * the other to end.
 *
 * <p>A member is <i>behind</i> when a frame of its own has been under way for too long, or when it is more messages
 * behind than a window that the room may have. Then the room's policy holds for it, and the log keeps nothing for it. A
 * member that takes its frames gets everything that the log can keep.
 *
 * <p>{@link #next} is for the thread that drains the session, one at a time; everything else is for any thread.
 */
public final class Member {

    /** The session, as its rooms see it. Called without a lock held; neither blocks nor throws. */
    public interface Subscriber {
        /** The room may have something for this member to take. */
        void ready();

        /** The member is behind in a room that disconnects such members. May be called more than once. */
        void fellBehind();

        /** Which user it is, always the same; null when it is none. Asked with the room's lock held too. */
        default @Nullable String user() {
            return null;
        }

        /** Whether it has ended, and needs nothing any more. Asked with the room's lock held too. */
        default boolean hasEnded() {
            return false;
        }
    }

    /** The version of presence of a member that knows nothing of it. */
    static final long NO_PRESENCE = -1;

    private static final long ALL = Long.MAX_VALUE;
    private static final long NOT_SLOW = -1;

    private final Room room;
    private final Subscriber subscriber;
    private final Frames frames;
    private final Cursor cursor;
    private final Asides asides;

    /**
     * The head when a frame of its own was found to have been under way for too long; else NOT_SLOW. Set by the sweep,
     * cleared by the draining thread.
     */
    private volatile long slowSince = NOT_SLOW;

    /**
     * The head when it was placed: what comes before is history, and nobody falls behind over that. Set before the
     * cursor begins.
     */
    private long placedAt;

    // Touched by the draining thread alone
    /** With DROP_NEWEST, the last place that is still taken of what it fell behind with; else ALL. */
    private long takesUntil = ALL;

    private boolean isTurnOfAsides;

    // Guarded by the room's lock
    /** Its name in the room. */
    @Nullable
    String name;
    /** Its slot in the room's list. */
    int index;

    /** Makes a member that waits for its place, and knows that version of presence. */
    Member(Room room, Subscriber subscriber, Frames frames, @Nullable String name, long presenceSeen, long nextSignal) {
        this.room = room;
        this.subscriber = subscriber;
        this.frames = frames;
        this.name = name;
        this.cursor = new Cursor(room.log(), frames, room.tally(), () -> room.wake(subscriber));
        this.asides = new Asides(room, frames, presenceSeen, nextSignal);
    }

    /** Lets it be given messages: after its client was answered that it is in. */
    public void begin() {
        cursor.begin();
    }

    /** It has its place. Under the room's lock. */
    void placed(long head) {
        placedAt = head;
    }

    Cursor cursor() {
        return cursor;
    }

    /** Which user it is; null when it is none. */
    @Nullable
    String user() {
        return subscriber.user();
    }

    /** Which user it is whose read marks its client hears of; null for none. */
    @Nullable
    String marksOf() {
        return frames.tellsMarks() ? user() : null;
    }

    boolean isDirect() {
        return frames instanceof DirectFrames;
    }

    /** The room it is in, or was. */
    public Room room() {
        return room;
    }

    /** Takes what comes next and returns its frame, or null when there is nothing for now, or nothing any more. */
    public @Nullable Frame next() {
        if (isTurnOfAsides) {
            isTurnOfAsides = false;
            Frame aside = nextAside();
            if (aside != null) {
                return aside;
            }
        }
        Frame messages = nextMessages();
        isTurnOfAsides = messages != null;
        return messages != null ? messages : nextAside();
    }

    private @Nullable Frame nextMessages() {
        long head = room.log().turnedTo();
        Optional<Frame> gap = cursor.isGivenState() ? Optional.empty() : applyPolicy(head);
        if (gap.isPresent()) {
            return gap.get();
        }
        Cursor.Step step = cursor.next(Math.min(head, takesUntil));
        if (!(step instanceof Cursor.Take take)) {
            return null;
        }
        room.frames().made(); // whoever has them made: not only a turn does
        return take.frame();
    }

    /** Skips what the room's policy has a member miss that is behind, and returns the gap where members hear of it. */
    private Optional<Frame> applyPolicy(long head) {
        long slowAt = slowSince;
        boolean wasSlow = slowAt != NOT_SLOW;
        int window = room.limits().window();
        if (!wasSlow && window == 0 && takesUntil == ALL) {
            return Optional.empty();
        }
        long at = cursor.at();
        if (wasSlow) {
            slowSince = NOT_SLOW;
            room.log().need(at); // it reads again: what comes before the next turn looks is for it too
        }
        boolean isBehind = wasSlow || isBehindWindow(at, head);
        long oldest = room.log().ring().first();
        return switch (room.limits().overflow()) {
            case DROP_OLDEST ->
                isBehind ? cursor.jump(window == 0 ? oldest : Math.max(oldest, head - window + 1)) : Optional.empty();
            case LATEST -> isBehind ? cursor.jump(Math.max(oldest, head)) : Optional.empty();
            case DROP_NEWEST -> takeTheOldest(at, head, isBehind, slowAt);
            case DISCONNECT -> Optional.empty();
        };
    }

    /** What it fell behind with is what there was when it fell behind, however much has come since. */
    private Optional<Frame> takeTheOldest(long at, long head, boolean isBehind, long slowAt) {
        int window = room.limits().window();
        if (takesUntil == ALL && isBehind) {
            takesUntil = window == 0 ? slowAt : Math.max(at, placedAt + 1) + window - 1;
        }
        if (takesUntil == ALL || (at <= takesUntil && room.log().keepsAt(takesUntil))) {
            return Optional.empty();
        }
        takesUntil = ALL;
        return cursor.jump(head + 1);
    }

    /** Counts what is live: a member that catches up has the store's messages first. */
    private boolean isBehindWindow(long at, long head) {
        int window = room.limits().window();
        return window > 0 && !cursor.isCatchingUp() && head - Math.max(at - 1, placedAt) > window;
    }

    private @Nullable Frame nextAside() {
        return cursor.isActive() ? asides.next() : null;
    }

    /** Has its client hear of a read mark of its user. */
    void tell(Event.Mark mark) {
        asides.tell(mark);
        wake();
    }

    /** Whether there are messages it has not taken. */
    public boolean isBehind() {
        return cursor.isBehind();
    }

    /** How many messages it has not taken of those that it may. */
    long lag() {
        return cursor.isActive() ? Math.max(0, room.log().turnedTo() + 1 - cursor.at()) : 0;
    }

    /** The place from which on the log keeps messages for it; it only goes up, except for a member that was slow. */
    long needs() {
        return slowSince != NOT_SLOW ? ALL : cursor.needs();
    }

    /** A frame of its session has been under way for that long. For the sweep. */
    public void frameUnderWay(long nanos) {
        if (nanos < room.limits().slowAfter().toNanos() || !cursor.isActive() || !cursor.isBehind()) {
            return;
        }
        if (room.limits().overflow() == Overflow.DISCONNECT) {
            subscriber.fellBehind();
        } else if (slowSince == NOT_SLOW) {
            slowSince = room.log().ring().head();
        }
    }

    /** Leaves the room. Late or repeated calls do nothing. */
    public void leave() {
        room.leave(this, Departure.LEFT);
    }

    /** Goes by another name in the room. */
    public void rename(String name) {
        room.roster().rename(this, name);
    }

    /** Whether it has left. */
    public boolean hasLeft() {
        return cursor.hasLeft();
    }

    /** Whether it has left with the end of its session, so that nobody waits for an answer. */
    boolean hasEnded() {
        return hasLeft() && subscriber.hasEnded();
    }

    /** Called by the room's turn: something was published. */
    void wake() {
        if (cursor.hasLeft()) {
            return;
        }
        if (room.limits().overflow() == Overflow.DISCONNECT
                && cursor.isActive()
                && isBehindWindow(cursor.at(), room.log().turnedTo())) {
            subscriber.fellBehind();
        } else {
            subscriber.ready();
        }
    }

    @Override
    public String toString() {
        return "Member[" + (name == null ? "without a name" : name) + ", " + cursor
                + (slowSince != NOT_SLOW ? ", slow" : "") + "]";
    }
}
