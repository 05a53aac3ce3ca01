package parley.room;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Overflow;

/**
 * A session in a room: a cursor over the room's log. It holds no message and no queue.
 *
 * <p>Besides messages there is <i>news</i>: who came and went, and signals. Of both a member has only a position too, and what
 * it does not take in time it gets as a whole (who is there) or not at all (signals). Messages and news take turns, so that
 * neither waits for the other to end.
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

    /** The version of presence that a member knows which knows nothing. */
    static final long NO_NEWS = -1;

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
    private final Frames frames;
    /** The head when it joined: what comes before is replay, and nobody falls behind over a replay. */
    private final long joinedAt;

    /** The next message to take, or LEFT. The draining thread moves it on, leaving ends it; both by compare-and-set. */
    private volatile long cursor;

    // Touched by the draining thread alone
    /** With DROP_NEWEST, where the kept window ends while it is being taken; else 0. */
    private long keptUntil;
    /** The version of the last news it was told. */
    private long presenceSeen;
    /** The next signal to take. */
    private long nextSignal;

    private boolean isTurnOfNews;

    // Guarded by the room's lock
    /** What it is called in the room, or null. */
    @Nullable
    String name;
    /** Its place in the room's list. */
    int index;

    Member(Room room, Subscriber subscriber, Frames frames, @Nullable String name, Place start) {
        this.room = room;
        this.subscriber = subscriber;
        this.frames = frames;
        this.name = name;
        this.cursor = start.cursor;
        this.joinedAt = start.head;
        this.presenceSeen = start.news;
        this.nextSignal = start.nextSignal;
    }

    /** Where a member starts: the next message, the newest message, the news told so far, the next signal. */
    record Place(long cursor, long head, long news, long nextSignal) {}

    /** The room it is in, or was. */
    public Room room() {
        return room;
    }

    /** Takes what comes next and returns its frame, or null when there is nothing, or nothing any more. */
    public @Nullable Frame next() {
        if (isTurnOfNews) {
            isTurnOfNews = false;
            Frame news = nextNews();
            if (news != null) {
                return news;
            }
        }
        Frame messages = nextMessages();
        isTurnOfNews = messages != null;
        return messages != null ? messages : nextNews();
    }

    private @Nullable Frame nextMessages() {
        while (true) {
            long at = cursor;
            long head = room.told();
            if (at == LEFT || at > head) {
                return null;
            }
            long from = whereToGoOn(at, head);
            if (from > at) {
                // Told before anything else is taken, so that each hole is told once.
                Frame gap = moveOn(at, from, from - at, false) ? frames.gap(at - 1, from) : null;
                if (gap != null) {
                    return gap;
                }
                continue;
            }
            Frames.Batch batch = frames.messages(at, keptUntil == 0 ? head : Math.min(head, keptUntil - 1));
            room.keepsFrames(); // whoever has them made: not only a turn does
            // Null when the log has let it go since: then the place to go on from is another.
            if (batch != null && moveOn(at, batch.to() + 1, batch.to() + 1 - at, true)) {
                return batch.frame();
            }
        }
    }

    private @Nullable Frame nextNews() {
        if (cursor == LEFT) {
            return null;
        }
        Presence.News news = room.news();
        if (news.version() != presenceSeen) {
            boolean everybody = news.version() != presenceSeen + 1 || news.joined() == null;
            presenceSeen = news.version();
            Frame presence = frames.presence(news, everybody);
            if (presence != null) {
                return presence;
            }
        }
        long newest = room.signals().newest();
        if (nextSignal > newest) {
            return null;
        }
        long from = room.signals().firstFresh(nextSignal);
        nextSignal = newest + 1;
        return from > newest ? null : frames.signals(from, newest);
    }

    /** Whether there are messages it has not taken. */
    public boolean isBehind() {
        long at = cursor;
        return at != LEFT && at <= room.log().head();
    }

    /** How many messages it has not taken of those that it may. */
    long lag() {
        long at = cursor;
        return at == LEFT ? 0 : Math.max(0, room.told() + 1 - at);
    }

    /** Leaves the room. Late or repeated calls do nothing. */
    public void leave() {
        room.leave(this);
    }

    /** Goes by another name in the room. */
    public void rename(String name) {
        room.rename(this, name);
    }

    /** Whether it has left. */
    boolean hasLeft() {
        return cursor == LEFT;
    }

    /** Called by the room's turn: something was published. */
    void wake() {
        long at = cursor;
        if (at == LEFT) {
            return;
        }
        if (room.limits().overflow() == Overflow.DISCONNECT
                && behind(at, room.told()) > room.limits().window()) {
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

    /** Moves the cursor past messages that are taken or missed; false when the member has left instead. */
    private boolean moveOn(long at, long to, long messages, boolean taken) {
        boolean moved = CURSOR.compareAndSet(this, at, to);
        if (moved) {
            room.count(taken ? messages : 0, taken ? 0 : messages);
        }
        return moved;
    }

    private long behind(long at, long head) {
        return head - Math.max(at - 1, joinedAt);
    }
}
