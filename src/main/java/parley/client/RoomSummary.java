package parley.client;

import jakarta.json.JsonObject;
import java.util.Objects;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a room that is watched. Immutable.
 *
 * @param epoch the history that {@code seq} belongs to; null while the room has no message
 * @param seq the newest message; empty while there is none
 * @param count how many members it has
 * @param last the last message, where it was asked for and the server has it at hand; else null
 * @param mark up to where the client's user has read, where that was asked for and is known; else null, also for a user
 *     that has set no mark
 */
public record RoomSummary(
        String name,
        @Nullable String epoch,
        OptionalLong seq,
        int count,
        @Nullable RoomMessage last,
        @Nullable ReadPosition mark) {
    static RoomSummary of(JsonObject room) {
        String name = room.getString("room");
        String epoch = Wire.text(room, "epoch");
        JsonObject last = room.getJsonObject("last");
        return new RoomSummary(
                name,
                epoch,
                room.containsKey("seq") ? OptionalLong.of(Wire.number(room, "seq", 0)) : OptionalLong.empty(),
                (int) Wire.number(room, "count", 0),
                last == null ? null : Wire.message(last, name, Objects.requireNonNullElse(epoch, ""), false),
                ReadPosition.of(room));
    }
}
