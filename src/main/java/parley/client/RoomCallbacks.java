package parley.client;

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

    /**
     * A message was edited or removed: the change has its number and all that it says now. The message need not have
     * been passed on here.
     */
    default void changed(RoomMessage change) {}

    /** Messages that did not come by themselves are fetched, have come, or are gone. */
    default void missed(MissedRange range) {}

    /** The room's messages were lost, and its numbers begin anew. */
    default void reset(String epoch) {}

    /** Members came, went or changed: their names, connections, states. Several changes may be one call. */
    default void members(RoomMembers members) {}

    /** What the client's user has read, or what is left of it, has changed. Several changes may be one call. */
    default void mark(ReadPosition mark) {}

    /** Something that is worth nothing later. */
    default void signal(RoomSignal signal) {}

    /** The room is being entered, has been entered, or has been left. */
    default void state(ClientRoom.State state) {}
}
