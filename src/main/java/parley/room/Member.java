package parley.room;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Overflow;

/**
 * A session in a room: a cursor over the room's log. It holds no message and no queue.
 *
 * <p>{@link #next} is for the thread that drains the session, one at a time; everything else is for any thread.
 */
public final class Member {

    /** The session, as its rooms see it. Called without a lock held; must neither block nor throw. */
    public interface Subscriber {
        /** Told that the room may have something for this member to take. */
        void ready();

        /** Told that the member is behind its window in a room that disconnects such members. May come more than once. */
        void fellBehind();
    }

    private static final long LEFT = -1;
    private static final VarHandle CURSOR;

    static {
        try {
            CURSOR = MethodHandles.lookup().findVarHandle(Member.class, "cursor", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final Room room;
    private final Subscriber subscriber;
    /** The head when it joined: what comes before is replay, and nobody falls behind over a replay. */
    private final long joinedAt;

    /** The next message to take, or LEFT. The draining thread moves it on, leaving ends it; both by compare-and-set. */
    private volatile long cursor;

    /** With DROP_NEWEST, where the kept window ends while it is being taken; else 0. Touched by the draining thread alone. */
    private long keptUntil;

    /** Its place in the room's list. Guarded by the room's lock. */
    int index;

    Member(Room room, Subscriber subscriber, long cursor, long joinedAt) {
        this.room = room;
        this.subscriber = subscriber;
        this.cursor = cursor;
        this.joinedAt = joinedAt;
    }

    /** The room it is in, or was. */
    public Room room() {
        return room;
    }

    /** Takes the next message and returns its frame, or null when there is none, or none any more. */
    public @Nullable Frame next() {
        while (true) {
            long at = cursor;
            long head = room.log().head();
            if (at == LEFT || at > head) {
                return null;
            }
            long from = whereToGoOn(at, head);
            if (from > head) {
                moveOn(at, from, 0);
                continue;
            }
            Frame frame = room.frames().of(from);
            // Null when the log has let it go since: then the place to go on from is another.
            if (frame != null && moveOn(at, from, 1)) {
                return frame;
            }
        }
    }

    /** Whether there are messages it has not taken. */
    public boolean isBehind() {
        long at = cursor;
        return at != LEFT && at <= room.log().head();
    }

    /** Leaves the room. Late or repeated calls do nothing. */
    public void leave() {
        room.leave(this);
    }

    /** Called by the room's turn: something was published. */
    void wake() {
        long at = cursor;
        if (at == LEFT) {
            return;
        }
        if (room.limits().overflow() == Overflow.DISCONNECT
                && behind(at, room.log().head()) > room.limits().window()) {
            subscriber.fellBehind();
        } else {
            subscriber.ready();
        }
    }

    /** Ends the cursor and returns where it was, or -1 if it had ended. Under the room's lock. */
    long end() {
        return (long) CURSOR.getAndSet(this, LEFT);
    }

    /** Applies the room's policy: returns the message to take next, or head + 1 when all there are have been missed. */
    private long whereToGoOn(long at, long head) {
        long kept = Math.max(at, room.log().first());
        int window = room.limits().window();
        boolean isBehind = behind(kept, head) > window;
        return switch (room.limits().overflow()) {
            case DROP_OLDEST -> isBehind ? head - window + 1 : kept;
            case LATEST -> isBehind ? head : kept;
            case DROP_NEWEST -> afterTheKeptWindow(kept, head, isBehind);
            case DISCONNECT -> kept;
        };
    }

    private long afterTheKeptWindow(long at, long head, boolean isBehind) {
        if (keptUntil == 0 && isBehind) {
            keptUntil = Math.max(at, joinedAt + 1) + room.limits().window();
        }
        if (keptUntil == 0 || at < keptUntil) {
            return at;
        }
        keptUntil = 0;
        return head + 1;
    }

    /** Moves the cursor past what was skipped and what is taken; false when the member has left instead. */
    private boolean moveOn(long at, long from, int taken) {
        boolean moved = CURSOR.compareAndSet(this, at, from + taken);
        if (moved) {
            room.count(taken, from - at);
        }
        return moved;
    }

    private long behind(long at, long head) {
        return head - Math.max(at - 1, joinedAt);
    }
}
