package parley.api;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What a subscriber of a room is given. Immutable. */
public sealed interface RoomEvent {
    /** The room's name. */
    String room();

    /** The history of the room that numbers belong to: another one after messages were lost. */
    String epoch();

    /** The number behind which the subscriber is now. */
    long seq();

    /** Where the subscriber is when it has seen this, to go on from later. */
    default Position.After position() {
        return new Position.After(epoch(), seq());
    }

    /**
     * The subscriber has a place; or the room has begun another history, and it goes on there.
     *
     * @param seq the number behind which it starts
     * @param isResumed whether it is given everything since the message that it named
     */
    record Placed(String room, String epoch, long seq, boolean isResumed) implements RoomEvent {}

    /**
     * A message was published. One that is open goes on with {@link Appended}.
     *
     * @param from the name of who said it; null for none
     * @param id what the sender gave it; null for none
     */
    record Said(
            String room,
            String epoch,
            long seq,
            Instant at,
            @Nullable String from,
            Payload payload,
            @Nullable String id)
            implements RoomEvent {}

    /**
     * A message was edited or removed.
     *
     * @param seq the number of the change
     * @param at when it was
     * @param from the name of the client that changed it; null for none
     * @param changes the number of the message
     * @param payload what it says now; {@link Payload.Removed} where it was removed
     * @param id what the sender gave the change; null for none
     */
    record Changed(
            String room,
            String epoch,
            long seq,
            Instant at,
            @Nullable String from,
            long changes,
            Payload payload,
            @Nullable String id)
            implements RoomEvent {}

    /**
     * A message that is open has grown: it was {@link Said} with what it had then. Pieces that follow one another come
     * together.
     *
     * @param seq the number of the first of the pieces: a subscriber that goes on behind it may be given again what it
     *     has, and knows that by {@code start}
     * @param at when that piece was appended
     * @param from the name of who said the message; null for none
     * @param changes the number of the message
     * @param start where the text begins in that of the message, in UTF-16 code units, as {@link String#length} counts
     * @param text what goes behind it
     * @param isFinal whether nothing more comes
     */
    record Appended(
            String room,
            String epoch,
            long seq,
            Instant at,
            @Nullable String from,
            long changes,
            int start,
            String text,
            boolean isFinal)
            implements RoomEvent {}

    /**
     * The messages between two numbers are not given to this subscriber: the room has let go of them.
     *
     * @param after the last number before them
     * @param seq the last number of them
     * @param count how many they are; null when that cannot be known
     */
    record Missed(
            String room,
            String epoch,
            long after,
            long seq,
            @Nullable Long count) implements RoomEvent {}
}
