package parley.room;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Message;

/**
 * A session in a room: a cursor over the room's log. It holds no message and no queue.
 *
 * <p>The cursor is a place in the log, so that moving it on and counting what it passes is the same in every room. Beside it goes the number
 * behind which the member goes on: by that the store is asked, and clients are told of holes. What a store with holes in its numbers has from
 * before all that the log has given a place is <i>replay</i>: it is taken first, by number, and counted when it is taken.
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

        /** Whether it has ended, and waits for nothing any more. Asked with the room's lock held too. */
        default boolean hasEnded() {
            return false;
        }
    }

    /** The version of presence that a member knows which knows nothing. */
    static final long NO_NEWS = -1;

    private static final long LEFT = -1;
    /** Where the cursor is while the room finds out what its store has: behind every head. */
    private static final long WAITING = Long.MAX_VALUE;

    private static final long NO_REPLAY = 0;

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
     * The place of the next message to take, WAITING or LEFT. The room sets it off, the draining thread moves it on, leaving ends it; all by
     * compare-and-set.
     */
    private volatile long cursor;

    /** Whether the store reads for it. Set by the draining thread, cleared by the store's. */
    private volatile boolean isReading;
    /** What the store has read: messages that memory does not hold any more. Put there by the store's thread, taken by the draining one. */
    private volatile @Nullable List<Message> page;
    /** How often the page that is asked for could not be read. Of who has {@code isReading} set. */
    private int failures;

    /** The number that all replay comes before, while there may be some; else NO_REPLAY. Set off as the cursor is, ended by the draining thread. */
    private volatile long replayUntil = NO_REPLAY;

    // Touched by the draining thread alone, and before the cursor is set off by who does that
    /** The number behind which it goes on. */
    private long seen;
    /** Which of the room's histories it is in. */
    private Room.Beginning history;
    /** Whether the store has been asked since the draining thread last looked what is next. */
    private boolean hasAsked;
    /** Which number the store was asked for: the page begins with it, or with the next that the store has. */
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
        this.history = room.beginning();
        this.presenceSeen = news;
        this.nextSignal = nextSignal;
    }

    /** Lets it be given messages: after it has been told that it is in. Any thread. */
    public void begin() {
        CURSOR.compareAndSet(this, WAITING, start);
    }

    /**
     * Says where it starts. Under the room's lock.
     *
     * @param from the place of the first message to take
     * @param seq the number of the first message to take, if there is one of that number
     * @param replay the number that all comes before which is to be taken from the store first; 0 for nothing
     * @param head the place of the newest message
     */
    void place(long from, long seq, long replay, long head, Room.Beginning ofHistory) {
        start = from;
        seen = seq - 1;
        replayUntil = replay;
        joinedAt = head;
        history = ofHistory;
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
            hasAsked = false;
            if (at == LEFT || at == WAITING) {
                return null;
            }
            if (history != room.beginning()) {
                Frame begun = goOverToTheNewHistory(at);
                if (begun != null) {
                    return begun;
                }
            } else if (replayUntil != NO_REPLAY) {
                Frame replay = nextOfReplay();
                if (replay != null || hasAsked) {
                    return replay;
                }
            } else if (at > head) {
                return null;
            } else {
                Frame next = nextFrom(at, head);
                if (next != null || hasAsked) {
                    return next;
                }
            }
        }
    }

    /** Takes what is at a place, or tells that it is missed; null when that has to be read first, or when it is to be looked for again. */
    private @Nullable Frame nextFrom(long at, long head) {
        long from = whereToGoOn(at, head);
        long until = keptUntil == 0 ? head : Math.min(head, keptUntil - 1);
        // Null when memory has let it go: then the store has it, or the place to go on from is another.
        Frames.Batch batch = from > at ? null : frames.messages(at, until);
        if (batch != null) {
            room.keepsFrames(); // whoever has them made: not only a turn does
        }
        if (from == at && batch == null && room.isOutOfMemory(at)) {
            long memory = room.log().first();
            long seqInMemory = room.log().number(memory);
            List<Message> read = readOrAsk((int) Math.min(PAGE, until + 1 - at));
            if (read == null) {
                return null;
            }
            if (room.log().isSparse()) {
                List<Message> before = before(seqInMemory, read);
                from = before.isEmpty() ? memory : at; // what should be there and is not is found missing at the end
                batch = before.isEmpty() ? null : batch(before, at, read);
                page = before.isEmpty() ? null : page;
            } else {
                from = read.isEmpty() ? memory : read.get(0).seq();
                batch = from > at ? null : batch(read, at, read);
            }
        }
        if (from > at && history != room.beginning()) {
            return null; // the numbers are others now
        }
        if (from > at) {
            // Told before anything else is taken, so that each hole is told once.
            long to = Math.min(from, head + 1);
            long before = room.log().number(to);
            if (moveOn(at, to, to - at, false)) {
                Frame gap = frames.gap(seen, before, to - at);
                seen = before - 1;
                return gap;
            }
        } else if (batch != null && moveOn(at, batch.to() + 1, batch.count(), true)) {
            seen = batch.last();
            return batch.frame();
        }
        return null;
    }

    /** Takes what has no place in memory's order; null when it has to be read first, or when there is none, and it has ended. */
    private @Nullable Frame nextOfReplay() {
        List<Message> read = readOrAsk(PAGE);
        if (read == null) {
            return null;
        }
        List<Message> before = before(replayUntil, read);
        long next = before.isEmpty() ? replayUntil : before.get(0).seq();
        long lost = Math.min(room.first(), next);
        if (seen + 1 < lost) {
            Frame gap = frames.gap(seen, lost, Frames.UNKNOWN);
            seen = lost - 1;
            pageFrom = lost; // it begins with what comes next all the same
            if (gap != null) {
                return gap;
            }
        }
        if (before.isEmpty()) {
            replayUntil = NO_REPLAY;
            page = null;
            return null;
        }
        Frames.Batch batch = batch(before, 0, read);
        seen = batch.last();
        room.countReplayed(batch.count());
        return batch.frame();
    }

    /** What was not taken of the history before is missed, and cannot be asked for any more. */
    private @Nullable Frame goOverToTheNewHistory(long at) {
        Room.Beginning beginning = room.beginning();
        long to = Math.max(at, beginning.place());
        if (to > at && !moveOn(at, to, to - at, false)) {
            return null;
        }
        boolean isSame = beginning.epoch().equals(history.epoch()); // a hole that could not be filled
        long after = seen;
        history = beginning;
        seen = beginning.seq();
        keptUntil = 0;
        replayUntil = NO_REPLAY;
        page = null;
        if (!isSame) {
            return frames.begun(beginning.epoch(), seen, room.count());
        }
        return after < seen ? frames.gap(after, seen + 1, Frames.UNKNOWN) : null;
    }

    private static List<Message> before(long seq, List<Message> messages) {
        int count = messages.size();
        while (count > 0 && messages.get(count - 1).seq() >= seq) {
            count--;
        }
        return messages.subList(0, count);
    }

    /** Returns what the store has read from where it goes on; else has it read and returns null: the session is woken then. */
    private @Nullable List<Message> readOrAsk(int limit) {
        List<Message> read = isReading ? null : page;
        if (read != null && pageFrom == seen + 1) {
            return read;
        }
        hasAsked = true;
        if (isReading) {
            return null;
        }
        page = null;
        isReading = true;
        pageFrom = seen + 1;
        room.readStored(pageFrom, false, limit, this::hasRead);
        return null;
    }

    /** Makes a frame of what the store has read, and keeps what does not fit for the next. */
    private Frames.Batch batch(List<Message> messages, long place, List<Message> read) {
        Frames.Batch batch = frames.messages(messages, place);
        int taken = batch.count();
        page = taken < read.size() ? read.subList(taken, read.size()) : null;
        pageFrom = batch.last() + 1;
        return batch;
    }

    private void hasRead(@Nullable List<Message> messages) {
        failures = messages == null ? failures + 1 : 0;
        boolean isSparse = room.log().isSparse(); // NATS that is gone comes back: nothing is missed for that
        List<Message> read = messages == null && failures >= TRIES && !isSparse ? List.of() : messages;
        page = read == null || isSparse ? read : upToAHole(read);
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
        // WAITING is behind every head
        return at != LEFT && (at <= room.log().head() || (at != WAITING && replayUntil != NO_REPLAY));
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

    /** Whether it has left with the end of its session, so that nobody waits for an answer. */
    boolean hasEnded() {
        return hasLeft() && subscriber.hasEnded();
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
        long kept = room.kept(at);
        int window = room.limits().window();
        boolean isBehind = behind(kept, head) > window;
        return switch (room.limits().overflow()) {
            case DROP_OLDEST -> isBehind ? room.reach(head - window + 1) : kept;
            case LATEST -> isBehind ? room.reach(head) : kept;
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
