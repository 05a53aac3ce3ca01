package parley.app;

import java.util.List;
import java.util.function.UnaryOperator;
import parley.api.MessageGuard;
import parley.api.RoomListener;
import parley.door.Access;

/**
 * What the application that Parley is in has of its own. Immutable.
 *
 * @param access made of the access that the settings say: asks the application first
 * @param guards look at messages, in this order
 * @param listeners hear what happens
 */
public record Extensions(UnaryOperator<Access> access, List<MessageGuard> guards, List<RoomListener> listeners) {
    /** Where Parley is the whole application. */
    public static final Extensions NONE = new Extensions(access -> access, List.of(), List.of());

    /** Copies the lists. */
    public Extensions {
        guards = List.copyOf(guards);
        listeners = List.copyOf(listeners);
    }
}
