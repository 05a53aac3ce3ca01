package parley.room;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import parley.protocol.ReadMark;
import parley.protocol.RoomName;
import parley.protocol.WatchList;
import parley.protocol.WatchedJson;

/**
 * A client that watches rooms without being in them: a cursor over what is known of them, not a queue. What it has not
 * been sent is a set of rooms, at most as many as it watches, and each is sent as it is when it is taken. So a client
 * that reads slowly gets fewer events, and newer ones. Any thread may call any method; {@link Watching} has the lock
 * that guards it.
 */
public final class Watcher {
    /** A room that is watched. */
    private static final class Watched {
        private final WatchedRoom room;
        private boolean isNamed;
        /** Up to where the client's user has read; null where it is not to be told. */
        private @Nullable WatchedMark mark;

        /** Whether the client has been sent something of it. */
        private boolean wasSent;

        Watched(WatchedRoom room) {
            this.room = room;
        }
    }

    private final Watching watching;
    /** Which user it is; null for none. */
    private final @Nullable String user;

    private final Runnable wake;

    // Guarded by the lock of Watching
    private final Map<RoomName, Watched> rooms = new HashMap<>();
    private WatchList list = WatchList.NONE;
    private Predicate<RoomName> mayRead = room -> false;
    /** Those of which the client has to be sent something. */
    private final Set<RoomName> pending = new LinkedHashSet<>();
    /** Rooms that are watched no more, for the next event. Only rooms that an event of this client has had. */
    private final Set<RoomName> gone = new LinkedHashSet<>();
    /** Whether there are rooms that fit and are too many. */
    private boolean hasMore;
    /** Whether the client has to be told so. */
    private boolean isMoreDue;
    /** Whether nothing of a list of patterns has been sent: where nothing fits, the first event says that. */
    private boolean isFirstDue;
    /** Which list this is: an older one does not begin any more. */
    private long lists;
    /** Whether the client has the answer that this list begins with. */
    private boolean isBegun;
    /** Whether a tick has passed since all was taken. */
    private boolean isDue;

    private boolean isClosed;

    Watcher(Watching watching, @Nullable String user, Runnable wake) {
        this.watching = watching;
        this.user = user;
        this.wake = wake;
    }

    /**
     * Watches these rooms, and no others any more. All that is known of them comes anew.
     *
     * @param mayRead which rooms the client may read: it decides for the rooms that fit the patterns. Called with the
     *     lock held, so it depends on nothing but the room
     * @return what lets the events of this list begin, to be run once; empty, and nothing is changed, when all clients
     *     together would watch too many rooms
     */
    public Optional<Runnable> replace(WatchList wanted, Predicate<RoomName> mayRead) {
        long number;
        watching.lock();
        try {
            if (isClosed) {
                return Optional.of(() -> {});
            }
            if (!watching.hasSpaceLocked(
                    wanted.rooms().size() - rooms.size(),
                    wanted.patterns().size() - list.patterns().size())) {
                return Optional.empty();
            }
            endLocked();
            this.list = wanted;
            this.mayRead = mayRead;
            isBegun = false;
            isFirstDue = wanted.rooms().isEmpty() && !wanted.patterns().isEmpty();
            if (isFirstDue) {
                watching.wakeLocked(this);
            }
            number = ++lists;
            watching.listedLocked(this, wanted.size() > 0, wanted.patterns().size());
            for (RoomName room : wanted.rooms()) {
                addLocked(room).isNamed = true;
                roomLocked(room).named(1);
            }
        } finally {
            watching.unlock();
        }
        lookForFitting();
        return Optional.of(() -> begin(number));
    }

    private WatchedRoom roomLocked(RoomName room) {
        return Objects.requireNonNull(rooms.get(room)).room;
    }

    private void begin(long number) {
        watching.lock();
        try {
            isBegun |= number == lists;
        } finally {
            watching.unlock();
        }
    }

    /** The client may read other rooms from now on: those that it may not read any more it does not watch any more. */
    public void allow(Predicate<RoomName> other) {
        watching.lock();
        try {
            mayRead = other;
            for (RoomName room : List.copyOf(rooms.keySet())) {
                if (!other.test(room)) {
                    goneLocked(room);
                }
            }
        } finally {
            watching.unlock();
        }
        lookForFitting();
    }

    /** There may be space for rooms that were too many. For the tick, not under the lock. */
    void lookAgain() {
        boolean areLeftOut = lookForFitting();
        watching.lock();
        try {
            if (hasMore && !areLeftOut) {
                hasMore = false;
                isMoreDue = true;
                watching.crampedLocked(this, false);
                watching.wakeLocked(this);
            }
        } finally {
            watching.unlock();
        }
    }

    /**
     * Rooms that are there already come to those that come later: {@link Watching} has the list by now.
     *
     * @return whether rooms fit that are too many
     */
    private boolean lookForFitting() {
        boolean areLeftOut = false;
        WatchList now;
        watching.lock();
        try {
            now = list;
        } finally {
            watching.unlock();
        }
        if (now.patterns().isEmpty()) {
            return false;
        }
        for (RoomName room : watching.open()) {
            if (now.fits(room)) {
                watching.lock();
                try {
                    if (now != list) {
                        return true; // another thread looks for the other list, which says whether some are
                    }
                    areLeftOut |= !offerLocked(room);
                } finally {
                    watching.unlock();
                }
            }
        }
        return areLeftOut;
    }

    /** Watches a room that is there if it fits; false when it does and there is no space. */
    boolean offerLocked(RoomName room) {
        if (rooms.containsKey(room) || !list.fits(room) || !mayRead.test(room)) {
            return true;
        }
        if (hasSpaceLocked()) {
            addLocked(room);
            return true;
        }
        if (!hasMore) {
            hasMore = true;
            isMoreDue = true;
            watching.crampedLocked(this, true);
            watching.wakeLocked(this);
        }
        return false;
    }

    /** Whether it may watch one more room. */
    boolean hasSpaceLocked() {
        return rooms.size() + list.patterns().size() < watching.limits().rooms() && watching.hasSpaceLocked(1, 0);
    }

    private Watched addLocked(RoomName room) {
        Watched watched = new Watched(watching.watchLocked(room, this, list.last()));
        if (user != null && list.marks()) {
            watched.mark = watching.marks().addLocked(watched.room, user, this);
        }
        watched.wasSent = gone.remove(room);
        rooms.put(room, watched);
        changedLocked(room);
        return watched;
    }

    /** Something of a room that it watches has changed. */
    void changedLocked(RoomName room) {
        if (isKnownLocked(room) && pending.add(room)) {
            watching.wakeLocked(this);
        }
    }

    private boolean isKnownLocked(RoomName room) {
        Watched watched = rooms.get(room);
        return watched != null && watched.room.truth() != null;
    }

    /** A room that fitted is not there any more. */
    void closedLocked(RoomName room) {
        Watched watched = rooms.get(room);
        if (watched != null && !watched.isNamed) {
            goneLocked(room);
        }
    }

    private void goneLocked(RoomName room) {
        Watched watched = rooms.remove(room);
        if (watched == null) {
            return;
        }
        leaveLocked(watched);
        pending.remove(room);
        if (watched.wasSent || watched.isNamed) {
            gone.add(room);
            watching.wakeLocked(this);
        }
    }

    private void leaveLocked(Watched watched) {
        WatchedMark mark = watched.mark;
        if (mark != null) {
            watching.marks().removeLocked(mark, this);
        }
        watched.room.named(watched.isNamed ? -1 : 0);
        watching.unwatchLocked(watched.room, this, list.last());
    }

    private void endLocked() {
        List.copyOf(rooms.values()).forEach(this::leaveLocked);
        watching.unlistedLocked(this, list.patterns().size());
        rooms.clear();
        pending.clear();
        gone.clear();
        hasMore = false;
        isMoreDue = false;
        isFirstDue = false;
        list = WatchList.NONE;
    }

    /** Whether a tick has it send what is pending; for the tick. */
    boolean isDueLocked() {
        isDue = true;
        return isBegun;
    }

    /** Has the client take what is pending. Not under the lock. */
    void wake() {
        wake.run();
    }

    /**
     * Takes the next event, as one line: of all rooms that have changed since the last one, as they are now; of as many
     * as go into that many bytes, and the next event has the others. Empty when there is nothing to be told until the
     * next tick.
     */
    public Optional<String> next(int bytes) {
        List<String> lines = new ArrayList<>();
        List<RoomName> goneNow;
        boolean more;
        watching.lock();
        try {
            if (!isDue || !isBegun) {
                return Optional.empty();
            }
            if (pending.isEmpty() && gone.isEmpty() && !isMoreDue && !isFirstDue) {
                isDue = false;
                return Optional.empty();
            }
            goneNow = List.copyOf(gone);
            gone.clear();
            isMoreDue = false;
            isFirstDue = false;
            more = hasMore;
            long size = 0;
            for (Iterator<RoomName> next = pending.iterator(); next.hasNext() && size < bytes; ) {
                Watched watched = Objects.requireNonNull(rooms.get(next.next()));
                String line = lineLocked(watched);
                if (size > 0 && size + line.length() > bytes) {
                    break;
                }
                next.remove();
                watched.wasSent = true;
                lines.add(line);
                size += line.length();
            }
        } finally {
            watching.unlock();
        }
        return Optional.of(WatchedJson.event(lines, goneNow, more));
    }

    private String lineLocked(Watched watched) {
        String line = watched.room.line(list.last());
        WatchedMark mark = watched.mark;
        ReadMark read = mark == null ? null : watching.marks().takeLocked(mark);
        return read == null ? line : WatchedJson.withRead(line, read);
    }

    /** Watches nothing any more, whatever is wanted later. */
    public void close() {
        watching.lock();
        try {
            isClosed = true;
            endLocked();
        } finally {
            watching.unlock();
        }
    }
}
