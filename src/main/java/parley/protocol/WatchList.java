package parley.protocol;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * Which rooms a client watches without being in them. Immutable.
 *
 * @param rooms by their names, in the order in which they were named
 * @param patterns rooms whose names begin, end or go on in a certain way
 * @param details what the client wants to know of each besides its newest number and its members
 */
public record WatchList(Set<RoomName> rooms, List<RoomPattern> patterns, Set<Detail> details) {
    /** What a client is sent of a room only if it asks for it. */
    public enum Detail {
        /** The last message. */
        LAST,
        /** Up to where the client's user has read. */
        MARKS;

        /** Its name as clients write it. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Nothing. */
    public static final WatchList NONE = new WatchList(Set.of(), List.of(), Set.of());

    /** What each of them is, as a phrase for error messages. */
    public static final String RULE = "the name of a room, " + RoomName.RULE + "; or a pattern of " + RoomPattern.RULE;

    public WatchList {
        rooms = Collections.unmodifiableSet(new LinkedHashSet<>(rooms));
        patterns = List.copyOf(patterns);
        details = details.isEmpty() ? Set.of() : Collections.unmodifiableSet(EnumSet.copyOf(details));
    }

    /** Reads what a client has named; empty when one of them is neither a room's name nor a pattern. */
    public static Optional<WatchList> parse(Collection<String> named, Set<Detail> details) {
        Set<RoomName> rooms = new LinkedHashSet<>();
        Set<RoomPattern> patterns = new LinkedHashSet<>();
        for (String one : named) {
            if (one.indexOf('*') < 0) {
                RoomName room = RoomName.parse(one);
                if (room == null) {
                    return Optional.empty();
                }
                rooms.add(room);
            } else {
                RoomPattern pattern = RoomPattern.parse(one);
                if (pattern == null) {
                    return Optional.empty();
                }
                patterns.add(pattern);
            }
        }
        return Optional.of(new WatchList(rooms, new ArrayList<>(patterns), details));
    }

    /** Whether the client wants the last message of each room. */
    public boolean last() {
        return details.contains(Detail.LAST);
    }

    /** Whether it wants to know up to where its user has read in each. */
    public boolean marks() {
        return details.contains(Detail.MARKS);
    }

    /** How many it has of both. */
    public int size() {
        return rooms.size() + patterns.size();
    }

    /** Whether one of its patterns stands for a room. */
    public boolean fits(RoomName room) {
        for (RoomPattern pattern : patterns) {
            if (pattern.matches(room)) {
                return true;
            }
        }
        return false;
    }
}
