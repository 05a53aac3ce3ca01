package parley.room;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import parley.delivery.Overflow;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.protocol.Utf8;

/** What tests put into rooms. */
public final class Samples {
    private Samples() {}

    /** Limits of a room with a megabyte of history, that joins up to 64 KB and tells up to 5 names. */
    public static RoomLimits limits(int history, int window, Overflow overflow, Duration linger) {
        return new RoomLimits(history, 1 << 20, window, overflow, linger, 1 << 16, 5);
    }

    public static Draft line(@Nullable String from, String text) {
        return line(from, text, null);
    }

    public static Draft line(@Nullable String from, String text, @Nullable String id) {
        return new Draft(from, Content.text(text, Utf8.length(text)), id);
    }

    static Member plain(Room room, Member.Subscriber subscriber, long from) {
        return room.join(subscriber, Format.PLAIN, null, from, null, null).member();
    }

    static Member json(Room room, Member.Subscriber subscriber, long from) {
        return room.join(subscriber, Format.JSON, null, from, null, null).member();
    }

    static @Nullable Member plain(
            RoomRegistry registry, RoomName name, Member.Subscriber subscriber, RoomRegistry.Position position) {
        Room.Joined joined = registry.join(name, position, subscriber, Format.PLAIN, null);
        return joined == null ? null : joined.member();
    }
}
