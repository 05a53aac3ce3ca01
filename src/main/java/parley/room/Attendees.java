package parley.room;

import java.util.HashMap;
import java.util.HashSet;
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

/**
 * Who is in a room, connections put together: those of a user are one <i>entry</i>, those without a user that go by the
 * same name another. Connections with neither are only counted. Guarded by the room's lock.
 *
 * <p>Each node puts its own connections together and tells the others the result; all nodes put these parts together in
 * the same way and come to the same entries. A user is called what it was called last and an entry shows the state
 * that was set last, wherever that was: the latest time decides, and of two equal ones the greater text.
 *
 * <p>States, and members that are away, are bounded: in a room on a node, and in all rooms together.
 */
final class Attendees {
    /** Hears of each entry that came, went or changed, while it is being changed. */
    interface Watcher {
        /**
         * An entry has changed.
         *
         * @param before null when it was not there
         * @param now null when it is not there any more
         */
        void changed(String key, @Nullable Attendee before, @Nullable Attendee now);
    }

    /** The connections of an entry on this node. */
    private static final class Here {
        final @Nullable String user;
        int connections;

        @Nullable
        String name;
        /** When it was called that; 0 for never. */
        long namedAt;
        /** Null before there is one. */
        @Nullable
        States states;

        Here(@Nullable String user) {
            this.user = user;
        }
    }

    /** The bytes of the states in a room on this node. */
    static final long MOST_STATE_BYTES = 256 * 1024;

    /** What keys begin with. */
    private static final char USER = '@';

    private static final char LABEL = '=';

    private final MarksShown marksShown;
    private final SharedBytes stateBytes;
    private final LongSupplier millis;
    private final Watcher watcher;

    // Guarded by the room's lock
    private final Map<String, Here> here = new LinkedHashMap<>();
    private final Map<String, RoomStore.Present> elsewhere = new HashMap<>();
    private final Map<String, Attendee> all = new HashMap<>();
    /** Up to where users that have an entry have read, where members are shown that. */
    private final Map<String, MarkStore.Mark> marks = new HashMap<>();
    /** Users whose marks have to be looked for; those that came first are first. */
    private final Set<String> marksToFind = new LinkedHashSet<>();

    private int hereCount;
    private int count;
    private long lastAt;
    private long stateBytesHere;
    private final Aways aways;
    /** How many entries are away. */
    private int awayCount;

    /**
     * @param bytes those of all rooms
     * @param millis the time of day: nodes compare it
     */
    Attendees(RoomLimits limits, PresenceBytes bytes, LongSupplier millis, Watcher watcher) {
        this.aways = new Aways(limits.away().toNanos(), limits.names(), bytes.aways());
        this.marksShown = limits.marksShown();
        this.stateBytes = bytes.states();
        this.millis = millis;
        this.watcher = watcher;
    }

    /** How many connections there are, on all nodes; an entry that is away counts as one. */
    int count() {
        return count + awayCount;
    }

    /** How many connections there are, on all nodes. */
    int connections() {
        return count;
    }

    /** How many entries may come back that were here, or on a node that is gone. */
    int away() {
        return aways.count();
    }

    /** Lets those go that were away for long enough; whether there were any. */
    boolean endAways(long nowNanos) {
        List<String> over = aways.end(nowNanos);
        over.forEach(this::merge);
        return !over.isEmpty();
    }

    /** The room is given up: those that are away are forgotten, and nobody is away any more. */
    void close() {
        aways.close();
    }

    /** How many entries there are. */
    int entries() {
        return all.size();
    }

    /** Whether all nodes have told all of theirs. */
    boolean areWhole() {
        return elsewhere.values().stream().allMatch(RoomStore.Present::isWhole);
    }

    void joined(@Nullable String user, @Nullable String name) {
        hereCount++;
        count++;
        come(user, name);
    }

    void left(Object connection, @Nullable String user, @Nullable String name, Departure how) {
        hereCount--;
        count--;
        String key = key(user, name);
        Here its = key == null ? null : here.get(key);
        if (key != null && its != null && its.connections == 1 && how == Departure.LOST) {
            aways.add(key, new Aways.Away(its.name, its.namedAt));
        }
        RoomStore.State state = go(connection, user, name);
        if (state != null) {
            countState(-States.bytes(state));
        }
    }

    void renamed(Object connection, @Nullable String user, @Nullable String before, String now) {
        if (user == null) {
            RoomStore.State state = go(connection, null, before);
            come(null, now);
            if (state != null) {
                put(ofLabel(now), connection, new RoomStore.State(state.content(), nextAt()));
            }
        } else {
            String key = ofUser(user);
            Here its = here.get(key);
            if (its != null) {
                call(its, now);
                merge(key);
            }
        }
    }

    /** Another connection of the same client stands in for one. */
    void replaced(Object before, Object now, @Nullable String user, @Nullable String name) {
        String key = key(user, name);
        Here its = key == null ? null : here.get(key);
        if (its != null && its.states != null) {
            its.states.replace(before, now);
        }
    }

    /** Shows a state, or none any more. */
    Shown show(Object connection, @Nullable String user, @Nullable String name, @Nullable Content content) {
        String key = key(user, name);
        Here its = key == null ? null : here.get(key);
        if (key == null || its == null) {
            return content == null ? Shown.DONE : Shown.NAMELESS;
        }
        if (content == null) {
            RoomStore.State state = its.states == null ? null : its.states.remove(connection);
            if (state != null) {
                countState(-States.bytes(state));
                merge(key);
            }
            return Shown.DONE;
        }
        RoomStore.State state = new RoomStore.State(content, nextAt());
        long more = States.bytes(state) - (its.states == null ? 0 : its.states.bytesOf(connection));
        if (stateBytesHere + more > MOST_STATE_BYTES || !stateBytes.take(more)) {
            return Shown.FULL;
        }
        stateBytesHere += more;
        put(key, connection, state);
        return Shown.DONE;
    }

    private void put(String key, Object connection, RoomStore.State state) {
        Here its = here.get(key);
        if (its != null) {
            if (its.states == null) {
                its.states = new States();
            }
            countState(-its.states.set(connection, state));
            merge(key);
        }
    }

    private void countState(long more) {
        stateBytesHere += more;
        stateBytes.take(more);
    }

    private long nextAt() {
        lastAt = Math.max(lastAt + 1, millis.getAsLong());
        return lastAt;
    }

    private void come(@Nullable String user, @Nullable String name) {
        String key = key(user, name);
        if (key != null) {
            Here its = here.computeIfAbsent(key, k -> new Here(user));
            its.connections++;
            if (name != null) {
                call(its, name);
            }
            merge(key);
        }
    }

    /** Returns its state, which nobody shows any more. */
    private RoomStore.@Nullable State go(Object connection, @Nullable String user, @Nullable String name) {
        String key = key(user, name);
        Here its = key == null ? null : here.get(key);
        if (key == null || its == null) {
            return null;
        }
        RoomStore.State state = its.states == null ? null : its.states.remove(connection);
        its.connections--;
        if (its.connections == 0) {
            here.remove(key);
        }
        merge(key);
        return state;
    }

    private void call(Here its, String name) {
        its.name = name;
        if (its.user != null) { // a label is its name
            its.namedAt = nextAt();
        }
    }

    /** Takes in who is there on another node, in place of what was known of it. */
    void present(String node, RoomStore.Present there) {
        RoomStore.Present before = there.isEmpty() ? elsewhere.remove(node) : elsewhere.put(node, there);
        count += there.count();
        Set<String> keys = keys(there);
        if (before != null) {
            count -= before.count();
            keys.addAll(keys(before));
        }
        keys.forEach(this::merge);
    }

    /** A node is gone, and those that were there are away. */
    void lost(String node) {
        RoomStore.Present there = elsewhere.remove(node);
        if (there == null) {
            return;
        }
        count -= there.count();
        there.users().forEach((user, part) -> awayToo(ofUser(user), new Aways.Away(part.name(), part.namedAt())));
        there.names().keySet().forEach(name -> awayToo(ofLabel(name), new Aways.Away(name, 0)));
        there.away().forEach(name -> awayToo(ofLabel(name), new Aways.Away(name, 0)));
    }

    /** Merged one by one: those that are connected elsewhere take no place from the others. */
    private void awayToo(String key, Aways.Away away) {
        if (aways.get(key) == null) {
            aways.add(key, away);
        }
        merge(key);
    }

    private static Set<String> keys(RoomStore.Present there) {
        Set<String> keys = new HashSet<>();
        there.names().keySet().forEach(name -> keys.add(ofLabel(name)));
        there.away().forEach(name -> keys.add(ofLabel(name)));
        there.users().keySet().forEach(user -> keys.add(ofUser(user)));
        return keys;
    }

    /** The part of this node, for the others. */
    RoomStore.Present here(int most) {
        Map<String, Integer> names = new LinkedHashMap<>();
        Map<String, RoomStore.User> users = new LinkedHashMap<>();
        Map<String, RoomStore.State> states = new LinkedHashMap<>();
        for (Here its : here.values()) {
            if (names.size() + users.size() >= most) {
                break;
            }
            RoomStore.State state = newest(its);
            if (its.user != null) {
                users.put(its.user, new RoomStore.User(its.connections, its.name, its.namedAt, state));
            } else {
                String name = Objects.requireNonNull(its.name);
                names.put(name, its.connections);
                if (state != null) {
                    states.put(name, state);
                }
            }
        }
        Set<String> away = new HashSet<>();
        aways.all().forEach((key, its) -> {
            if (names.size() + users.size() + away.size() >= most) {
                return;
            }
            if (key.charAt(0) == USER) {
                users.putIfAbsent(key.substring(1), new RoomStore.User(0, its.name, its.namedAt, null));
            } else {
                away.add(key.substring(1));
            }
        });
        boolean isWhole = here.size() + aways.all().size() <= most;
        return new RoomStore.Present(hereCount, names, isWhole, users, states, away);
    }

    private void merge(String key) {
        Attendee before = all.get(key);
        Attendee now = merged(key);
        if (now != null && !now.isAway()) {
            aways.remove(key); // it is back, here or on another node
        }
        awayCount += (now != null && now.isAway() ? 1 : 0) - (before != null && before.isAway() ? 1 : 0);
        if (now == null) {
            all.remove(key);
            if (key.charAt(0) == USER) {
                marks.remove(key.substring(1));
                marksToFind.remove(key.substring(1));
            }
        } else {
            all.put(key, now);
            if (before == null && now.user() != null && marksShown == MarksShown.MEMBERS) {
                marksToFind.add(now.user());
            }
        }
        if (before == null ? now != null : !isSame(before, now)) {
            watcher.changed(key, before, now);
        }
    }

    /** A user has read so far, if it is here and has not read further. */
    void marked(String user, MarkStore.Mark mark) {
        String key = ofUser(user);
        if (marksShown != MarksShown.MEMBERS || !all.containsKey(key)) {
            return;
        }
        MarkStore.Mark before = marks.get(user);
        if (before == null || !before.epoch().equals(mark.epoch()) || before.seq() < mark.seq()) {
            marks.put(user, mark);
            merge(key);
        }
    }

    /** The marks belong to another history from now on. */
    void forgetMarks() {
        if (marksShown == MarksShown.MEMBERS) {
            marks.clear();
            for (String key : List.copyOf(all.keySet())) {
                if (key.charAt(0) == USER) {
                    marksToFind.add(key.substring(1));
                    merge(key);
                }
            }
        }
    }

    /** Users whose marks have to be looked for, which may be taken away. */
    Set<String> marksToFind() {
        return marksToFind;
    }

    /** The mark of a user has to be looked for again, if it is here still. */
    void markNotFound(String user) {
        if (all.containsKey(ofUser(user))) {
            marksToFind.add(user);
        }
    }

    private @Nullable Attendee merged(String key) {
        boolean isUser = key.charAt(0) == USER;
        String known = key.substring(1);
        Here its = here.get(key);
        int connections = its == null ? 0 : its.connections;
        String name = isUser ? its == null ? null : its.name : known;
        long namedAt = its == null ? 0 : its.namedAt;
        RoomStore.State state = newest(its);
        Aways.Away away = aways.get(key);
        boolean isAway = away != null;
        if (away != null && isLater(away.namedAt, away.name, namedAt, name)) {
            name = away.name;
            namedAt = away.namedAt;
        }
        for (RoomStore.Present there : elsewhere.values()) {
            if (isUser) {
                RoomStore.User part = there.users().get(known);
                connections += part == null ? 0 : part.connections();
                isAway |= part != null;
                state = part == null ? state : later(state, part.state());
                if (part != null && isLater(part.namedAt(), part.name(), namedAt, name)) {
                    name = part.name();
                    namedAt = part.namedAt();
                }
            } else {
                connections += there.names().getOrDefault(known, 0);
                isAway |= there.away().contains(known);
                state = later(state, there.states().get(known));
            }
        }
        Content shown = state == null ? null : state.content();
        MarkStore.Mark mark = isUser ? marks.get(known) : null;
        Long read = mark == null ? null : (Long) mark.seq();
        isAway &= connections == 0;
        return connections == 0 && !isAway
                ? null
                : new Attendee(isUser ? known : null, name, connections, shown, read, isAway);
    }

    private static RoomStore.@Nullable State newest(@Nullable Here its) {
        return its == null || its.states == null ? null : its.states.newest();
    }

    private static RoomStore.@Nullable State later(RoomStore.@Nullable State one, RoomStore.@Nullable State other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return isLater(
                        other.at(),
                        other.content().text(),
                        one.at(),
                        one.content().text())
                ? other
                : one;
    }

    private static boolean isLater(long at, @Nullable String name, long than, @Nullable String other) {
        return name != null && (other == null || at > than || (at == than && name.compareTo(other) > 0));
    }

    private static boolean isSame(Attendee one, @Nullable Attendee other) {
        return other != null
                && one.connections() == other.connections()
                && Objects.equals(one.name(), other.name())
                && Objects.equals(one.read(), other.read())
                && Objects.equals(text(one.state()), text(other.state()));
    }

    private static @Nullable String text(@Nullable Content state) {
        return state == null ? null : state.text();
    }

    private static @Nullable String key(@Nullable String user, @Nullable String name) {
        return user != null ? ofUser(user) : name != null ? ofLabel(name) : null;
    }

    private static String ofUser(String user) {
        return USER + user;
    }

    private static String ofLabel(String name) {
        return LABEL + name;
    }
}
