package parley.room;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.protocol.WatchedJson;

/**
 * All rooms that clients watch without being in them, and what is known of each: its newest message and how many
 * members it has. Any thread may call any method, except where it says otherwise.
 *
 * <p>Rooms note here that something of them may have changed, without a lock. A <i>tick</i>, four times a second at
 * most, looks at each of those once for all clients, marks it as pending with those that watch it, and has them woken.
 * So its cost is that of what has changed in rooms that are watched.
 *
 * <p>The lock guards what is known of rooms and what each {@link Watcher} watches and has pending. No room's lock is
 * taken while it is held, and nothing is sent, read or called but the rights of a client, which are a pure function.
 * The tick alone changes what is known of a room, but for its last message; so nothing older comes after something
 * newer.
 */
public final class Watching {
    /** How many watchers a task wakes. */
    private static final int WOKEN_TOGETHER = 64;

    private final RoomRegistry rooms;
    private final WatchLimits limits;
    private final Executor fanOut;
    private final WatchedStores stores;
    private final PatternWatchers patterns = new PatternWatchers();

    /** Written under the lock, read without it by rooms that have changed. */
    private final Map<RoomName, WatchedRoom> watched = new ConcurrentHashMap<>();
    /** Rooms of which something may have changed since the last tick. */
    private final Set<RoomName> changed = ConcurrentHashMap.newKeySet();

    private final ReentrantLock lock = new ReentrantLock();

    // Guarded by the lock
    private final Set<Watcher> watchers = new HashSet<>();

    /** Those that have something pending since the last tick. */
    private final Set<Watcher> toWake = new LinkedHashSet<>();

    /** How many rooms all watch together. */
    private int pairs;

    private final LastMessages lasts;
    private final WatchedMarks marks;

    Watching(RoomRegistry rooms, WatchLimits limits, Executor fanOut) {
        this.rooms = rooms;
        this.limits = limits;
        this.fanOut = fanOut;
        this.lasts = new LastMessages(limits.lastBytes());
        this.marks = new WatchedMarks(rooms, this);
        this.stores = new WatchedStores(rooms, limits, this);
    }

    /**
     * A client that watches nothing yet. It is to be {@linkplain Watcher#close closed}.
     *
     * @param user which user it is; null for none
     */
    public Watcher watcher(@Nullable String user, Runnable wake) {
        return new Watcher(this, user, wake);
    }

    /** How much clients may watch. */
    public WatchLimits limits() {
        return limits;
    }

    /** How many clients watch rooms. */
    public int watcherCount() {
        lock();
        try {
            return watchers.size();
        } finally {
            unlock();
        }
    }

    /** How many rooms they watch, a room counted once for each. */
    public int watchedCount() {
        lock();
        try {
            return pairs;
        } finally {
            unlock();
        }
    }

    /** How many different rooms they watch. */
    public int roomCount() {
        return watched.size();
    }

    /** How many rooms are kept open for them. */
    public int heldCount() {
        lock();
        try {
            return stores.heldLocked();
        } finally {
            unlock();
        }
    }

    /** The bytes of the last messages that are kept for them. */
    public long lastBytes() {
        lock();
        try {
            return lasts.bytesLocked();
        } finally {
            unlock();
        }
    }

    /** How many read marks of how many users are kept for them. */
    public int markCount() {
        lock();
        try {
            return marks.sizeLocked();
        } finally {
            unlock();
        }
    }

    /** Has rooms note here what changes, besides what they tell the other. */
    TurnObserver noting(TurnObserver other) {
        return new WatchedTurns(this, other);
    }

    /** Something of a room may have changed, or it is not there any more. Takes no lock. */
    void changed(RoomName room) {
        if (watched.containsKey(room) || patterns.isNew(room)) {
            changed.add(room);
        }
    }

    /**
     * A store does not keep messages of a room before that number any more: nobody is sent one of them from here on. A
     * page that was read before may come later, so it is noted. Not under the room's lock.
     */
    public void trimmed(RoomName room, String epoch, long first) {
        if (!watched.containsKey(room)) {
            return;
        }
        lock();
        try {
            WatchedRoom its = watched.get(room);
            if (its != null) {
                marks.trimmedLocked(its, first);
            }
            if (its != null && its.trimmed(epoch, first)) {
                lastIsGoneLocked(its);
            }
        } finally {
            unlock();
        }
    }

    private void lastIsGoneLocked(WatchedRoom its) {
        lasts.dropLocked(its);
        its.watchers().forEach(watcher -> watcher.changedLocked(its.name()));
    }

    /** A room has been given up. Not under its lock. */
    void closed(Room room) {
        RoomName name = room.name();
        RoomStore.Expected newest = room.log().newest();
        boolean isShared = rooms.store(name).beyond() == RoomStore.Beyond.SHARED;
        lock();
        try {
            patterns.goneLocked(name);
            WatchedRoom its = watched.get(name);
            if (its != null) {
                marks.closedLocked(its, newest.epoch(), room.log(), isShared);
            }
            if (its != null && !newest.epoch().isEmpty()) {
                its.stored(newest); // no tick may have looked at the room since it was published
            }
            if (its != null && its.last() != null && isShared) {
                lastIsGoneLocked(its); // from here on nobody says when it is let go of
            }
        } finally {
            unlock();
        }
        changed(name);
    }

    /** Looks at what has changed and has those woken that watch it. For one thread at a time. */
    public void tick() {
        for (Iterator<RoomName> next = changed.iterator(); next.hasNext(); ) {
            RoomName room = next.next();
            next.remove(); // before it is looked at: what changes from here on is looked at the next time
            look(room);
        }
        stores.tick();
        marks.tick();
        lookForSpace().forEach(Watcher::lookAgain);
        wake();
    }

    /** Last messages and rooms that were too many before may have space now: with the next tick. */
    private List<Watcher> lookForSpace() {
        lock();
        try {
            lasts.fittingLocked().forEach(its -> changed.add(its.name()));
            return patterns.toLookLocked();
        } finally {
            unlock();
        }
    }

    private void look(RoomName name) {
        Room room = rooms.all().get(name);
        WatchedRoom.Truth seen = room == null ? null : truth(room);
        if (room != null && seen == null) {
            return; // it is being opened, and notes here when it is
        }
        boolean isThere = seen != null && (seen.count() > 0 || seen.newest() != null);
        boolean wantsHold;
        lock();
        try {
            if (isThere) {
                patterns.thereLocked(name);
            } else {
                patterns.goneLocked(name);
            }
            WatchedRoom its = watched.get(name);
            if (its == null) {
                return;
            }
            wantsHold = room != null && seen != null && stores.wantsHoldLocked(its, room, seen);
        } finally {
            unlock();
        }
        boolean isHeld = wantsHold && room != null && room.visitors().enter();
        WatchedRoom.Last last = room == null || seen == null ? null : inMemory(room, seen);
        boolean isLastMissing;
        boolean hasMarks;
        lock();
        try {
            WatchedRoom its = watched.get(name);
            if (its == null) {
                if (isHeld && room != null) {
                    stores.releaseLocked(room);
                }
                return;
            }
            if (isHeld && room != null) {
                stores.holdLocked(its, room);
            }
            WatchedRoom.Truth now = seen != null ? seen : stores.closedLocked(its);
            if (now != null) {
                isLocked(its, now, room, last);
            }
            hasMarks = marks.lookLocked(its, now == null ? null : now.newest(), room);
            if (!isThere) {
                List.copyOf(its.watchers()).forEach(watcher -> watcher.closedLocked(name));
            }
            isLastMissing = its.isLastMissing();
            if (room == null && (isLastMissing || its.hasMarksToFind())) {
                stores.askForMoreLocked(its);
            }
        } finally {
            unlock();
        }
        if (isLastMissing && room != null && last == null) {
            readLast(room);
        }
        if (hasMarks && room != null) {
            marks.find(room);
        }
    }

    /** What there is to tell of a room; null while its store has not said what there is. */
    private static WatchedRoom.@Nullable Truth truth(Room room) {
        RoomLog log = room.log();
        RoomStore.Expected newest = log.newest();
        if (newest.epoch().isEmpty()) {
            return null;
        }
        // Where rooms share numbers that of an empty room is of another's message.
        boolean hasAny = log.hasConsecutiveNumbers()
                ? newest.seq() > 0
                : log.ring().head() >= log.beginning().place();
        return new WatchedRoom.Truth(hasAny ? newest : null, room.roster().count());
    }

    /** The last message, if it is in memory. */
    private WatchedRoom.@Nullable Last inMemory(Room room, WatchedRoom.Truth seen) {
        RoomStore.Expected newest = seen.newest();
        lock();
        try {
            WatchedRoom its = watched.get(room.name());
            if (newest == null || its == null || !its.isMissing(newest)) {
                return null;
            }
        } finally {
            unlock();
        }
        return room.log()
                .ring()
                .lastMessage(newest.seq())
                .map(message -> new WatchedRoom.Last(
                        newest.epoch(), newest.seq(), message.seq(), WatchedJson.last(room.name(), message)))
                .orElse(null);
    }

    /** Reads the last message of a room that memory does not have any more. Not under the lock. */
    void readLast(Room room) {
        long newest = room.log().hasConsecutiveNumbers() ? room.newest().seq() : 0;
        room.read(null, History.Range.newest(1), page -> {
            RoomName name = room.name();
            WatchedRoom.Last last = null;
            if (page != null && !page.messages().isEmpty()) {
                Message message = page.messages().get(page.messages().size() - 1);
                long upTo = Math.max(newest, message.seq());
                last = new WatchedRoom.Last(page.epoch(), upTo, message.seq(), WatchedJson.last(name, message));
            }
            lock();
            try {
                WatchedRoom its = watched.get(name);
                if (its == null) {
                    return;
                }
                if (page == null) {
                    stores.askLaterLocked(its);
                } else if (last == null) {
                    its.lastIsLetGo();
                } else if ((its.truth() == null || its.isLast(last.epoch(), last.seq()))
                        && keepLastLocked(its, room, last)) {
                    its.watchers().forEach(watcher -> watcher.changedLocked(name));
                }
            } finally {
                unlock();
            }
        });
    }

    /** Takes in what a room is like, and marks it as pending with all that watch it. */
    private void isLocked(
            WatchedRoom its, WatchedRoom.Truth now, @Nullable Room room, WatchedRoom.@Nullable Last last) {
        boolean isLast = last != null && keepLastLocked(its, room, last);
        boolean isOther = its.is(now);
        WatchedRoom.Last kept = its.last();
        if (kept != null && !its.isLast(kept.epoch(), kept.seq())) {
            lasts.dropLocked(its); // there is a newer one, which may take its space
        }
        if (isOther || isLast) {
            its.watchers().forEach(watcher -> watcher.changedLocked(its.name()));
        }
    }

    /** Keeps the last message of a room, unless there are too many bytes of them; whether it does. */
    private boolean keepLastLocked(WatchedRoom its, @Nullable Room room, WatchedRoom.Last last) {
        boolean isClosed = rooms.all().get(its.name()) != room;
        if (!its.isLastWanted()
                || (isClosed && rooms.store(its.name()).beyond() == RoomStore.Beyond.SHARED)
                || its.isTrimmed(last.epoch(), last.message())) {
            lasts.dropLocked(its);
            return false;
        }
        return lasts.keepLocked(its, last);
    }

    private void wake() {
        List<Watcher> due = new ArrayList<>();
        lock();
        try {
            for (Watcher watcher : toWake) {
                if (watcher.isDueLocked()) {
                    due.add(watcher);
                }
            }
            toWake.clear();
        } finally {
            unlock();
        }
        for (int from = 0; from < due.size(); from += WOKEN_TOGETHER) {
            List<Watcher> some = due.subList(from, Math.min(from + WOKEN_TOGETHER, due.size()));
            fanOut.execute(() -> some.forEach(Watcher::wake));
        }
    }

    void lock() {
        lock.lock();
    }

    void unlock() {
        lock.unlock();
    }

    /** Whether clients may watch that many more rooms and patterns. */
    boolean hasSpaceLocked(int moreRooms, int morePatterns) {
        assert lock.isHeldByCurrentThread();
        return (moreRooms <= 0 || pairs + moreRooms <= limits.roomsInAll()) && patterns.hasSpaceLocked(morePatterns);
    }

    /** A client has a list from now on. */
    void listedLocked(Watcher watcher, boolean watchesAny, int itsPatterns) {
        assert lock.isHeldByCurrentThread();
        if (watchesAny) {
            watchers.add(watcher);
        }
        patterns.listedLocked(watcher, itsPatterns);
    }

    /** It has that list no more. */
    void unlistedLocked(Watcher watcher, int itsPatterns) {
        assert lock.isHeldByCurrentThread();
        watchers.remove(watcher);
        toWake.remove(watcher);
        patterns.unlistedLocked(watcher, itsPatterns);
    }

    /** There are more rooms for a client than it may watch, or not any more. */
    void crampedLocked(Watcher watcher, boolean is) {
        assert lock.isHeldByCurrentThread();
        patterns.crampedLocked(watcher, is);
    }

    /** A client watches a room. */
    WatchedRoom watchLocked(RoomName room, Watcher watcher, boolean wantsLast) {
        assert lock.isHeldByCurrentThread();
        WatchedRoom its = watched.computeIfAbsent(room, WatchedRoom::new);
        its.add(watcher, wantsLast);
        pairs++;
        if (its.truth() == null || its.isLastMissing()) {
            changed.add(room); // now that rooms find it
        }
        return its;
    }

    /** It does not any more. */
    void unwatchLocked(WatchedRoom room, Watcher watcher, boolean wantsLast) {
        assert lock.isHeldByCurrentThread();
        room.remove(watcher, wantsLast);
        pairs--;
        patterns.spaceLocked();
        if (!room.isLastWanted()) {
            lasts.unwantedLocked(room);
        }
        if (room.watchers().isEmpty()) {
            watched.remove(room.name());
            stores.droppedLocked(room);
        } else if (!room.isNamed()) {
            changed.add(room.name()); // it may be kept open for nobody
        }
    }

    /** Has a client woken at the next tick. */
    void wakeLocked(Watcher watcher) {
        assert lock.isHeldByCurrentThread();
        toWake.add(watcher);
    }

    boolean isWatchedLocked(WatchedRoom room) {
        assert lock.isHeldByCurrentThread();
        return watched.get(room.name()) == room;
    }

    /** A room that is watched; null for one that is not. */
    @Nullable
    WatchedRoom find(RoomName room) {
        return watched.get(room);
    }

    WatchedMarks marks() {
        return marks;
    }

    /** Has a room looked at with the next tick. */
    void lookSoon(RoomName room) {
        changed.add(room);
    }

    /** The rooms that are open now. */
    Collection<RoomName> open() {
        return rooms.all().keySet();
    }
}
