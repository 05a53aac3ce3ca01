package parley.api;

import org.jspecify.annotations.Nullable;

/**
 * Hears what happens in all rooms of this server. Found by {@link java.util.ServiceLoader}, and as a CDI bean.
 *
 * <p>It is called on threads of Parley's, one call at a time, in the order in which things happened. What it has not
 * been called for waits: up to 10,000 events and 8 MiB of messages for each listener. Beyond that events are left out,
 * and {@link #missed} says how many. What it throws is logged and counted, and it is called for the next event all the
 * same. To miss nothing, {@linkplain ChatRoom#subscribe subscribe}.
 *
 * <p>In a cluster messages of all nodes are heard on each node that has the room, and members of this node only.
 */
public interface RoomListener {
    /** A client has come into a room; null for one without a name. */
    default void joined(String room, @Nullable String name) {}

    /** A client has left a room, or its connection was lost: {@code room.away} delays what members see, not this. */
    default void left(String room, @Nullable String name) {}

    /** A client in a room has another name. */
    default void renamed(String room, @Nullable String from, String to) {}

    /** A message was published. */
    default void said(RoomEvent.Said message) {}

    /** A message was edited or removed. */
    default void changed(RoomEvent.Changed change) {}

    /** A message that is open has grown. */
    default void appended(RoomEvent.Appended piece) {}

    /** The last client has left a room, or its connection was lost. */
    default void emptied(String room) {}

    /** That many events are left out here. */
    default void missed(long events) {}
}
