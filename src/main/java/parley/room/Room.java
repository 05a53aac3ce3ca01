package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
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
    private final Opening opening;
    private final History history;
    private final Signals signals;
    private final PlainFrames plainFrames;
    private final JsonFrames jsonFrames;
    private final Executor fanOut;
    private final Turn turn;
    private final ReentrantLock lock = new ReentrantLock();
    private final Tally tally;

    /** Whether members may have been given frames since they were last let go of. */
    private volatile boolean hasFrames;

    /** When something was said last, since 1970. Written under the lock. */
    private volatile long saidAtMillis;

    /** The place of the newest message that members may take: the head when the last turn began. Written by the turn. */
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

    /** The place of the newest message when the store said what there is. */
    @GuardedBy("lock")
    private long openedAt;

    /** How many members have no place yet, since the store has to say first what there is. */
    @GuardedBy("lock")
    private int unplaced;

    /** Members that wait until the store has looked once more what there is. */
    @GuardedBy("lock")
    private final Set<Look> looks = new LinkedHashSet<>();

    /** The number up to which the store knew, when it looked last, of all messages. */
    @GuardedBy("lock")
    private long lookedUpTo;

    /** Where the room's history began, as far as members can tell. Written under the lock. */
    private volatile Beginning beginning;

    /** Whether a member waits for messages that could not be read. Cleared by the sweep. */
    private volatile boolean hasUnread;

    /** The number from which on the store has kept all; without one what memory says counts. */
    private volatile long firstStored;

    @GuardedBy("lock")
    private boolean closed;

    /** Whether the sweep has found it empty, and nobody has come since; and since when. */
    @GuardedBy("lock")
    private boolean deserted;

    @GuardedBy("lock")
    private long desertedSinceNanos;

    /** When the oldest message was published that no turn has told; else 0. */
    @GuardedBy("lock")
    private long untoldSinceNanos = NOTHING_UNTOLD;

    /**
     * The beginning of a history of the room, which ends when its messages are lost.
     *
     * @param place of the first message of it that members take who were in the one before
     * @param seq the number behind which that comes
     */
    record Beginning(String epoch, long place, long seq) {}

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
            Tally tally,
            Observer observer,
            Executor fanOut,
            Clock clock) {
        this.store = store;
        this.name = name;
        this.opening = new Opening(name, lock, store == null);
        this.observer = observer;
        this.limits = limits;
        this.budget = budget;
        this.tally = tally;
        this.clock = clock;
        this.log = store != null && store.isSparse()
                ? new SparseLog(newEpoch(), limits.history(), limits.historyBytes())
                : new MemoryLog(newEpoch(), limits.history(), limits.historyBytes());
        this.beginning = new Beginning(log.epoch(), 0, 0);
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
    public Outcome.Published publish(Draft draft) {
        Outcome.Published done;
        lock.lock();
        try {
            long now = clock.millis(); // under the lock, so that times go up with numbers
            long before = log.head();
            long weighed = log.bytes();
            long seq = log.append(now, draft);
            done = new Outcome.Published(seq, seq <= before);
            if (!done.duplicate()) {
                count(1, weighed, now);
            }
        } finally {
            lock.unlock();
        }
        if (!done.duplicate()) {
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
    public Outcome.@Nullable NotKept publish(Draft draft, Consumer<Outcome> later) {
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
        tally.published(messages);
        tally.offered((long) messages * (members.size() - unplaced));
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
        public void opened(String epoch, long first, long since, long head, List<Message> newest) {
            lock.lock();
            try {
                long weighed = log.bytes();
                log.begin(epoch, since - 1);
                firstStored = first;
                lookedUpTo = head;
                beginning = new Beginning(epoch, log.head() + 1, since - 1);
                newest.forEach(log::add);
                if (!opening.isOver()) {
                    openedAt = log.head();
                    told = log.head();
                    if (!closed) {
                        budget.add(log.bytes() - weighed);
                    }
                } else {
                    count(newest.size(), weighed, clock.millis()); // for those who are in they are new
                }
            } finally {
                lock.unlock();
            }
            opening.end(true);
            letFramesGo();
            turn.isDue(); // one that runs right now may have told that nothing is there
        }

        @Override
        public void couldNotOpen() {
            lock.lock();
            try {
                opening.fails();
                closed = true; // who wants in takes the next room of that name
            } finally {
                lock.unlock();
            }
            opening.end(false);
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
        public void present(String node, RoomStore.Present there) {
            lock.lock();
            try {
                presence.present(node, there);
            } finally {
                lock.unlock();
            }
        }

        @Override
        public void signalled(Draft draft) {
            signals.add(draft);
            turn.isDue();
        }

        @Override
        public void trimmed(long first) {
            firstStored = first;
            lock.lock();
            try {
                if (closed || log.since() >= first) {
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

    /** Passes a signal on to the members that take it within a second; it is not kept and not counted. */
    public void signal(Draft draft) {
        signals.add(draft);
        turn.isDue();
        if (store == null) {
            return;
        }
        lock.lock();
        try {
            if (stored != null) {
                stored.signal(draft);
            }
        } finally {
            lock.unlock();
        }
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

    /** Takes a wish as it is now, so that it means the same later; as it is while the store has not said what there is. */
    Wish fix(Wish wish) {
        lock.lock();
        try {
            ask();
            return !opening.isOver() || hasToLook(wish) ? wish : at(wish, log.head());
        } finally {
            lock.unlock();
        }
    }

    /** What a wish means when the newest message is at that place. */
    @GuardedBy("lock")
    private Wish.At at(Wish wish, long head) {
        if (wish instanceof Wish.Last last) {
            long oldest = log.isSparse() ? log.first() : first();
            return new Wish.At(log.number(Math.max(oldest, head + 1 - last.messages())), null);
        }
        if (wish instanceof Wish.After after) {
            long newest = log.isSparse() ? Math.max(log.newest(), lookedUpTo) : head;
            boolean isKnown = after.epoch().equals(log.epoch()) && after.seq() <= newest;
            return new Wish.At(isKnown ? after.seq() + 1 : 1, isKnown);
        }
        return (Wish.At) wish;
    }

    /**
     * Whether the store has to look before it is known what a wish means: where others write too, somebody may have seen more than has come
     * here; and what came before all that is in memory may be gone.
     */
    @GuardedBy("lock")
    private boolean hasToLook(Wish wish) {
        return log.isSparse()
                && wish instanceof Wish.After after
                && after.epoch().equals(log.epoch())
                && (after.seq() > log.newest() || after.seq() + 1 < log.since());
    }

    /** Whether somebody wants to go on behind a message of which the store had not heard when it looked last. */
    @GuardedBy("lock")
    private boolean isAhead(Wish wish) {
        return hasToLook(wish) && wish instanceof Wish.After after && after.seq() > Math.max(log.newest(), lookedUpTo);
    }

    /** Sets a member off when the store has looked once more: from now on, since what it looks for may have come this moment. */
    @GuardedBy("lock")
    private void setOffWhenLooked(Member member, Wish wish, Consumer<@Nullable Joined> told) {
        Look look = new Look(member, () -> setOff(member, wish, told));
        looks.add(look);
        asked().look(look);
    }

    /** A member that waits for a look. */
    private final class Look implements RoomStore.Looked {
        /** Both null once nobody waits any more: the store keeps this until it has looked. */
        private @Nullable Member member;

        private @Nullable Runnable then;

        Look(Member member, Runnable then) {
            this.member = member;
            this.then = then;
        }

        @Override
        public void looked(long first, long head) {
            Runnable next;
            lock.lock();
            try {
                looks.remove(this);
                firstStored = Math.max(firstStored, first);
                lookedUpTo = head;
                next = then;
            } finally {
                lock.unlock();
            }
            if (next != null) {
                next.run();
            }
        }
    }

    /** Lets go of those who waited for the store, and whose sessions have ended. For the sweep. */
    void letGoEnded() {
        if (store == null) {
            return;
        }
        lock.lock();
        try {
            opening.letGoEnded();
            for (Look look : looks) {
                if (look.member != null && look.member.hasEnded()) {
                    look.member = null;
                    look.then = null;
                }
            }
        } finally {
            lock.unlock();
        }
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

    /** The number from which on all messages are kept, in memory or in the store. */
    long first() {
        return store == null ? log.first() : firstStored;
    }

    /** Whether messages of that number, or around it where there are holes, may be kept that are not in memory. */
    boolean isOnlyStored(long seq) {
        return store != null && seq >= firstStored && seq < log.since();
    }

    /** Whether what is at a place may be kept, and is not in memory. */
    boolean isOutOfMemory(long place) {
        return store != null && place < log.first() && (log.isSparse() || place >= firstStored);
    }

    /** Where to go on from a place, if what is there is known not to be kept any more. */
    long kept(long place) {
        return log.isSparse() ? place : Math.max(place, first());
    }

    /** Where to go on that is not before a place, when what comes before is missed: where only the store has it, it may not say where that is. */
    long reach(long place) {
        return log.isSparse() ? Math.max(place, log.first()) : place;
    }

    /** The history that is told. */
    Beginning beginning() {
        return beginning;
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
                return Entry.No.GONE;
            }
            if (before == null) {
                if (members.size() >= limits.members()) {
                    return Entry.No.ROOM_FULL;
                }
                presence.joined(name);
            } else if (!endLocked(before)) {
                return Entry.No.GONE; // it has left meanwhile, since its session ended
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
            if (!opening.isOver()) {
                unplaced++;
                opening.add(member, isOpen -> {
                    if (isOpen) {
                        setOffWhenOpen(member, wish, told);
                    } else {
                        setOff(member, null, told);
                    }
                });
            } else if (hasToLook(wish)) {
                unplaced++;
                setOffWhenLooked(member, wish, told);
            } else {
                joined = place(member, wish); // under the same lock: what is appended from now on is counted for it
            }
        } finally {
            lock.unlock();
        }
        if (joined != null) {
            told.accept(joined);
        }
        return new Entry.In(member);
    }

    private void setOffWhenOpen(Member member, Wish wish, Consumer<@Nullable Joined> told) {
        lock.lock();
        try {
            if (!member.hasLeft() && isAhead(wish)) { // it was said on another node since the store began to look
                setOffWhenLooked(member, wish, told);
                return;
            }
        } finally {
            lock.unlock();
        }
        setOff(member, wish, told);
    }

    /** Where to, or null when there is nowhere. */
    private void setOff(Member member, @Nullable Wish wish, Consumer<@Nullable Joined> told) {
        Joined joined = null;
        lock.lock();
        try {
            if (wish == null) {
                endLocked(member); // and nobody hears of it: all leave
            } else if (member.hasLeft()) {
                joined = now(member);
            } else {
                unplaced--;
                joined = place(member, wish);
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
        Wish.At at = at(wish, wish instanceof Wish.At ? head : openedAt);
        boolean isResumed = Boolean.TRUE.equals(at.resumes());
        // Who resumes is told what is gone by a gap, so its cursor starts there.
        long from = isResumed ? at.from() : Math.max(first(), at.from());
        long place = log.place(from);
        // What has no place here is counted when it is taken.
        long replay = log.isSparse() && from < log.since() ? log.since() : 0;
        member.place(place, from, replay, head, beginning);
        tally.offered(head + 1 - place);
        Boolean recovered = at.resumes() == null ? null : isResumed && at.from() >= first();
        return new Joined(member, log.epoch(), log.newest(), presence.count(), recovered);
    }

    @GuardedBy("lock")
    private Joined now(Member member) {
        return new Joined(member, log.epoch(), log.newest(), presence.count(), null);
    }

    /**
     * Says of a member that is in what it was told when it came in, as it is now: at once, or later by a thread of the store's; null if it
     * did not come in after all.
     */
    public void tell(Member member, Consumer<@Nullable Joined> told) {
        opening.whenOver(member, isOpen -> {
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
     * @param by who asks; null for somebody who waits whatever happens
     * @param told given the page: at once, or later by a thread of the store's; null when it cannot be read
     */
    public void read(@Nullable Member by, History.Range range, Consumer<History.@Nullable Page> told) {
        opening.whenOver(by, isOpen -> {
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
            if (stored != null && presence.hasChangedHere()) {
                stored.present(presence.here());
            }
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
            if (!members.isEmpty() || (stored != null && !opening.isOver()) || !looks.isEmpty()) {
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

    /** How many members there are, those on other nodes too. */
    int count() {
        lock.lock();
        try {
            return presence.count();
        } finally {
            lock.unlock();
        }
    }

    /** How many members there are here. */
    int memberCount() {
        lock.lock();
        try {
            return members.size();
        } finally {
            lock.unlock();
        }
    }

    /** The counts so far, of this room and those that are counted with it. */
    Counts counts() {
        return tally.counts();
    }

    void count(long taken, long skipped) {
        if (taken > 0) {
            tally.delivered(taken);
        }
        if (skipped > 0) {
            tally.missed(skipped);
        }
    }

    /** Counts what was taken that had no place: it is offered by being taken. */
    void countReplayed(long taken) {
        tally.offered(taken);
        tally.delivered(taken);
    }

    /** The place of the newest message that members may take. */
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
            tally.missed(log.head() + 1 - at);
        } else {
            unplaced--;
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
