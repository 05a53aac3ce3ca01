package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.RoomName;

/**
 * A room: a log, and the members that read it. Any thread may call any method.
 *
 * <p>The lock orders what is published with who joins and leaves, and is never held while anybody is called. Fan-out is the
 * room's {@link Turn}, which wakes each member. A member takes messages up to the head as it was when the turn began, and no
 * further: so all that keep up take the same messages in the same frames, and none gets ahead of the others by being woken in
 * between. (Senders, woken by their acks, once ran so far ahead that fast readers fell behind their window.)
 */
public final class Room {
    private static final SecureRandom RANDOM = new SecureRandom();

    private static final Member[] NOBODY = {};
    private static final long NOTHING_UNTOLD = 0;
    private static final long QUIET_MILLIS = 2_000;

    private final RoomName name;
    private final RoomLimits limits;
    private final LogBudget budget;
    private final Observer observer;
    private final Clock clock;
    private final RoomLog log;
    private final History history;
    private final Signals signals;
    private final PlainFrames plainFrames;
    private final JsonFrames jsonFrames;
    private final Turn turn;
    private final ReentrantLock lock = new ReentrantLock();
    private final LongAdder delivered = new LongAdder();
    private final LongAdder missed = new LongAdder();

    /** Whether members may have been given frames since they were last let go of. */
    private volatile boolean hasFrames;

    /** When something was said last, since 1970. Written under the lock. */
    private volatile long saidAtMillis;

    /** The newest message that members may take: the head when the last turn began. Written by the turn. */
    private volatile long told;

    // Guarded by lock
    /** But for {@link Presence#news()}, which any thread may ask. */
    private final Presence presence;

    @GuardedBy("lock")
    private final List<Member> members = new ArrayList<>();

    /** The members as an array for the turn to walk, or null since somebody came or went: who left must not be kept here. */
    @GuardedBy("lock")
    private Member @Nullable [] walked;

    @GuardedBy("lock")
    private boolean closed;

    /** Whether the sweep has found it empty, and nobody has come since; and since when. */
    @GuardedBy("lock")
    private boolean deserted;

    @GuardedBy("lock")
    private long desertedSinceNanos;

    @GuardedBy("lock")
    private long offered;

    /** When the oldest message was published that no turn has told; else 0. */
    @GuardedBy("lock")
    private long untoldSinceNanos = NOTHING_UNTOLD;

    /** What became of a draft: the number of its message, and whether that had been published before. */
    public record Published(long seq, boolean duplicate) {}

    /** What became of who wanted in. */
    public sealed interface Entry {}

    /** Why somebody did not come in. */
    public enum NoEntry implements Entry {
        /** The room has as many members as it may. */
        ROOM_FULL,
        /** There are as many rooms as there may be. */
        TOO_MANY_ROOMS,
        /** The room has been given up; who wanted in takes the next room of that name. */
        GONE
    }

    /**
     * A member that has just come in.
     *
     * @param epoch which history of the room its numbers belong to
     * @param head the newest message when it came in
     * @param count how many members there are
     * @param recovered whether it gets everything since the message it named; null when it named none
     */
    public record Joined(
            Member member,
            String epoch,
            long head,
            int count,
            @Nullable Boolean recovered) implements Entry {}

    /**
     * Counts of a room so far. But for the first in messages times members: {@code offered == delivered + missed + what members
     * have before them}.
     *
     * @param published messages
     */
    public record Counts(long published, long offered, long delivered, long missed) {
        static final Counts NONE = new Counts(0, 0, 0, 0);

        Counts plus(Counts other) {
            return new Counts(
                    published + other.published,
                    offered + other.offered,
                    delivered + other.delivered,
                    missed + other.missed);
        }
    }

    /** Told how rooms' turns went. Called by the threads that run them; must not block. */
    public interface Observer {
        /**
         * A turn has ended.
         *
         * @param tookNanos how long it took
         * @param sincePublishedNanos how long ago the oldest message was published that it was the first to tell, whose frames
         *     have been started by now but for members that were busy; negative when it told none
         */
        void turned(long tookNanos, long sincePublishedNanos);
    }

    Room(RoomName name, RoomLimits limits, LogBudget budget, Observer observer, Executor fanOut, Clock clock) {
        this.name = name;
        this.observer = observer;
        this.limits = limits;
        this.budget = budget;
        this.clock = clock;
        this.log = new MemoryLog(newEpoch(), limits.history(), limits.historyBytes());
        this.history = new History(log, limits.batchBytes());
        this.signals = new Signals(clock);
        this.presence = new Presence(limits.names());
        this.plainFrames = new PlainFrames(log);
        this.jsonFrames = new JsonFrames(name, log, signals, this::picture, limits.batchBytes());
        this.turn = new Turn(this::wakeMembers, fanOut);
    }

    private static String newEpoch() {
        return Long.toString(RANDOM.nextLong(Long.MAX_VALUE), Character.MAX_RADIX);
    }

    /** The room's name. */
    public RoomName name() {
        return name;
    }

    /** Appends a message to the log, unless its {@code id} is there, and has the members woken. */
    public Published publish(Draft draft) {
        Published published;
        lock.lock();
        try {
            long before = log.head();
            long weighed = log.bytes();
            long now = clock.millis();
            long seq = log.append(now, draft);
            published = new Published(seq, seq <= before);
            offered += published.duplicate ? 0 : members.size();
            saidAtMillis = now;
            if (untoldSinceNanos == NOTHING_UNTOLD && !published.duplicate) {
                untoldSinceNanos = System.nanoTime();
            }
            if (!closed) {
                budget.add(log.bytes() - weighed);
            }
        } finally {
            lock.unlock();
        }
        if (!published.duplicate) {
            turn.isDue();
        }
        return published;
    }

    /** Passes a signal on to the members that take it within a second; it is not kept and not counted. */
    public void signal(Draft draft) {
        signals.add(draft);
        turn.isDue();
    }

    /** The work of a turn: tells what there is now to take, and wakes each member. */
    private void wakeMembers() {
        hasFrames = true;
        long began = System.nanoTime();
        long publishedAt = takeUntold();
        told = log.head();
        for (Member member : membersToWalk()) {
            member.wake();
        }
        long ended = System.nanoTime();
        observer.turned(ended - began, publishedAt == NOTHING_UNTOLD ? -1 : ended - publishedAt);
    }

    private long takeUntold() {
        lock.lock();
        try {
            long since = untoldSinceNanos;
            untoldSinceNanos = NOTHING_UNTOLD;
            return since;
        } finally {
            lock.unlock();
        }
    }

    /** The message to start with that many messages back, as far as the log reaches. */
    long start(int history) {
        return Math.max(log.first(), log.head() + 1 - history);
    }

    /** Whether a message has been published here, in this history of the room. */
    boolean has(String epoch, long seq) {
        return epoch.equals(log.epoch()) && seq <= log.head();
    }

    /**
     * Makes a member whose cursor starts at a message.
     *
     * @param from the message; a member that does not resume starts with the oldest that is kept if this one is gone
     * @param resumes whether {@code from} follows one that the member names and has; null when it names none
     * @param before the member that this one takes the place of, without anybody else being told; or null
     */
    Entry join(
            Member.Subscriber subscriber,
            Format format,
            @Nullable String name,
            long from,
            @Nullable Boolean resumes,
            @Nullable Member before) {
        lock.lock();
        try {
            if (closed) {
                return NoEntry.GONE;
            }
            if (before == null) {
                if (members.size() >= limits.members()) {
                    return NoEntry.ROOM_FULL;
                }
                presence.joined(name);
            } else if (!endLocked(before)) {
                return NoEntry.GONE; // it has left meanwhile, since its session ended
            }
            long head = log.head();
            boolean isResumed = Boolean.TRUE.equals(resumes);
            // Who resumes is told what is gone by a gap, so its cursor starts there.
            long start = isResumed ? from : Math.max(log.first(), from);
            Frames frames = format == Format.JSON ? jsonFrames : plainFrames;
            // What the one before was not told yet is made good by telling everybody.
            long news = before == null ? presence.news().version() : Member.NO_NEWS;
            Member.Place place = new Member.Place(start, head, news, signals.newest() + 1);
            Member member = new Member(this, subscriber, frames, name, place);
            member.index = members.size();
            members.add(member);
            walked = null;
            deserted = false;
            offered += head + 1 - start;
            Boolean recovered = resumes == null ? null : isResumed && from >= log.first();
            return new Joined(member, log.epoch(), head, presence.count(), recovered);
        } finally {
            lock.unlock();
        }
    }

    /** Says of a member that is in what it was told when it came in, as it is now. */
    public Joined joined(Member member) {
        lock.lock();
        try {
            return new Joined(member, log.epoch(), log.head(), presence.count(), null);
        } finally {
            lock.unlock();
        }
    }

    /** Gives a member another name; does nothing when it has left. */
    void rename(Member member, String name) {
        lock.lock();
        try {
            if (!member.hasLeft()) {
                presence.renamed(member.name, name);
                member.name = name;
            }
        } finally {
            lock.unlock();
        }
    }

    void leave(Member member) {
        lock.lock();
        try {
            if (endLocked(member)) {
                presence.left(member.name);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The messages that are kept, to read a page at a time. */
    public History history() {
        return history;
    }

    /** Who is there. */
    public Presence.Picture picture() {
        lock.lock();
        try {
            return presence.picture();
        } finally {
            lock.unlock();
        }
    }

    /** Has the members told who came and went, if anybody did and the last news is old enough. For the sweep. */
    void tellPresence(long nowNanos) {
        boolean hasNews;
        lock.lock();
        try {
            hasNews = presence.tell(nowNanos);
        } finally {
            lock.unlock();
        }
        if (hasNews) {
            turn.isDue();
        }
    }

    @SuppressWarnings("GuardedBy") // the news alone is for any thread
    Presence.News news() {
        return presence.news();
    }

    Signals signals() {
        return signals;
    }

    /**
     * Gives the room up if nobody has been in it for its linger time. For the sweep: the time is taken when it looks.
     *
     * @param atOnce whether not to wait, because rooms have become scarce
     */
    boolean closeIfDeserted(long nowNanos, boolean atOnce) {
        lock.lock();
        try {
            if (!members.isEmpty()) {
                return false;
            }
            if (!deserted) {
                deserted = true;
                desertedSinceNanos = nowNanos;
            }
            boolean closes =
                    atOnce || nowNanos - desertedSinceNanos >= limits.linger().toNanos();
            if (closes && !closed) {
                closed = true;
                budget.add(-log.bytes());
            }
            return closed;
        } finally {
            lock.unlock();
        }
    }

    /** Lets all its messages go, to make room for those of others; whether it had any. */
    boolean forget() {
        lock.lock();
        try {
            if (closed || log.bytes() == 0) {
                return false;
            }
            budget.add(-log.bytes());
            log.forget();
        } finally {
            lock.unlock();
        }
        letFramesGo();
        return true;
    }

    private void letFramesGo() {
        plainFrames.letGo();
        jsonFrames.letGo();
    }

    /** Frames have been made that are kept for others. */
    void keepsFrames() {
        if (!hasFrames) {
            hasFrames = true;
        }
    }

    /** Lets go of what members share when nothing has been said for a while: it is in no budget. For the sweep. */
    void letGoWhenQuiet() {
        signals.letGoOld();
        if (hasFrames && clock.millis() - saidAtMillis > QUIET_MILLIS) {
            hasFrames = false;
            letFramesGo();
        }
    }

    /** When something was said last, since 1970. */
    long saidAtMillis() {
        return saidAtMillis;
    }

    /** How far the slowest member is behind what has been told, in messages. */
    long largestLag() {
        long largest = 0;
        for (Member member : membersToWalk()) {
            largest = Math.max(largest, member.lag());
        }
        return largest;
    }

    /** How many members there are. */
    int memberCount() {
        lock.lock();
        try {
            return members.size();
        } finally {
            lock.unlock();
        }
    }

    /** The counts so far. */
    public Counts counts() {
        lock.lock();
        try {
            return new Counts(log.head(), offered, delivered.sum(), missed.sum());
        } finally {
            lock.unlock();
        }
    }

    void count(long taken, long skipped) {
        delivered.add(taken);
        if (skipped > 0) {
            missed.add(skipped);
        }
    }

    /** The newest message that members may take. */
    long told() {
        return told;
    }

    RoomLog log() {
        return log;
    }

    RoomLimits limits() {
        return limits;
    }

    private Member[] membersToWalk() {
        lock.lock();
        try {
            Member[] now = walked;
            if (now == null) {
                now = members.toArray(NOBODY);
                walked = now;
            }
            return now;
        } finally {
            lock.unlock();
        }
    }

    /** Ends a member; false when it had ended. */
    @GuardedBy("lock")
    private boolean endLocked(Member member) {
        assert lock.isHeldByCurrentThread();
        long at = member.end();
        if (at < 0) {
            return false;
        }
        missed.add(log.head() + 1 - at);
        removeLocked(member);
        return true;
    }

    /** Takes a member out by putting the last one into its place: the order of members means nothing. */
    @GuardedBy("lock")
    private void removeLocked(Member member) {
        assert lock.isHeldByCurrentThread();
        Member last = members.remove(members.size() - 1);
        if (last != member) {
            members.set(member.index, last);
            last.index = member.index;
        }
        walked = null;
    }
}
