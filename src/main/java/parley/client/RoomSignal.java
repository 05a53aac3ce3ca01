package parley.client;

import jakarta.json.JsonValue;
import org.jspecify.annotations.Nullable;

/**
 * Something that a member passed on and that nobody keeps. Immutable.
 *
 * @param from the name of the sender; null for none
 * @param user which user sent it; null for a sender that is none
 */
public record RoomSignal(@Nullable String from, @Nullable String user, JsonValue data) {}
