package parley.room;

import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * Notes what happens in rooms. Called with the room's lock held, so that the order is that in which it happened: it
 * only notes, and calls nobody.
 */
public interface RoomWatch {
    /** Notes nothing. */
    RoomWatch NONE = new RoomWatch() {};

    /** A client has come in. */
    default void joined(RoomName room, @Nullable String name) {}

    /** A client has left. */
    default void left(RoomName room, @Nullable String name) {}

    /** A client has another name. */
    default void renamed(RoomName room, @Nullable String from, String to) {}

    /** Messages were published. */
    default void said(RoomName room, String epoch, List<Message> messages) {}

    /** The last client has left. */
    default void emptied(RoomName room) {}
}
