package parley.api;

import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/**
 * A room. Any thread may call any method; none blocks. It keeps nothing: hold it for as long as it is of use, or ask
 * {@link Rooms#room} again.
 *
 * <p>Stages are completed on threads of Parley's that wait for nothing else, or with a {@link RoomException} when
 * something is not to be had.
 */
public interface ChatRoom {
    /** Its name. */
    String name();

    /**
     * Publishes a message, as {@code say} does over the wire: with the same limits, and kept where the room is kept
     * when the stage is completed. Calls of one thread are published in their order.
     *
     * <p>What the application itself publishes is shown to no {@link MessageGuard}.
     *
     * @return what it is in the room; or a {@link RoomException} with {@link RoomException.Reason#INVALID}, {@code
     *     TOO_LARGE}, {@code MOVED}, {@code CANNOT_COMPARE}, {@code STOPPED}, or {@code UNAVAILABLE}: it may have been
     *     published or not, and with an {@code id} it may be published again
     */
    CompletionStage<Published> publish(Publication message);

    /** Publishes a line of text without a sender. */
    default CompletionStage<Published> publish(String text) {
        return publish(Publication.text(text));
    }

    /**
     * Has a message say something else, whoever said it, as {@code PATCH} does over HTTP. Shown to no {@link
     * MessageGuard}.
     *
     * @param seq the number of the message, in the history that the room is in
     * @param now what it says from then on; {@code from} is the name of the editor, and {@code id} makes repeating safe
     * @return the change in the room; or a {@link RoomException} with {@link RoomException.Reason#NOT_FOUND}, {@code
     *     NOT_IMPLEMENTED}, or as {@link #publish} and {@link #history} give it. {@code INVALID} also for one with
     *     {@link Publication#behind}
     */
    CompletionStage<Published> edit(long seq, Publication now);

    /**
     * The same for a message of a certain history.
     *
     * @return also a {@link RoomException} with {@link RoomException.Reason#OTHER_EPOCH} when the room is in another
     */
    CompletionStage<Published> edit(Position.After message, Publication now);

    /**
     * Takes back what a message says, whoever said it, as {@code DELETE} does over HTTP. Removing it again changes
     * nothing, and gives the same number.
     *
     * @param seq the number of the message, in the history that the room is in
     * @return the change in the room; or a {@link RoomException} as {@link #edit(long, Publication)} gives it
     */
    CompletionStage<Published> remove(long seq);

    /** The same for a message of a certain history, as {@link #edit(Position.After, Publication)} has it. */
    CompletionStage<Published> remove(Position.After message);

    /**
     * Reads messages that are kept: as many as asked for, as fit {@code room.batch-bytes}, and one at least.
     *
     * @return them; or a {@link RoomException} with {@link RoomException.Reason#TOO_MANY_ROOMS}, {@code STOPPED}, or
     *     {@code UNAVAILABLE}: the disk or the cluster does not say in time what it has of the room
     */
    CompletionStage<MessagePage> history(Reading what);

    /**
     * Who is in the room, on all nodes of a cluster. Subscribers are not among them.
     *
     * @return them; or a {@link RoomException} as {@link #history} gives it
     */
    CompletionStage<Attendance> members();

    /**
     * Reads the room from a position on: what is kept, and what is published from then on, without a hole between.
     *
     * <p>A subscriber is a position in the room's log, as each client is: nothing is queued for it. It is given what it
     * has asked for ({@link Flow.Subscription#request}), on threads of Parley's, one call at a time. What it does not
     * ask for stays in the room; one that asks for nothing for longer than {@code room.slow-after} is slow, and the
     * room's policy holds for it: mostly a {@link RoomEvent.Missed} for what the room has let go of meanwhile. It takes
     * a place of {@code room.members}, and clients do not see it.
     *
     * <p>It ends with {@code onComplete} when the application stops, and with {@code onError} and a {@link
     * RoomException} when the room has no place ({@code ROOM_FULL}, {@code TOO_MANY_ROOMS}), cannot be read now ({@code
     * UNAVAILABLE}), or closes those that are slow ({@code BEHIND}). To go on later, subscribe {@link Position#after}
     * the last one seen.
     */
    void subscribe(Position from, Flow.Subscriber<? super RoomEvent> subscriber);
}
