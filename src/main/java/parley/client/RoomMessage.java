package parley.client;

import jakarta.json.JsonValue;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A message of a room, or the change of one. Immutable. It has a text or data, never both; a removed one has neither, and
 * neither has one that adds a piece to another.
 *
 * @param epoch the history of the room that the number belongs to; {@link Joining#after} goes on from the two
 * @param seq its number in the room
 * @param at when the server published it
 * @param from the name of the sender; null for none
 * @param user which user said it (docs/protocol.md, section "Members and users"); null for a sender that is none
 * @param id what its sender gave it; null for none
 * @param text a line of text; null when it has data
 * @param data any JSON; null when it has a text
 * @param isOwn whether this client said it
 * @param changes of a change the number of the message that it changes; null for a message
 * @param editedAt when a message was edited last; null where it says what it said
 * @param isRemoved whether the message was removed
 * @param isOpen whether the message still grows: pieces of it follow, as changes
 * @param piece of a change what it adds to a message that grows; else null
 */
public record RoomMessage(
        String room,
        String epoch,
        long seq,
        Instant at,
        @Nullable String from,
        @Nullable String user,
        @Nullable String id,
        @Nullable String text,
        @Nullable JsonValue data,
        boolean isOwn,
        @Nullable Long changes,
        @Nullable Instant editedAt,
        boolean isRemoved,
        boolean isOpen,
        @Nullable Piece piece) {
    /**
     * Text that goes behind that of a message; pieces that follow one another come together.
     *
     * @param start where it begins in the text of the message, as {@link String#length} counts: what the client has
     *     from there on is part of it, and where the client has less, it has missed something
     * @param isFinal whether nothing more comes
     */
    public record Piece(int start, String text, boolean isFinal) {}

    /** The number of the message that a change is of, or of this one. */
    long changedOrOwn() {
        return changes == null ? seq : changes;
    }
}
