package parley.protocol;

import org.jspecify.annotations.Nullable;

/**
 * What presence says of a member beside its name: a user with all its connections, or the connections without a user
 * that go by one name. Immutable.
 *
 * @param user which user, or null
 * @param name what it is called; null for a user without a name, and never null without a user
 * @param connections how many connections it has in the room, on all nodes
 * @param state the object that its connections showed last; null for none
 * @param read up to which message the user has read; null for none, and where members are not shown that
 * @param isAway whether its last connection was lost and it may come back; it has no connections then
 */
public record Attendee(
        @Nullable String user,
        @Nullable String name,
        int connections,
        @Nullable Content state,
        @Nullable Long read,
        boolean isAway) {
    /** That has neither a state nor read anything. */
    public Attendee(@Nullable String user, @Nullable String name, int connections) {
        this(user, name, connections, null, null, false);
    }
}
