package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
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
    private static final Logger LOG = System.getLogger("parley.room");
    private static final SecureRandom RANDOM = new SecureRandom();

    private static final Member[] NOBODY = {};
    private static final long NOTHING_UNTOLD = 0;
    private static final long QUIET_MILLIS = 2_000;

    private final RoomName name;
    private final RoomLimits limits;
    private final LogBudget budget;
    private final Observer observer;
    private final Clock clock;
    /** The newest messages, or all there are in a room without a store. */
    private final RoomLog log;

    private final @Nullable RoomStore store;
    private final History history;
    private final Signals signals;
    private final PlainFrames plainFrames;
    private final JsonFrames jsonFrames;
    private final Executor fanOut;
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

    /** Null in a room without a store, and before anybody has asked for what is in it. */
    @GuardedBy("lock")
    private RoomStore.@Nullable Log stored;

    /** What waits until the store has said what there is; null from then on, and in a room without a store. */
    @GuardedBy("lock")
    private @Nullable List<Waiting> waiting;

    /** Whether the store could not say what there is. */
    @GuardedBy("lock")
    private boolean isUnreadable;

    /** The newest message when the store said what there is. */
    @GuardedBy("lock")
    private long openedAt;

    /** Whether a member waits for messages that could not be read. Cleared by the sweep. */
    private volatile boolean hasUnread;

    /** The oldest message in the store; without one what memory says counts. */
    private volatile long firstStored;

    @GuardedBy("lock")
    private long published;

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

    /** What is done once the store has said what there is, or that it cannot. Not under the lock. */
    private interface Waiting {
        void goOn(boolean isOpen);
    }

    /** What became of a draft. */
    public sealed interface Outcome {}

    /** It is a message of the room: the number, and whether it had been published before. */
    public record Published(long seq, boolean duplicate) implements Outcome {}

    /** It may be one or not: the store does not say. Who says it again, with the same {@code id}, learns what became of it. */
    public record NotKept(String reason) implements Outcome {}

    /** A member that is in; {@link Joined} is told now, or later by a thread of the store. */
    public record In(Member member) implements Entry {}

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
            @Nullable Boolean recovered) {}

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

    /**
     * Makes an empty room.
     *
     * @param store where its messages are kept; null for a room in memory alone
     */
    Room(
            RoomName name,
            RoomLimits limits,
            @Nullable RoomStore store,
            LogBudget budget,
            Observer observer,
            Executor fanOut,
            Clock clock) {
        this.store = store;
        this.waiting = store == null ? null : new ArrayList<>();
        this.name = name;
        this.observer = observer;
        this.limits = limits;
        this.budget = budget;
        this.clock = clock;
        this.log = new MemoryLog(newEpoch(), limits.history(), limits.historyBytes());
        this.history = new History(this, log, limits.batchBytes());
        this.signals = new Signals(clock);
        this.presence = new Presence(limits.names());
        this.plainFrames = new PlainFrames(log);
        this.jsonFrames = new JsonFrames(name, log, signals, this::picture, limits.batchBytes());
        this.fanOut = fanOut;
        this.turn = new Turn(this::wakeMembers, fanOut);
    }

    private static String newEpoch() {
        return Long.toString(RANDOM.nextLong(Long.MAX_VALUE), Character.MAX_RADIX);
    }

    /** The room's name. */
    public RoomName name() {
        return name;
    }

    /** Publishes a message in a room without a store, unless its {@code id} is there, and has the members woken. */
    public Published publish(Draft draft) {
        Published done;
        lock.lock();
        try {
            long now = clock.millis(); // under the lock, so that times go up with numbers
            long before = log.head();
            long weighed = log.bytes();
            long seq = log.append(now, draft);
            done = new Published(seq, seq <= before);
            if (!done.duplicate) {
                count(1, weighed, now);
            }
        } finally {
            lock.unlock();
        }
        if (!done.duplicate) {
            turn.isDue();
        }
        return done;
    }

    /**
     * Publishes a message in a room with a store, which the member is in or was, unless its {@code id} is there.
     *
     * @param later told what became of it, by a thread of the store's
     * @return null when {@code later} will be told; else why it was not taken
     */
    public @Nullable NotKept publish(Draft draft, Consumer<Outcome> later) {
        lock.lock();
        try {
            return asked().append(clock.millis(), draft, later);
        } finally {
            lock.unlock();
        }
    }

    /** Counts messages that have been added to the log. */
    @GuardedBy("lock")
    private void count(int messages, long weighed, long now) {
        published += messages;
        offered += (long) messages * members.size();
        saidAtMillis = now;
        if (untoldSinceNanos == NOTHING_UNTOLD) {
            untoldSinceNanos = System.nanoTime();
        }
        if (!closed) {
            budget.add(log.bytes() - weighed);
        }
    }

    /** Has the store look what it has of this room, unless it was asked. */
    @GuardedBy("lock")
    private void ask() {
        if (store != null && stored == null && !closed) {
            stored = store.open(name, new FromStore());
        }
    }

    /** What the store has of a room that somebody is in, or was. */
    @GuardedBy("lock")
    private RoomStore.Log asked() {
        return Objects.requireNonNull(stored, "nobody was ever in it");
    }

    /** What the store tells. */
    private final class FromStore implements RoomStore.Listener {
        @Override
        public void opened(String epoch, long first, long head) {
            lock.lock();
            try {
                log.begin(epoch, head);
                openedAt = head;
                told = head;
                firstStored = first;
            } finally {
                lock.unlock();
            }
            letWaitingGoOn(true);
            turn.isDue(); // one that runs right now may have told that nothing is there
        }

        @Override
        public void couldNotOpen() {
            lock.lock();
            try {
                isUnreadable = true;
                closed = true; // who wants in takes the next room of that name
            } finally {
                lock.unlock();
            }
            letWaitingGoOn(false);
        }

        @Override
        public void appended(List<Message> messages) {
            lock.lock();
            try {
                if (closed) {
                    return;
                }
                long weighed = log.bytes();
                messages.forEach(log::add);
                count(messages.size(), weighed, clock.millis());
            } finally {
                lock.unlock();
            }
            turn.isDue();
        }

        @Override
        public void trimmed(long first) {
            firstStored = first;
            lock.lock();
            try {
                if (closed || log.first() >= first) {
                    return;
                }
                long weighed = log.bytes();
                log.forgetBefore(first);
                budget.add(log.bytes() - weighed);
            } finally {
                lock.unlock();
            }
            letFramesGo();
        }
    }

    /** In the order in which they came, and before any that come later. */
    private void letWaitingGoOn(boolean isOpen) {
        for (List<Waiting> waited = nextWaiting(); waited != null; waited = nextWaiting()) {
            for (Waiting one : waited) {
                try {
                    one.goOn(isOpen);
                } catch (RuntimeException | Error e) { // the others are not to wait for ever
                    LOG.log(Level.ERROR, "somebody who waited to come into the room " + name + " could not be told", e);
                }
            }
        }
    }

    /** What has come to wait since the last, or null when nothing has, and nothing waits from now on. */
    private @Nullable List<Waiting> nextWaiting() {
        lock.lock();
        try {
            List<Waiting> now = Objects.requireNonNull(waiting, "opened twice");
            waiting = now.isEmpty() ? null : new ArrayList<>();
            return now.isEmpty() ? null : now;
        } finally {
            lock.unlock();
        }
    }

    /** Does something once the store has said what there is, or that it cannot: at once, or later on a thread of the store's. */
    private void whenOpen(Waiting what) {
        if (store == null) {
            what.goOn(true);
            return;
        }
        boolean isOpen;
        lock.lock();
        try {
            if (waiting != null) {
                waiting.add(what);
                return;
            }
            isOpen = !isUnreadable;
        } finally {
            lock.unlock();
        }
        what.goOn(isOpen);
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

    /** Where somebody wants to start: behind a message of a history of the room, or that many messages back. */
    public sealed interface Wish {}

    /** Behind a message, if that is one of this history of the room; else as who names none. */
    public record After(String epoch, long seq) implements Wish {}

    /** With the last so many messages, as far as they are kept, as counted from a head. */
    public record Last(int messages) implements Wish {}

    /** With that message, or the first that is kept. */
    public record At(long from, @Nullable Boolean resumes) implements Wish {}

    /** Takes a wish as it is now, so that it means the same later; as it is while the store has not said what there is. */
    Wish fix(Wish wish) {
        lock.lock();
        try {
            ask();
            return waiting != null ? wish : at(wish, log.head());
        } finally {
            lock.unlock();
        }
    }

    /** What a wish means when the newest message is that one. */
    @GuardedBy("lock")
    private At at(Wish wish, long head) {
        if (wish instanceof Last last) {
            return new At(Math.max(first(), head + 1 - last.messages), null);
        }
        if (wish instanceof After after) {
            boolean isKnown = after.epoch.equals(log.epoch()) && after.seq <= head;
            return new At(isKnown ? after.seq + 1 : 1, isKnown);
        }
        return (At) wish;
    }

    /** Has a session woken by a thread that may send: those of a store may not. */
    void wake(Member.Subscriber session) {
        fanOut.execute(session::ready);
    }

    /** A member could not be given what it waits for: the sweep has it ask again. */
    void couldNotRead() {
        hasUnread = true;
    }

    /** Has members ask again for what could not be read. For the sweep. */
    void readAgain() {
        if (hasUnread) {
            hasUnread = false;
            turn.isDue();
        }
    }

    /** Whether its messages are kept beyond memory. */
    public boolean isStored() {
        return store != null;
    }

    /** The oldest message that is kept, in memory or in the store. */
    long first() {
        return store == null ? log.first() : firstStored;
    }

    /** Whether that message is kept, and not in memory. */
    boolean isOnlyStored(long seq) {
        return store != null && seq >= firstStored && seq < log.first();
    }

    /** Reads messages from the store, as many as go in a frame; tells null when they cannot be read. Not under the lock. */
    void readStored(long from, boolean back, int limit, Consumer<@Nullable List<Message>> told) {
        lock.lock();
        try {
            if (!closed && asked().read(from, back, limit, limits.batchBytes(), told)) {
                return;
            }
        } finally {
            lock.unlock();
        }
        told.accept(null); // nobody is in it any more, or the store is too busy
    }

    /**
     * Makes a member.
     *
     * @param wish where it starts; one that was not fixed was made before the store had said what there is
     * @param before the member that this one takes the place of, without anybody else being told; or null
     * @param told called when it is in, if it comes in: at once, or later by a thread of the store's; then with null, and the member has
     *     left, if the store cannot say what there is. It is given messages when that, or what it leads to, has
     *     {@linkplain Member#begin begun}
     */
    Entry join(
            Member.Subscriber subscriber,
            Format format,
            @Nullable String name,
            Wish wish,
            @Nullable Member before,
            Consumer<@Nullable Joined> told) {
        Joined joined = null;
        Member member;
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
            Frames frames = format == Format.JSON ? jsonFrames : plainFrames;
            // What the one before was not told yet is made good by telling everybody.
            long news = before == null ? presence.news().version() : Member.NO_NEWS;
            member = new Member(this, subscriber, frames, name, news, signals.newest() + 1);
            member.index = members.size();
            members.add(member);
            walked = null;
            deserted = false;
            ask();
            if (waiting == null) {
                joined = place(member, wish); // under the same lock: what is appended from now on is counted for it
            } else {
                waiting.add(isOpen -> setOff(member, isOpen ? wish : null, told));
            }
        } finally {
            lock.unlock();
        }
        if (joined != null) {
            told.accept(joined);
        }
        return new In(member);
    }

    /** Where to, or null when there is nowhere. */
    private void setOff(Member member, @Nullable Wish wish, Consumer<@Nullable Joined> told) {
        Joined joined = null;
        lock.lock();
        try {
            if (wish == null) {
                endLocked(member); // and nobody hears of it: all leave
            } else {
                joined = member.hasLeft() ? now(member) : place(member, wish);
            }
        } finally {
            lock.unlock();
        }
        told.accept(joined);
    }

    /** Says where a member starts that has not left; what is published from now on is for it too. */
    @GuardedBy("lock")
    private Joined place(Member member, Wish wish) {
        long head = log.head();
        At at = at(wish, wish instanceof At ? head : openedAt);
        boolean isResumed = Boolean.TRUE.equals(at.resumes);
        // Who resumes is told what is gone by a gap, so its cursor starts there.
        long from = isResumed ? at.from : Math.max(first(), at.from);
        member.place(from, head);
        offered += head + 1 - from;
        Boolean recovered = at.resumes == null ? null : isResumed && at.from >= first();
        return new Joined(member, log.epoch(), head, presence.count(), recovered);
    }

    @GuardedBy("lock")
    private Joined now(Member member) {
        return new Joined(member, log.epoch(), log.head(), presence.count(), null);
    }

    /**
     * Says of a member that is in what it was told when it came in, as it is now: at once, or later by a thread of the store's; null if it
     * did not come in after all.
     */
    public void tell(Member member, Consumer<@Nullable Joined> told) {
        whenOpen(isOpen -> {
            Joined now;
            lock.lock();
            try {
                now = isOpen ? now(member) : null;
            } finally {
                lock.unlock();
            }
            told.accept(now);
        });
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

    /**
     * Reads a page of what is kept.
     *
     * @param told given the page: at once, or later by a thread of the store's; null when it cannot be read
     */
    public void read(History.Range range, Consumer<History.@Nullable Page> told) {
        whenOpen(isOpen -> {
            if (isOpen) {
                history.read(range, told);
            } else {
                told.accept(null);
            }
        });
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
            if (!members.isEmpty() || (stored != null && waiting != null)) {
                return false; // who waits for what the store says has to be told
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
                if (stored != null) {
                    stored.close();
                }
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
            return new Counts(published, offered, delivered.sum(), missed.sum());
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
        if (at > 0) {
            missed.add(log.head() + 1 - at);
        }
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
