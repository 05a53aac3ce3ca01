package parley.room;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What stores know of watched rooms that are not open. A room on disk is opened once to ask, and given up as any room
 * that nobody is in: what is published later opens it here. A room that other nodes write to is kept open as long as
 * it is watched, up to half of the rooms that may be open: the node then hears of each message, and of the members elsewhere.
 *
 * <p>Methods whose name ends in {@code Locked} are for a thread that holds the lock of {@link Watching}, which guards
 * the rest.
 */
final class WatchedStores {
    /** How many stores are asked at a time. */
    private static final int MOST_ASKED = 64;
    /** After how many ticks a store is asked again that could not answer: two seconds. */
    private static final int PAUSE = 8;

    private final RoomRegistry rooms;
    private final WatchLimits limits;
    private final Watching watching;

    // Guarded by the lock of Watching
    private final Set<WatchedRoom> toAsk = new LinkedHashSet<>();
    /** Rooms that others write to, which are asked for when fewer are kept open. */
    private final Set<WatchedRoom> toHold = new LinkedHashSet<>();
    /** Rooms that are to be kept open no more: that takes their locks. */
    private final List<Room> toRelease = new ArrayList<>();

    private int asked;
    private int held;
    private long ticks;

    WatchedStores(RoomRegistry rooms, WatchLimits limits, Watching watching) {
        this.rooms = rooms;
        this.limits = limits;
        this.watching = watching;
    }

    int heldLocked() {
        return held;
    }

    /** Whether a room that is open is to be kept open from now on; lets go of one that is not to be any more. */
    boolean wantsHoldLocked(WatchedRoom its, Room room, WatchedRoom.Truth seen) {
        if (rooms.store(its.name()).beyond() != RoomStore.Beyond.SHARED) {
            return false;
        }
        boolean isWanted = its.isNamed() || seen.count() > 0;
        if (!isWanted || its.held() != room) {
            endHoldLocked(its); // another one was, which could not stay
        }
        return isWanted && its.held() == null && held < limits.held();
    }

    /** A room is kept open: whose visitors this has been counted with. */
    void holdLocked(WatchedRoom its, Room room) {
        if (its.held() != null) {
            toRelease.add(room);
        } else {
            its.held(room);
            held++;
        }
    }

    void releaseLocked(Room room) {
        toRelease.add(room);
    }

    private void endHoldLocked(WatchedRoom its) {
        Room room = its.held();
        if (room != null) {
            its.held(null);
            held--;
            toRelease.add(room);
        }
    }

    /** Nobody watches a room any more. */
    void droppedLocked(WatchedRoom its) {
        toAsk.remove(its);
        toHold.remove(its);
        endHoldLocked(its);
    }

    /** A room is not open: what is known of it, or null where its store has to be asked first. */
    WatchedRoom.@Nullable Truth closedLocked(WatchedRoom its) {
        endHoldLocked(its); // it could not be opened, or is another room of that name
        RoomStore.Beyond beyond = rooms.store(its.name()).beyond();
        if (beyond == RoomStore.Beyond.NOTHING || !its.isNamed()) {
            return WatchedRoom.Truth.NOWHERE;
        }
        RoomStore.Expected newest = its.stored(); // from the store, or from the room when it was given up
        if (beyond == RoomStore.Beyond.KEPT && newest != null) {
            return new WatchedRoom.Truth(newest.seq() == 0 ? null : newest, 0);
        }
        askLocked(its, ticks);
        return null;
    }

    /** Asks the store of a room after a while. */
    void askLaterLocked(WatchedRoom its) {
        askLocked(its, ticks + PAUSE);
    }

    /** Asks the store of a room that is not open for its last message and for read marks. */
    void askForMoreLocked(WatchedRoom its) {
        if (its.isNamed() && rooms.store(its.name()).beyond() == RoomStore.Beyond.KEPT) {
            askLocked(its, ticks);
        }
    }

    private void askLocked(WatchedRoom its, long at) {
        if (!its.isAsked()) {
            its.asked(true, at);
            toAsk.add(its);
        }
    }

    /** Asks stores, as many at a time as may be, and lets go of rooms that are not to be kept open any more. */
    void tick() {
        List<Room> released;
        List<WatchedRoom> now = new ArrayList<>();
        watching.lock();
        try {
            ticks++;
            released = List.copyOf(toRelease);
            toRelease.clear();
            int most = Math.min(MOST_ASKED, limits.open() - rooms.roomCount());
            move(toHold, toAsk, limits.held() - held);
            for (Iterator<WatchedRoom> rest = toAsk.iterator(); rest.hasNext() && asked < most; ) {
                WatchedRoom next = rest.next();
                if (next.askAt() > ticks) {
                    continue;
                }
                rest.remove();
                if (isTooManyLocked(next)) {
                    toHold.add(next);
                } else {
                    asked++;
                    now.add(next);
                }
            }
        } finally {
            watching.unlock();
        }
        released.forEach(room -> room.visitors().leave());
        now.forEach(this::ask);
    }

    private static void move(Set<WatchedRoom> from, Set<WatchedRoom> to, int most) {
        Iterator<WatchedRoom> next = from.iterator();
        for (int left = most; left > 0 && next.hasNext(); left--) {
            to.add(next.next());
            next.remove();
        }
    }

    private boolean isTooManyLocked(WatchedRoom its) {
        return held >= limits.held() && rooms.store(its.name()).beyond() == RoomStore.Beyond.SHARED;
    }

    private void ask(WatchedRoom its) {
        boolean isFound =
                rooms.visit(its.name(), (room, newest) -> answered(its, room, newest), () -> answered(its, null, null));
        if (!isFound) {
            answered(its, null, null); // as many rooms as there may be
        }
    }

    private void answered(WatchedRoom its, @Nullable Room room, RoomStore.@Nullable Expected newest) {
        boolean isShared = rooms.store(its.name()).beyond() == RoomStore.Beyond.SHARED;
        boolean isHeld = room != null && isShared && room.visitors().enter();
        boolean wantsLast;
        watching.lock();
        try {
            asked--;
            its.asked(false, 0);
            boolean isWatched = watching.isWatchedLocked(its);
            if (isHeld && room != null) {
                if (isWatched && held < limits.held()) {
                    holdLocked(its, room);
                } else {
                    toRelease.add(room);
                }
            }
            if (!isWatched) {
                return;
            }
            if (newest == null) {
                askLaterLocked(its);
                return;
            }
            its.stored(newest);
            if (room != null) {
                its.trimmed(newest.epoch(), room.log().first());
                its.seen(room.log());
            }
            wantsLast = its.isLastWanted() && newest.seq() > 0;
        } finally {
            watching.unlock();
        }
        if (wantsLast && room != null) {
            watching.readLast(room);
        }
        if (room != null) {
            watching.marks().find(room); // now that it is open
        }
        watching.lookSoon(its.name());
    }
}
