package parley.client;

import jakarta.json.JsonObject;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A member of a room: a user with all its connections, or those without a user that go by one name (docs/protocol.md,
 * section "Members and users"). Immutable.
 *
 * @param user which user it is; null for a label that is no user
 * @param name what it is called; null for a user without a name
 * @param connections how many connections it has in the room, 0 while it is away; empty where the server tells the name
 *     alone: of a label that shows no state and is not away
 * @param isAway whether its last connection was lost and it may come back
 * @param read up to which message it has read; empty for none, and where the room does not show that of others
 * @param state what it shows beside its name; null for nothing
 */
public record RoomMember(
        @Nullable String user,
        @Nullable String name,
        OptionalInt connections,
        boolean isAway,
        OptionalLong read,
        @Nullable JsonObject state) {
    static RoomMember ofName(String name) {
        return new RoomMember(null, name, OptionalInt.empty(), false, OptionalLong.empty(), null);
    }

    static RoomMember of(JsonObject member) {
        return new RoomMember(
                Wire.text(member, "user"),
                Wire.text(member, "name"),
                OptionalInt.of((int) Wire.number(member, "connections", 0)),
                member.getBoolean("away", false),
                member.containsKey("read") ? OptionalLong.of(Wire.number(member, "read", 0)) : OptionalLong.empty(),
                member.get("state") instanceof JsonObject state ? state : null);
    }
}
