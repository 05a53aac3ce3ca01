package parley.client;

import jakarta.json.JsonValue;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Hears what happens in a room. Every method does nothing unless it is overridden.
 *
 * <p>Methods are called by threads of the client's executor, one at a time for each room and in order; they may block,
 * and may call anything of the client. While more than {@link ParleyClient.Builder#remembered} messages wait for the
 * callbacks of a room nothing is kept for them: what comes meanwhile is fetched again from the room afterwards. Signals
 * are dropped then.
 */
public interface RoomCallbacks {
    /** A message, each once and in order. */
    default void message(RoomMessage message) {}

    /** Messages that did not come by themselves are fetched, have come, or are gone. */
    default void missed(MissedRange range) {}

    /** The room's messages were lost, and its numbers begin anew. */
    default void reset(String epoch) {}

    /**
     * Members came or went. Several changes may be one call.
     *
     * @param names of the members, sorted
     * @param count of the members, those without a name included
     */
    default void members(List<String> names, long count) {}

    /**
     * Something that is worth nothing later.
     *
     * @param from null for a sender without a name
     */
    default void signal(@Nullable String from, JsonValue data) {}

    /** The room is being entered, has been entered, or has been left. */
    default void state(ClientRoom.State state) {}
}
