package parley.room;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import parley.protocol.RoomName;

/**
 * Clients that watch patterns. A room is compared with all of them once, when it comes to be: clients whose lists come
 * later look at the rooms that are open by themselves, and those for which it was one too many look again when there is
 * space.
 *
 * <p>Methods whose name ends in {@code Locked} are for a thread that holds the lock of {@link Watching}, which guards
 * the rest.
 */
final class PatternWatchers {
    /** How many clients look for rooms in one tick: each looks at all that are open. */
    private static final int LOOKING = 4;

    /** Whether rooms may come into being that somebody watches. Written under the lock. */
    private volatile boolean hasAny;
    /** Rooms that all have been offered and that are there still. Written under the lock. */
    private final Set<RoomName> offered = ConcurrentHashMap.newKeySet();

    // Guarded by the lock of Watching
    private final Set<Watcher> watchers = new HashSet<>();
    /** Those for which there were too many rooms. */
    private final Set<Watcher> cramped = new LinkedHashSet<>();
    /** Those of them that have to look whether there is space. */
    private final Set<Watcher> toLook = new LinkedHashSet<>();

    private boolean hasSpaceCome;
    private int patterns;

    /** Whether a room has to be looked at that nobody watches. Any thread, without the lock. */
    boolean isNew(RoomName room) {
        return hasAny && !offered.contains(room);
    }

    /** Whether clients may watch that many more patterns. */
    boolean hasSpaceLocked(int more) {
        return more <= 0 || patterns + more <= WatchLimits.PATTERNS_IN_ALL;
    }

    void listedLocked(Watcher watcher, int its) {
        if (its > 0) {
            watchers.add(watcher);
            patterns += its;
            hasAny = true;
        }
    }

    void unlistedLocked(Watcher watcher, int its) {
        watchers.remove(watcher);
        cramped.remove(watcher);
        toLook.remove(watcher);
        patterns -= its;
        if (watchers.isEmpty()) {
            hasAny = false;
            offered.clear();
        }
    }

    /** A room is there: all are offered it, unless they have been. */
    void thereLocked(RoomName room) {
        if (hasAny && offered.add(room)) {
            watchers.forEach(watcher -> watcher.offerLocked(room));
        }
    }

    /** It is not there, or may be another one of that name from here on. */
    void goneLocked(RoomName room) {
        offered.remove(room);
    }

    /** A client has too many rooms, or not any more. */
    void crampedLocked(Watcher watcher, boolean is) {
        if (is) {
            cramped.add(watcher);
        } else {
            cramped.remove(watcher);
        }
    }

    /** A client watches one room less. */
    void spaceLocked() {
        hasSpaceCome |= !cramped.isEmpty();
    }

    /** Clients that may have space now for rooms that were too many; some at a time. */
    List<Watcher> toLookLocked() {
        if (hasSpaceCome) {
            hasSpaceCome = false;
            toLook.addAll(cramped);
        }
        List<Watcher> looking = new ArrayList<>();
        for (Iterator<Watcher> next = toLook.iterator(); next.hasNext() && looking.size() < LOOKING; ) {
            Watcher watcher = next.next();
            next.remove();
            if (watcher.hasSpaceLocked()) {
                looking.add(watcher);
            }
        }
        return looking;
    }
}
