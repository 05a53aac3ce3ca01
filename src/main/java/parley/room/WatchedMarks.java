package parley.room;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import parley.protocol.ReadMark;
import parley.protocol.RoomName;

/**
 * Up to where the users of clients that watch rooms have read: one mark for each user and room, found once in the
 * room's store and then heard of. Messages that are unread are counted when a client takes its event; what takes the
 * store is counted later, and comes with a later event.
 *
 * <p>Methods whose name ends in {@code Locked} are for a thread that holds the lock of {@link Watching}, which guards
 * the rest; any thread may call the others, without it.
 */
final class WatchedMarks {
    /** How many marks stores look for at a time. */
    private static final int MOST_FINDING = 1_000;
    /** After how many ticks a store is asked again that could not answer: two seconds. */
    private static final int PAUSE = 8;

    /** A store that could not answer is asked again at a tick. */
    private record Later(WatchedMark mark, long at) {}

    private final RoomRegistry rooms;
    private final Watching watching;

    // Guarded by the lock of Watching
    private final Set<WatchedMark> toCount = new LinkedHashSet<>();
    private final Deque<Later> later = new ArrayDeque<>();
    /** Rooms for whose marks there were too many to look for at a time. */
    private final Set<WatchedRoom> crowded = new LinkedHashSet<>();

    private int finding;
    private int size;
    private long ticks;

    WatchedMarks(RoomRegistry rooms, Watching watching) {
        this.rooms = rooms;
        this.watching = watching;
    }

    int sizeLocked() {
        return size;
    }

    /** A client of a user watches a room. Before {@link Watching} looks at that room. */
    WatchedMark addLocked(WatchedRoom room, String user, Watcher watcher) {
        WatchedMark its = room.marks().computeIfAbsent(user, first -> {
            WatchedMark made = new WatchedMark(room, user);
            room.toFind().add(made);
            size++;
            return made;
        });
        its.watchers().add(watcher);
        if (room.hasMarksToFind()) {
            watching.lookSoon(room.name());
        }
        return its;
    }

    /** It does not any more. */
    void removeLocked(WatchedMark its, Watcher watcher) {
        its.watchers().remove(watcher);
        if (its.watchers().isEmpty()) {
            its.room().marks().remove(its.user());
            its.room().toFind().remove(its);
            toCount.remove(its);
            size--;
        }
    }

    private static boolean isWatchedLocked(WatchedMark its) {
        return its.room().marks().get(its.user()) == its;
    }

    /** What a client is sent of a mark, with the event that it takes; null for nothing. */
    @Nullable
    ReadMark takeLocked(WatchedMark its) {
        return its.read(() -> toCount.add(its));
    }

    /**
     * A room is being looked at.
     *
     * @param newest its newest message; null for none, and where that is not known
     * @param room null while it is not open
     * @return whether its store has to be asked for marks
     */
    boolean lookLocked(WatchedRoom its, RoomStore.@Nullable Expected newest, @Nullable Room room) {
        its.log(room == null ? null : room.log());
        return newest != null && its.hasMarksToFind();
    }

    /** A room has been given up; where others write to it, its marks may be others when it is opened again. */
    void closedLocked(WatchedRoom its, String epoch, RoomLog log, boolean isShared) {
        its.log(null);
        its.seen(log);
        if (isShared) {
            its.marksEpoch(null);
        } else if (!epoch.isEmpty()) {
            its.trimmed(epoch, log.first());
        }
    }

    /** A room does not keep messages before that number any more. */
    void trimmedLocked(WatchedRoom its, long first) {
        for (WatchedMark mark : its.marks().values()) {
            if (mark.trimmed(first)) {
                changedLocked(mark);
            }
        }
    }

    private static void changedLocked(WatchedMark its) {
        its.watchers().forEach(watcher -> watcher.changedLocked(its.room().name()));
    }

    /** Asks the store of a room for the marks that are not known. The room is open. */
    void find(Room room) {
        RoomStore.Expected newest = room.log().newest();
        List<WatchedMark> now = new ArrayList<>();
        watching.lock();
        try {
            WatchedRoom its = watching.find(room.name());
            if (its == null || newest.seq() == 0) {
                return;
            }
            its.marksEpoch(newest.epoch());
            for (Iterator<WatchedMark> next = its.toFind().iterator(); next.hasNext() && finding < MOST_FINDING; ) {
                now.add(next.next());
                next.remove();
                finding++;
            }
            if (!its.toFind().isEmpty()) {
                crowded.add(its);
            }
        } finally {
            watching.unlock();
        }
        now.forEach(mark -> room.marks().find(mark.user(), answer -> found(mark, answer)));
    }

    private void found(WatchedMark mark, MarkStore.Answer answer) {
        watching.lock();
        try {
            finding--;
            if (isWatchedLocked(mark) && answer instanceof MarkStore.Holds holds && mark.is(holds.mark())) {
                changedLocked(mark);
            } else if (answer == MarkStore.No.NOT_NOW) {
                later.add(new Later(mark, ticks + PAUSE));
            }
        } finally {
            watching.unlock();
        }
    }

    /** A user has that mark in a room. */
    void marked(RoomName room, String user, MarkStore.Mark mark) {
        if (watching.find(room) == null) {
            return;
        }
        watching.lock();
        try {
            WatchedMark its = findLocked(room, user);
            if (its != null && its.is(mark)) {
                changedLocked(its);
            }
        } finally {
            watching.unlock();
        }
    }

    private @Nullable WatchedMark findLocked(RoomName room, String user) {
        WatchedRoom its = watching.find(room);
        return its == null ? null : its.marks().get(user);
    }

    /** The store has counted the messages behind a mark. */
    void counted(RoomName room, String user, MarkStore.Mark mark, RoomStore.Expected newest, OptionalInt counted) {
        watching.lock();
        try {
            WatchedMark its = findLocked(room, user);
            if (its == null) {
                return;
            }
            if (counted.isEmpty()) {
                its.notCounted();
                later.add(new Later(its, ticks + PAUSE));
            } else if (its.counted(mark, newest, counted.getAsInt())) {
                changedLocked(its);
            } else {
                againLocked(its); // the user has another mark meanwhile
            }
        } finally {
            watching.unlock();
        }
    }

    /** Asks stores again that could not answer, and has them count. For the tick. */
    void tick() {
        List<Runnable> counts = new ArrayList<>();
        watching.lock();
        try {
            ticks++;
            while (!later.isEmpty() && later.element().at() <= ticks) {
                againLocked(later.remove().mark());
            }
            crowded.forEach(room -> watching.lookSoon(room.name()));
            crowded.clear();
            for (WatchedMark mark : toCount) {
                countLocked(mark, counts);
            }
            toCount.clear();
        } finally {
            watching.unlock();
        }
        counts.forEach(Runnable::run);
    }

    private void againLocked(WatchedMark its) {
        if (!isWatchedLocked(its)) {
            return;
        }
        if (its.mark() == null) {
            its.room().toFind().add(its);
            watching.lookSoon(its.room().name());
        } else if (its.wantsCount() != null) {
            toCount.add(its);
        }
    }

    private void countLocked(WatchedMark its, List<Runnable> counts) {
        Room room = rooms.all().get(its.room().name());
        MarkStore.Mark mark = its.mark();
        WatchedRoom.Truth truth = its.room().truth();
        RoomStore.Expected newest = truth == null ? null : truth.newest();
        if (room == null || mark == null || newest == null) {
            its.notCounted(); // it is opened again, and looked at
        } else {
            counts.add(() -> room.marks().countForWatchers(its.user(), mark, newest));
        }
    }
}
