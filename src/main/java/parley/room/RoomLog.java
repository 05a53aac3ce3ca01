package parley.room;

import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * A room's log: the newest messages in a {@link Ring}, and all that are kept in the {@link RoomStore} behind it. The
 * room, its members and its clients' requests read one log and do not know where a message is.
 *
 * <p>Any thread may call any method; methods whose name ends in {@code Locked} are for a thread that holds the room's
 * lock. The store is never called with the lock held.
 */
final class RoomLog {
    private static final long NONE = 0;

    private final ReentrantLock lock;
    private final RoomLimits limits;
    private final LogBudget budget;
    private final Clock clock;
    private final LongSupplier elapsed;
    private final Tally tally;
    private final Members members;
    private final Roster roster;
    private final Ring ring;
    private final PageCache pages;
    private final Starts starts;
    private final Growing growing;
    private final KeyedValues keys;

    /** Set when the room is made, before any other thread knows it. */
    private RoomStore.@Nullable Log store;

    /** Where the history began that members are in. Written under the lock. */
    private volatile Beginning beginning = new Beginning("", 1, 0);

    private volatile RoomStore.Numbering numbering = RoomStore.Numbering.CONSECUTIVE;
    /** Whether changes may be among what is kept. Written under the lock. */
    private volatile boolean hasChanges;
    /** The number from which on the store has all messages. */
    private volatile long firstStored = RoomStore.NOTHING;

    /** When something was published last, by the time that only goes up. Written under the lock. */
    private volatile long publishedAtMillis;

    /**
     * The place of the newest message that members may take: the head when the last turn began. Written by the turn.
     */
    private volatile long turnedTo;

    // Guarded by the room's lock
    /** When the oldest message was published that no turn has fanned out; else NONE. */
    private long waitingSinceNanos = NONE;

    /** Set when the room is given up: what comes then is not kept, and counted nowhere. */
    private boolean isClosed;

    RoomLog(
            RoomLimits limits,
            Members members,
            Tally tally,
            LogBudget budget,
            Clock clock,
            LongSupplier elapsed,
            Roster roster,
            ReentrantLock lock) {
        this.roster = roster;
        this.members = members;
        this.tally = tally;
        this.limits = limits;
        this.budget = budget;
        this.clock = clock;
        this.elapsed = elapsed;
        this.lock = lock;
        this.ring = new Ring(limits.history(), limits.historyBytes(), limits.backlogBytes());
        this.starts = new Starts(this, ring, lock);
        this.growing = new Growing(limits.growth(), clock, elapsed, this::change);
        this.keys = new KeyedValues(this, budget.keys(), limits, clock::millis);
        this.pages =
                new PageCache((query, onAnswer) -> store().read(query, onAnswer), ring::newest, limits.batchBytes());
    }

    /** Opens the store's log. Once, by the thread that makes the room. */
    void open(RoomStore from, RoomName name, RoomStore.Listener room) {
        store = from.open(name, room);
    }

    RoomStore.Log store() {
        return Objects.requireNonNull(store, "the room was not opened");
    }

    Ring ring() {
        return ring;
    }

    /** The newest value of each key. */
    KeyedValues keys() {
        return keys;
    }

    /** Its messages that still grow. */
    Growing growing() {
        return growing;
    }

    /** Whether a message of its still grows. */
    boolean isGrowing() {
        return growing.count() > 0;
    }

    /** What starts of members mean. */
    Starts starts() {
        return starts;
    }

    Beginning beginning() {
        return beginning;
    }

    long firstStored() {
        return firstStored;
    }

    /** Whether the message at a place may be had still: memory keeps it, or there is a store that may. */
    boolean keepsAt(long place) {
        return place >= ring.first() || firstStored != RoomStore.NOTHING;
    }

    /** The number from which on all messages are kept, in memory or in the store. */
    long first() {
        return Math.min(firstStored, ring.since());
    }

    /** The number from which on all are kept, where clients cannot tell by the numbers themselves. */
    @Nullable
    Long firstWhereNumbersHaveHoles() {
        return numbersCountMessages() ? null : first();
    }

    /** Whether the number of each message is one more than that of the one before. */
    boolean hasConsecutiveNumbers() {
        return numbering == RoomStore.Numbering.CONSECUTIVE;
    }

    /** Whether the numbers alone say how many messages there are, since none of them is that of a change. */
    boolean numbersCountMessages() {
        return hasConsecutiveNumbers() && !hasChanges;
    }

    /** How many messages come between two numbers, or {@link Frames#UNKNOWN}. */
    long countBetween(long after, long before) {
        return hasConsecutiveNumbers() ? before - after - 1 : Frames.UNKNOWN;
    }

    /** Adds a message; the room hears of it, then the callback is called. Not under the lock. */
    void append(Draft draft, RoomStore.@Nullable Expected expected, Consumer<Outcome> onResult) {
        growing.add(
                draft,
                onResult,
                then -> {
                    if (expected == null) {
                        store().append(clock.millis(), draft, then);
                    } else {
                        store().appendBehind(expected, clock.millis(), draft, then);
                    }
                },
                then -> store().appendBehind(RoomStore.Expected.NOWHERE, clock.millis(), draft, then));
    }

    /** Changes a message; as {@link #append}. */
    void change(ChangeDraft change, Consumer<Outcome> onResult) {
        store().change(clock.millis(), change.within(limits), onResult);
    }

    /** The newest message that is known, of the history that members are in. */
    RoomStore.Expected newest() {
        lock.lock();
        try {
            return new RoomStore.Expected(beginning.epoch(), ring.newest());
        } finally {
            lock.unlock();
        }
    }

    /** Finds messages that the ring has let go of: now, or later, when the reader is called. Not under the lock. */
    Optional<Page> page(long from, long until, PageCache.Reader reader) {
        return pages.find(from, until, reader);
    }

    /** Whether members have to ask again for a page that could not be read. For the sweep, once each time. */
    boolean isPageDue() {
        return pages.sweep();
    }

    /** Makes messages final that are open for too long; whether a turn is due, for other reasons. For the sweep. */
    boolean sweep() {
        growing.sweep();
        return isPageDue() | isOverLimits();
    }

    /** Lets go of pages that members share. */
    void letPagesGo() {
        pages.letGo();
        keys.letFramesGo();
    }

    /** Lets go of those that have what messages said before these changes. */
    void letPagesGoOf(List<Message> changes) {
        pages.letGoOf(changes);
    }

    /** Takes in what the store has; where members are in already, what it has is new for them. */
    void opened(RoomStore.Contents contents, BooleanSupplier isFirstLocked) {
        lock.lock();
        try {
            if (isClosed) {
                return;
            }
            boolean isFirst = isFirstLocked.getAsBoolean();
            long before = ring.bytes();
            ring.begin(contents.since() - 1);
            ring.isAlone(contents.first() == RoomStore.NOTHING);
            hasChanges = contents.changes() > 0;
            numbering = contents.numbering();
            firstStored = contents.first();
            beginning = new Beginning(contents.epoch(), ring.head() + 1, contents.since() - 1);
            contents.newest().forEach(ring::add);
            growing.opened(contents.open());
            budget.add(ring.bytes() - before);
            starts.openedLocked(contents.head(), isFirst);
            if (isFirst) {
                turnedTo = ring.head();
            } else {
                countLocked(contents.newest());
            }
        } finally {
            lock.unlock();
        }
    }

    /** Adds messages that the store keeps. */
    void appended(List<Message> messages) {
        boolean hasReleased;
        lock.lock();
        try {
            if (isClosed) {
                return;
            }
            long before = ring.bytes();
            hasChanges |= !messages.stream().allMatch(Message::counts); // before any thread can count them
            messages.forEach(ring::add);
            growing.added(messages);
            budget.add(ring.bytes() - before);
            countLocked(messages);
            hasReleased = ring.hasReleased();
        } finally {
            lock.unlock();
        }
        if (hasReleased) {
            store().released(ring.since());
        }
        budget.check();
    }

    private void countLocked(List<Message> messages) {
        assert lock.isHeldByCurrentThread();
        tally.published(messages.size());
        if (hasChanges) { // else none is to be looked for, in the busiest rooms
            tally.reacted(messages.stream().filter(Message::isReaction).count());
        }
        tally.offered((long) messages.size() * members.placedLocked());
        roster.saidLocked(beginning.epoch(), messages);
        publishedAtMillis = elapsed.getAsLong();
        if (waitingSinceNanos == NONE) {
            waitingSinceNanos = System.nanoTime();
        }
    }

    /** When something was published last, by the time that only goes up. */
    long publishedAtMillis() {
        return publishedAtMillis;
    }

    /**
     * A turn begins: members may take all that is there now. For the turn alone.
     *
     * @return when the oldest message was published that no turn has fanned out; 0 for none
     */
    long beginTurn() {
        long since;
        lock.lock();
        try {
            since = waitingSinceNanos;
            waitingSinceNanos = NONE;
            ring.lookAtNeeds();
        } finally {
            lock.unlock();
        }
        turnedTo = ring.head();
        return since;
    }

    /** The place of the newest message that members may take. */
    long turnedTo() {
        return turnedTo;
    }

    /** The store has let go of the messages before that number. */
    void trimmed(long first) {
        growing.trimmed(first);
        lock.lock();
        try {
            if (firstStored != RoomStore.NOTHING) {
                firstStored = first;
            }
            if (!isClosed) {
                long before = ring.bytes();
                ring.forgetBefore(first);
                budget.add(ring.bytes() - before);
            }
        } finally {
            lock.unlock();
        }
        pages.letGo();
    }

    /**
     * Where the message of that number or the next one is in memory; empty if memory may have let go of messages in
     * between.
     */
    Optional<Spot> find(long seq) {
        lock.lock();
        try {
            return seq < ring.since() ? Optional.empty() : Optional.of(spotLocked(ring.placeOf(seq)));
        } finally {
            lock.unlock();
        }
    }

    /** That place, or where memory begins if it has let go of that. */
    Spot spot(long place) {
        lock.lock();
        try {
            return spotLocked(Math.max(place, ring.first()));
        } finally {
            lock.unlock();
        }
    }

    private Spot spotLocked(long place) {
        assert lock.isHeldByCurrentThread();
        return new Spot(place, ring.numberAt(place));
    }

    /**
     * A member goes on with the messages from that place on, which needed none from memory when the last turn looked.
     */
    void need(long place) {
        lock.lock();
        try {
            ring.needToo(place);
        } finally {
            lock.unlock();
        }
    }

    /** Whether memory holds more than the limits allow, because members need it or did so when the last turn began. */
    boolean isOverLimits() {
        lock.lock();
        try {
            return !isClosed && ring.isOverLimits();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Lets go of messages beyond the limits that no member needs any more.
     *
     * @param needed the oldest place that members need of those that were there when the turn began
     */
    void letTakenGo(long needed) {
        boolean hasReleased;
        lock.lock();
        try {
            if (isClosed || !ring.isOverLimits()) {
                return;
            }
            long before = ring.bytes();
            ring.need(needed);
            budget.add(ring.bytes() - before);
            hasReleased = ring.hasReleased();
        } finally {
            lock.unlock();
        }
        if (hasReleased) {
            store().released(ring.since());
        }
    }

    /** The bytes of the messages that memory holds. */
    long bytes() {
        lock.lock();
        try {
            return ring.bytes();
        } finally {
            lock.unlock();
        }
    }

    /** Lets go of all that memory holds and no member needs; false when that was nothing. */
    boolean forgetTaken() {
        return forgetBefore(() -> {
            long needed = Long.MAX_VALUE;
            for (Member member : members.walk()) {
                needed = Math.min(needed, member.needs());
            }
            return needed;
        });
    }

    /** Lets go of all that memory holds; false when that was nothing. */
    boolean forget() {
        return forgetBefore(() -> Long.MAX_VALUE);
    }

    private boolean forgetBefore(LongSupplier placeLocked) {
        lock.lock();
        try {
            long before = ring.bytes();
            if (isClosed || before == 0) {
                return false;
            }
            ring.forgetBeforePlace(placeLocked.getAsLong());
            if (ring.bytes() == before) {
                return false;
            }
            budget.add(ring.bytes() - before);
        } finally {
            lock.unlock();
        }
        store().released(ring.since());
        return true;
    }

    /** The room is given up. */
    void closeLocked() {
        assert lock.isHeldByCurrentThread();
        if (!isClosed) {
            isClosed = true;
            keys.close();
            budget.add(-ring.bytes());
        }
    }

    /** Has the store find out what there is; then the callback is called, at once or later. Not under the lock. */
    void refresh(Runnable then) {
        store().refresh(extent -> {
            lock.lock();
            try {
                firstStored = Math.max(firstStored, extent.first());
                starts.lookedUpToLocked(extent.head());
            } finally {
                lock.unlock();
            }
            then.run();
        });
    }

    /** Places a cursor, and returns the place. */
    long placeLocked(Cursor cursor, Start.At at) {
        assert lock.isHeldByCurrentThread();
        // A client that resumes hears by a gap what is gone, so its cursor starts there.
        long from = Boolean.TRUE.equals(at.resumes()) ? at.from() : Math.max(first(), at.from());
        long place = ring.placeOf(from);
        Spot newest = new Spot(ring.head(), ring.newest());
        cursor.place(place, from, beginning, at.resumes() == null ? newest : Cursor.NO_PAST);
        ring.needToo(place);
        return place;
    }
}
