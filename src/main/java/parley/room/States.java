package parley.room;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;

/**
 * The states that the connections of one entry on this node show: each has its own, and the entry shows the one that
 * was set last. Guarded by the room's lock.
 *
 * <p>Beyond a few, the oldest are forgotten: a label may have any number of connections.
 */
final class States {
    private static final int MOST = 8;

    /** Of a state besides its text, about. */
    private static final int OVERHEAD = 128;

    /** By connection, in the order in which they were set. */
    private final Map<Object, RoomStore.State> states = new LinkedHashMap<>();

    /** The one that was set last; null for none. */
    RoomStore.@Nullable State newest() {
        RoomStore.State newest = null;
        for (RoomStore.State state : states.values()) {
            newest = state;
        }
        return newest;
    }

    /** The bytes of the state of a connection, and what else it takes; 0 for none. */
    long bytesOf(Object connection) {
        RoomStore.State state = states.get(connection);
        return state == null ? 0 : bytes(state);
    }

    /** Sets a connection's, and returns the bytes of those that are forgotten for it. */
    long set(Object connection, RoomStore.State state) {
        states.remove(connection);
        states.put(connection, state);
        if (states.size() <= MOST) {
            return 0;
        }
        Object oldest = states.keySet().iterator().next();
        long bytes = bytesOf(oldest);
        states.remove(oldest);
        return bytes;
    }

    /** Takes a connection's away, and returns it; null when it has none. */
    RoomStore.@Nullable State remove(Object connection) {
        return states.remove(connection);
    }

    /** Another connection stands in for one. */
    void replace(Object before, Object now) {
        Map<Object, RoomStore.State> all = new LinkedHashMap<>(states);
        states.clear();
        all.forEach((connection, state) -> states.put(connection == before ? now : connection, state));
    }

    static long bytes(RoomStore.State state) {
        Content content = state.content();
        return content.bytes() + OVERHEAD;
    }
}
