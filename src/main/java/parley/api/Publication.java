package parley.api;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A message to be published. Immutable.
 *
 * @param payload what it says
 * @param from the name of who says it; null for none. Any name: the application speaks for whom it likes
 * @param id 1 to 64 characters by which the room knows a second one of the same, and publishes it once; null for none
 * @param behind the newest message of the room when it is published, or it is not; null for whichever
 */
public record Publication(
        Payload payload, @Nullable String from, @Nullable String id, Position.@Nullable After behind) {
    /** Checks that there is a payload. */
    public Publication {
        Objects.requireNonNull(payload, "payload");
    }

    /** A line of text. */
    public static Publication text(String text) {
        return new Publication(new Payload.Text(text), null, null, null);
    }

    /** A value of the application's own, as JSON (RFC 8259). */
    public static Publication data(String json) {
        return new Publication(new Payload.Data(json), null, null, null);
    }

    /** The same, said by somebody. */
    public Publication from(String name) {
        return new Publication(payload, name, id, behind);
    }

    /** The same, which may be repeated. */
    public Publication id(String of) {
        return new Publication(payload, from, of, behind);
    }

    /** The same, published only if nothing was said since. */
    public Publication behind(Position.After newest) {
        return new Publication(payload, from, id, newest);
    }
}
