package parley.room;

import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executor;
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
        return new RoomLimits(history, 1 << 20, window, overflow, linger, 1 << 16, 5, 100_000);
    }

    /** The lobby, with nothing to keep to but its own limits. */
    static Room room(RoomLimits limits, Executor fanOut, Clock clock) {
        LogBudget any = new LogBudget(Long.MAX_VALUE, () -> {});
        return new Room(RoomName.LOBBY, limits, any, (took, since) -> {}, fanOut, clock);
    }

    public static Draft line(@Nullable String from, String text) {
        return line(from, text, null);
    }

    public static Draft line(@Nullable String from, String text, @Nullable String id) {
        return new Draft(from, Content.text(text, Utf8.length(text)), id);
    }

    /** Who came in, in a test in which nobody is refused. */
    public static Room.Joined joined(Room.Entry entry) {
        return (Room.Joined) entry;
    }

    static Member plain(Room room, Member.Subscriber subscriber, long from) {
        return joined(room.join(subscriber, Format.PLAIN, null, from, null, null))
                .member();
    }

    static Member json(Room room, Member.Subscriber subscriber, long from) {
        return joined(room.join(subscriber, Format.JSON, null, from, null, null))
                .member();
    }

    static @Nullable Member plain(
            RoomRegistry registry, RoomName name, Member.Subscriber subscriber, RoomRegistry.Position position) {
        Room.Entry entry = registry.join(name, position, subscriber, Format.PLAIN, null);
        return entry instanceof Room.Joined joined ? joined.member() : null;
    }
}
