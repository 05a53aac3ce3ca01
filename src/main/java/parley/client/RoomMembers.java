package parley.client;

import java.util.List;

/**
 * The members of a room at one moment, as far as the server tells them. Immutable.
 *
 * @param names their names, sorted
 * @param people the members with all that is known of each, sorted by name
 * @param count how many connections there are, those without a name included; a member that is away counts as one
 * @param isComplete whether {@code names} are all names, or the room has more than the server tells
 */
public record RoomMembers(List<String> names, List<RoomMember> people, long count, boolean isComplete) {
    static final RoomMembers UNKNOWN = new RoomMembers(List.of(), List.of(), 0, false);

    /** Keeps copies. */
    public RoomMembers {
        names = List.copyOf(names);
        people = List.copyOf(people);
    }
}
