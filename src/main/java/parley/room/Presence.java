package parley.room;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who is in a room, by name, and which changes its members have been sent. Guarded by the room's lock, except for
 * {@link #delta}.
 *
 * <p>Joins and leaves are not sent one by one: the sweep makes a <i>delta</i> of all that changed since the last one, a
 * few times a second at most. A member that knows the version before gets the delta; any other gets the <i>snapshot</i>
 * of everybody. In a room with more names than its limit, both are the number of members alone.
 *
 * <p>A delta names every name that was touched, in {@code joined} when it is there now and in {@code left} when it is
 * not, though it may have come and gone in between: then it is right for a snapshot taken at any moment since the last
 * delta.
 */
public final class Presence {
    /**
     * The changes since the version before.
     *
     * @param joined null when there are too many, and members get the snapshot
     * @param left null with {@code joined}
     */
    record Delta(
            long version,
            @Nullable List<String> joined,
            @Nullable List<String> left,
            int count) {}

    /**
     * Everybody who is there.
     *
     * @param names up to the limit
     * @param isWhole whether these are all
     * @param count members, those without a name included
     */
    public record Snapshot(List<String> names, boolean isWhole, int count) {}

    /** How long at least from one delta to the next. */
    private static final long INTERVAL_NANOS = 250_000_000L;

    private final int maxNames;

    private volatile Delta delta = new Delta(0, List.of(), List.of(), 0);

    // Guarded by the room's lock
    /** How many members go by a name. */
    private final Map<String, Integer> members = new LinkedHashMap<>();

    private final Set<String> touched = new LinkedHashSet<>();
    /** Whether more names were touched than a delta names. */
    private boolean touchedTooMany;
    /** Whether a member got less than everybody since the last delta, or with it. */
    private boolean hadTooMany;

    private int count;
    private long changedAtNanos;

    /** Whether somebody here has come or gone since it was last asked who is here. */
    private boolean hasChangedHere;

    /** Who is there on other nodes, which is a part of the above; empty in a room of one node. */
    private final Map<String, RoomStore.Present> elsewhere = new HashMap<>();

    /** The same by name, added up. */
    private final Map<String, Integer> namesElsewhere = new HashMap<>();

    Presence(int maxNames) {
        this.maxNames = maxNames;
    }

    /** The latest delta. Any thread. */
    Delta delta() {
        return delta;
    }

    void joined(@Nullable String name) {
        hasChangedHere = true;
        count++;
        come(name);
    }

    void left(@Nullable String name) {
        hasChangedHere = true;
        count--;
        go(name);
    }

    void renamed(@Nullable String before, String now) {
        hasChangedHere = true;
        go(before);
        come(now);
    }

    int count() {
        return count;
    }

    boolean hasChangedHere() {
        return hasChangedHere;
    }

    /** Who is here, for other nodes. */
    RoomStore.Present here() {
        hasChangedHere = false;
        Map<String, Integer> names = new LinkedHashMap<>();
        int hereCount = count;
        boolean isWhole = true;
        for (RoomStore.Present there : elsewhere.values()) {
            hereCount -= there.count();
        }
        for (Map.Entry<String, Integer> one : members.entrySet()) {
            int here = one.getValue() - namesElsewhere.getOrDefault(one.getKey(), 0);
            if (here > 0 && names.size() >= maxNames) {
                isWhole = false;
                break;
            }
            if (here > 0) {
                names.put(one.getKey(), here);
            }
        }
        return new RoomStore.Present(hereCount, names, isWhole);
    }

    /** Takes in who is there on another node, in place of what was known of it. */
    void present(String node, RoomStore.Present there) {
        RoomStore.Present before = there.count() == 0 ? elsewhere.remove(node) : elsewhere.put(node, there);
        count += there.count();
        there.names().forEach((name, times) -> {
            come(name, times);
            namesElsewhere.merge(name, times, Integer::sum);
        });
        if (before != null) {
            count -= before.count();
            before.names().forEach((name, times) -> {
                go(name, times);
                namesElsewhere.merge(name, -times, (have, less) -> have + less == 0 ? null : have + less);
            });
        }
    }

    /** Everybody who is there now. A member that gets less than all needs the snapshot with the next delta. */
    Snapshot snapshot() {
        List<String> names = members.keySet().stream().limit(maxNames).toList();
        boolean isWhole =
                names.size() == members.size() && elsewhere.values().stream().allMatch(RoomStore.Present::isWhole);
        hadTooMany |= !isWhole;
        return new Snapshot(names, isWhole, count);
    }

    /** Makes a delta of what has changed; false when nothing has, or when the last delta is too young. */
    boolean change(long nowNanos) {
        if (touched.isEmpty() && !touchedTooMany && count == delta.count) {
            return false;
        }
        if (delta.version > 0 && nowNanos - changedAtNanos < INTERVAL_NANOS) {
            return false;
        }
        changedAtNanos = nowNanos;
        boolean hasTooMany =
                members.size() > maxNames || !elsewhere.values().stream().allMatch(RoomStore.Present::isWhole);
        if (hasTooMany || hadTooMany || touchedTooMany) {
            delta = new Delta(delta.version + 1, null, null, count);
        } else {
            List<String> joined = new ArrayList<>();
            List<String> left = new ArrayList<>();
            touched.forEach(name -> (members.containsKey(name) ? joined : left).add(name));
            delta = new Delta(delta.version + 1, joined, left, count);
        }
        hadTooMany = hasTooMany;
        touchedTooMany = false;
        touched.clear();
        return true;
    }

    private void come(@Nullable String name) {
        if (name != null) {
            come(name, 1);
        }
    }

    private void come(String name, int times) {
        if (members.merge(name, times, Integer::sum) == times) {
            touch(name);
        }
    }

    private void go(@Nullable String name) {
        if (name != null) {
            go(name, 1);
        }
    }

    private void go(String name, int times) {
        if (members.merge(name, -times, (have, less) -> have + less == 0 ? null : have + less) == null) {
            touch(name);
        }
    }

    private void touch(String name) {
        touchedTooMany |= touched.size() >= maxNames && !touched.contains(name);
        if (touchedTooMany) {
            touched.clear();
        } else {
            touched.add(name);
        }
    }
}
