package parley.room;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Attendee;
import parley.protocol.Content;
import parley.protocol.Event;
import parley.protocol.Ref;
import parley.protocol.RoomName;

/**
 * Who is in a room, by name and by user, and which changes its members have been sent. Guarded by the room's lock,
 * except for {@link #delta}.
 *
 * <p>Joins and leaves are not sent one by one: the sweep makes a <i>delta</i> of all that changed since the last one, a
 * few times a second at most. A member that knows the version before gets the delta; any other gets the <i>snapshot</i>
 * of everybody. In a room with more members than its limit of names, both are the number of connections alone.
 *
 * <p>A delta names every name that was touched, in {@code joined} when it is there now and in {@code left} when it is
 * not, though it may have come and gone in between: then it is right for a snapshot taken at any moment since the last
 * delta. So it does with the {@linkplain Attendee entries} that say more than a name, in {@code members} and in {@code
 * gone}.
 */
public final class Presence {
    /**
     * The changes since the version before.
     *
     * @param joined null when there are too many, and members get the snapshot
     * @param left null with {@code joined}
     * @param members entries that are there now, as they are now
     * @param gone entries that are not there any more
     */
    record Delta(
            long version,
            @Nullable List<String> joined,
            @Nullable List<String> left,
            List<Attendee> members,
            List<Attendee> gone,
            int count) {}

    /**
     * Everybody who is there.
     *
     * @param names up to the limit
     * @param members entries that say more than a name, up to the limit
     * @param isWhole whether these are all
     * @param count connections, those without a name included
     */
    public record Snapshot(List<String> names, List<Attendee> members, boolean isWhole, int count) {
        /** The event that says it to a client that asks. */
        public Event event(@Nullable Ref ref, RoomName room) {
            return new Event.Members(ref, room, names, members, count, !isWhole);
        }
    }

    /** What is counted of an entry in a delta besides its state. */
    private static final int ENTRY_BYTES = 64;

    private final int maxNames;
    private final long intervalNanos;
    /** How many bytes of entries a delta has at most; one goes in any case, and the rest with the next delta. */
    private final int deltaBytes;

    private volatile Delta delta = new Delta(0, List.of(), List.of(), List.of(), List.of(), 0);

    // Guarded by the room's lock
    private final Attendees attendees;

    /** How many entries go by a name. */
    private final Map<String, Integer> names = new LinkedHashMap<>();

    /** The entries that say more than a name, by key. */
    private final Map<String, Attendee> told = new LinkedHashMap<>();

    private final Set<String> touchedNames = new LinkedHashSet<>();
    /** Of those that say or said more than a name: each as it was touched last, by key. */
    private final Map<String, Attendee> touched = new LinkedHashMap<>();
    /** Whether more were touched than a delta names. */
    private boolean touchedTooMany;
    /** Whether a member got less than everybody since the last delta, or with it. */
    private boolean hadTooMany;

    /** Whether somebody was given a count that is not that of the latest delta, and may not hold any more. */
    private boolean hasGivenAnotherCount;

    private long changedAtNanos;

    /** Whether something here has changed since it was last asked who is here. */
    private boolean hasChangedHere;

    /**
     * @param bytes those of all rooms
     * @param millis the time of day
     */
    Presence(RoomLimits limits, PresenceBytes bytes, LongSupplier millis) {
        this.maxNames = limits.names();
        this.intervalNanos = limits.presenceInterval().toNanos();
        this.deltaBytes = limits.batchBytes();
        this.attendees = new Attendees(limits, bytes, millis, this::changed);
    }

    /** The latest delta. Any thread. */
    Delta delta() {
        return delta;
    }

    void joined(@Nullable String user, @Nullable String name) {
        hasChangedHere = true;
        attendees.joined(user, name);
    }

    void left(Object connection, @Nullable String user, @Nullable String name, Departure how) {
        hasChangedHere = true;
        attendees.left(connection, user, name, how);
    }

    void lost(String node) {
        hasChangedHere = true;
        attendees.lost(node);
    }

    boolean isAnybodyAway() {
        return attendees.away() > 0;
    }

    void renamed(Object connection, @Nullable String user, @Nullable String before, String now) {
        hasChangedHere = true;
        attendees.renamed(connection, user, before, now);
    }

    void replaced(Object before, Object now, @Nullable String user, @Nullable String name) {
        attendees.replaced(before, now, user, name);
    }

    Shown show(Object connection, @Nullable String user, @Nullable String name, @Nullable Content state) {
        Shown shown = attendees.show(connection, user, name, state);
        hasChangedHere |= shown == Shown.DONE;
        return shown;
    }

    void marked(String user, MarkStore.Mark mark) {
        attendees.marked(user, mark);
    }

    void forgetMarks() {
        attendees.forgetMarks();
    }

    /** Users whose marks have to be looked for; none while members are not sent what is said of each other. */
    Set<String> marksToFind() {
        return areTooMany() ? Set.of() : attendees.marksToFind();
    }

    void markNotFound(String user) {
        attendees.markNotFound(user);
    }

    int count() {
        int now = attendees.count();
        hasGivenAnotherCount |= now != delta.count;
        return now;
    }

    /** How many connections there are, on all nodes: without members that are away. */
    int connections() {
        return attendees.connections();
    }

    /** Nobody is away any more, and nobody will be. */
    void close() {
        attendees.close();
    }

    boolean hasChangedHere() {
        return hasChangedHere;
    }

    /** Who is here, for other nodes. */
    RoomStore.Present here() {
        hasChangedHere = false;
        return attendees.here(maxNames);
    }

    /** Takes in who is there on another node, in place of what was known of it. */
    void present(String node, RoomStore.Present there) {
        int away = attendees.away();
        attendees.present(node, there);
        hasChangedHere |= attendees.away() != away; // others are not to wait for those that came back
    }

    /** Everybody who is there now. A member that gets less than all needs the snapshot with the next delta. */
    Snapshot snapshot() {
        boolean isWhole = !areTooMany();
        hadTooMany |= !isWhole;
        return new Snapshot(
                names.keySet().stream().limit(maxNames).toList(),
                told.values().stream().limit(maxNames).toList(),
                isWhole,
                count());
    }

    private boolean areTooMany() {
        return attendees.entries() > maxNames || !attendees.areWhole();
    }

    /** Makes a delta of what has changed; false when nothing has, or when the last delta is too young. */
    boolean change(long nowNanos) {
        hasChangedHere |= attendees.endAways(nowNanos);
        int count = attendees.count();
        if (touchedNames.isEmpty()
                && touched.isEmpty()
                && !touchedTooMany
                && count == delta.count
                && !hasGivenAnotherCount) {
            return false;
        }
        if (delta.version > 0 && nowNanos - changedAtNanos < intervalNanos) {
            return false;
        }
        changedAtNanos = nowNanos;
        hasGivenAnotherCount = false;
        boolean hasTooMany = areTooMany();
        if (hasTooMany || hadTooMany || touchedTooMany) {
            delta = new Delta(delta.version + 1, null, null, List.of(), List.of(), count);
            forgetTouched();
        } else {
            List<String> joined = new ArrayList<>();
            List<String> left = new ArrayList<>();
            touchedNames.forEach(name -> (names.containsKey(name) ? joined : left).add(name));
            delta = entries(joined, left, count);
            touchedNames.clear();
        }
        hadTooMany = hasTooMany;
        touchedTooMany = false;
        return true;
    }

    /** Makes a delta with as many of the entries that were touched as it may have; those are touched no more. */
    private Delta entries(List<String> joined, List<String> left, int count) {
        List<Attendee> members = new ArrayList<>();
        List<Attendee> gone = new ArrayList<>();
        long bytes = 0;
        for (Iterator<Map.Entry<String, Attendee>> next = touched.entrySet().iterator(); next.hasNext(); ) {
            Map.Entry<String, Attendee> one = next.next();
            Attendee now = told.get(one.getKey());
            int more = ENTRY_BYTES
                    + (now == null || now.state() == null ? 0 : now.state().bytes());
            if (bytes > 0 && bytes + more > deltaBytes) {
                break;
            }
            bytes += more;
            (now != null ? members : gone).add(now != null ? now : one.getValue());
            next.remove();
        }
        return new Delta(delta.version + 1, joined, left, members, gone, count);
    }

    private void changed(String key, @Nullable Attendee before, @Nullable Attendee now) {
        String named = before == null ? null : before.name();
        String name = now == null ? null : now.name();
        if (!Objects.equals(named, name)) {
            if (named != null
                    && names.merge(named, -1, (have, less) -> have + less == 0 ? null : have + less) == null) {
                touchName(named);
            }
            if (name != null && names.merge(name, 1, Integer::sum) == 1) {
                touchName(name);
            }
        }
        Attendee known = told.get(key);
        if (now != null && saysMore(now)) {
            told.put(key, now);
            touch(key, now);
        } else if (known != null) {
            told.remove(key);
            touch(key, known);
        }
    }

    /** Whether there is more to say of it than its name. */
    private static boolean saysMore(Attendee member) {
        return member.user() != null || member.state() != null || member.isAway();
    }

    private void touchName(String name) {
        touchedTooMany |= touchedNames.size() >= maxNames && !touchedNames.contains(name);
        if (touchedTooMany) {
            forgetTouched();
        } else {
            touchedNames.add(name);
        }
    }

    private void touch(String key, Attendee last) {
        touchedTooMany |= touched.size() >= maxNames && !touched.containsKey(key);
        if (touchedTooMany) {
            forgetTouched();
        } else {
            touched.put(key, last);
        }
    }

    private void forgetTouched() {
        touchedNames.clear();
        touched.clear();
    }
}
