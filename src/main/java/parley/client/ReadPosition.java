package parley.client;

import jakarta.json.JsonObject;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Up to where the client's user has read a room, on any of its connections (docs/protocol.md, section "Read marks").
 * Immutable.
 *
 * @param seq the number of the last message that was read, which may be gone
 * @param unread how many messages come behind it, 100 at most; empty while they are not counted
 * @param hasMore whether there are more than that
 */
public record ReadPosition(long seq, OptionalInt unread, boolean hasMore) {
    /** How many unread messages a server counts. */
    static final int MOST = 100;

    /** What an event has of it; null for nothing. */
    static @Nullable ReadPosition of(JsonObject event) {
        long seq = Wire.number(event, "mark", -1);
        if (seq < 0) {
            return null;
        }
        long unread = Wire.number(event, "unread", -1);
        return new ReadPosition(
                seq, unread < 0 ? OptionalInt.empty() : OptionalInt.of((int) unread), event.getBoolean("more", false));
    }

    /** With messages besides that the server has not counted. */
    ReadPosition with(int uncounted) {
        if (unread.isEmpty()) {
            return this;
        }
        int all = unread.getAsInt() + uncounted;
        return new ReadPosition(seq, OptionalInt.of(Math.min(MOST, all)), hasMore || all > MOST);
    }
}
