package parley.client;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rooms that a client watches, at one moment. Immutable.
 *
 * @param rooms all that is known, by name
 * @param changed the names of rooms of which something has changed since the callback was called before
 * @param gone rooms that are not watched any more since then: they fitted a pattern and are not there, or a token does
 *     not allow them
 * @param hasMore whether more rooms fit the patterns than a client may watch
 * @param failure why the server did not take the list again after the connection was lost: nothing is watched any more;
 *     null otherwise
 */
public record RoomSummaries(
        Map<String, RoomSummary> rooms,
        List<String> changed,
        List<String> gone,
        boolean hasMore,
        @Nullable ParleyException failure) {
    public RoomSummaries {
        rooms = Map.copyOf(rooms);
        changed = List.copyOf(changed);
        gone = List.copyOf(gone);
    }
}
