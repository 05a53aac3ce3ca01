package parley.api;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Why something was not to be had of a room. Its message is a sentence that says what to do. */
public final class RoomException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The kinds of reasons. */
    public enum Reason {
        /** It cannot be a message: the data are no JSON, or the name or the id cannot be. */
        INVALID,
        /** The message is larger than {@code limits.message-bytes}, or than what keeps the room takes. */
        TOO_LARGE,
        /** Where the room is kept cannot be reached now. */
        UNAVAILABLE,
        /** Something was said since the message that was named as the newest. */
        MOVED,
        /** In a cluster whose NATS is too old, no message can be published behind a certain one. */
        CANNOT_COMPARE,
        /** The room does not keep the message that was to be changed, or it has been removed. */
        NOT_FOUND,
        /** The room is in another history, in which the number of the message means another one. */
        OTHER_EPOCH,
        /** Messages of rooms that are kept there cannot be changed. */
        NOT_IMPLEMENTED,
        /** As many rooms as {@code limits.rooms} allows. */
        TOO_MANY_ROOMS,
        /** As many members as {@code room.members} allows. */
        ROOM_FULL,
        /** The subscriber has asked for too little, in a room that closes those that are slow. */
        BEHIND,
        /** Parley has been stopped. */
        STOPPED
    }

    private final Reason reason;

    private final transient Position.@Nullable After newest;

    /** Says why. */
    public RoomException(Reason reason, String message) {
        this(reason, message, null);
    }

    /** Says why, and where the room is instead. */
    public RoomException(Reason reason, String message, Position.@Nullable After newest) {
        super(message);
        this.reason = reason;
        this.newest = newest;
    }

    /** The kind. */
    public Reason reason() {
        return reason;
    }

    /** With {@link Reason#MOVED}, the newest message of the room. */
    public Optional<Position.After> newest() {
        return Optional.ofNullable(newest);
    }
}
