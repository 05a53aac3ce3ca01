package parley.room;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Overflow;
import parley.protocol.Message;

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
    /** Where the cursor is while the room finds out what its store has: behind every head. */
    private static final long WAITING = Long.MAX_VALUE;

    /** What a page of messages from the store may hold. */
    private static final int PAGE = 1_000;
    /** So often a page is asked for that cannot be read, once a sweep; then it is missed, as what is gone is. */
    private static final int TRIES = 40;

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
    /** The head when it joined: what comes before is replay, and nobody falls behind over a replay. Set before the cursor is. */
    private long joinedAt;

    /**
     * The next message to take, WAITING or LEFT. The room sets it off, the draining thread moves it on, leaving ends it; all by
     * compare-and-set.
     */
    private volatile long cursor;

    /** Whether the store reads for it. Set by the draining thread, cleared by the store's. */
    private volatile boolean isReading;
    /** What the store has read: messages that memory does not hold any more. Put there by the store's thread, taken by the draining one. */
    private volatile @Nullable List<Message> page;
    /** How often the page that is asked for could not be read. Of who has {@code isReading} set. */
    private int failures;

    // Touched by the draining thread alone
    /** Which message the store was asked for: the page begins with it, or with the next that the store has. */
    private long pageFrom;
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
    /** Where it starts, as the room counts, while its cursor is still WAITING; 0 before that is known. */
    long start;

    /** Makes a member that waits to be {@linkplain #begin set off}, and knows that version of the news. */
    Member(Room room, Subscriber subscriber, Frames frames, @Nullable String name, long news, long nextSignal) {
        this.room = room;
        this.subscriber = subscriber;
        this.frames = frames;
        this.name = name;
        this.cursor = WAITING;
        this.presenceSeen = news;
        this.nextSignal = nextSignal;
    }

    /** Lets it be given messages: after it has been told that it is in. Any thread. */
    public void begin() {
        CURSOR.compareAndSet(this, WAITING, start);
    }

    /** Says where it starts, and what the newest message was. Under the room's lock. */
    void place(long from, long head) {
        start = from;
        joinedAt = head;
    }

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
            long until = keptUntil == 0 ? head : Math.min(head, keptUntil - 1);
            // Null when memory has let it go: then the store has it, or the place to go on from is another.
            Frames.Batch batch = from > at ? null : frames.messages(at, until);
            if (batch != null) {
                room.keepsFrames(); // whoever has them made: not only a turn does
            }
            if (from == at && batch == null && room.isOnlyStored(at)) {
                List<Message> read = readOrAsk(at, until);
                if (read == null) {
                    return null;
                }
                from = read.isEmpty() ? room.log().first() : read.get(0).seq();
                batch = from > at ? null : batch(read);
            }
            if (from > at) {
                // Told before anything else is taken, so that each hole is told once.
                long to = Math.min(from, head + 1);
                Frame gap = moveOn(at, to, to - at, false) ? frames.gap(at - 1, to) : null;
                if (gap != null) {
                    return gap;
                }
            } else if (batch != null && moveOn(at, batch.to() + 1, batch.to() + 1 - at, true)) {
                return batch.frame();
            }
        }
    }

    /** Returns what the store has read from there on, if it is that; else has it read and returns null: the session is woken then. */
    private @Nullable List<Message> readOrAsk(long at, long until) {
        if (isReading) {
            return null;
        }
        List<Message> read = page;
        if (read != null && pageFrom == at) {
            return read;
        }
        page = null;
        isReading = true;
        pageFrom = at;
        room.readStored(at, false, (int) Math.min(PAGE, until + 1 - at), this::hasRead);
        return null;
    }

    /** Makes a frame of what the store has read, and keeps what does not fit for the next. */
    private Frames.Batch batch(List<Message> read) {
        Frames.Batch batch = frames.messages(read);
        int taken = (int) (batch.to() + 1 - pageFrom);
        page = taken < read.size() ? read.subList(taken, read.size()) : null;
        pageFrom = batch.to() + 1;
        return batch;
    }

    private void hasRead(@Nullable List<Message> messages) {
        failures = messages == null ? failures + 1 : 0;
        List<Message> read = messages == null && failures >= TRIES ? List.of() : messages;
        page = read == null ? null : upToAHole(read);
        isReading = false;
        if (read != null) {
            room.wake(subscriber);
        } else {
            room.couldNotRead();
        }
    }

    /** Those that follow each other; what is behind a hole is read when the hole has been told. */
    private static List<Message> upToAHole(List<Message> messages) {
        int follow = 1;
        while (follow < messages.size()
                && messages.get(follow).seq() == messages.get(follow - 1).seq() + 1) {
            follow++;
        }
        return follow < messages.size() ? messages.subList(0, follow) : messages;
    }

    private @Nullable Frame nextNews() {
        long at = cursor;
        if (at == LEFT || at == WAITING) {
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
        return at != LEFT && at <= room.log().head(); // WAITING is behind every head
    }

    /** How many messages it has not taken of those that it may. */
    long lag() {
        long at = cursor;
        return at == LEFT || at == WAITING ? 0 : Math.max(0, room.told() + 1 - at);
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
    public boolean hasLeft() {
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

    /** Ends the cursor and returns where it was, 0 if it was nowhere yet, or -1 if it had ended. Under the room's lock. */
    long end() {
        long at = (long) CURSOR.getAndSet(this, LEFT);
        page = null;
        return at == WAITING ? start : at;
    }

    /** Applies the room's policy: returns the message to take next, or head + 1 when all there are have been missed. */
    private long whereToGoOn(long at, long head) {
        long kept = Math.max(at, room.first());
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
