package parley.room;

import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.protocol.Utf8;

/** What tests put into rooms. */
public final class Samples {
    private Samples() {}

    /** Limits of a room with a megabyte of history, that joins up to 64 KB and tells up to 5 names. */
    public static RoomLimits limits(int history, int window, Overflow overflow, Duration linger) {
        return new RoomLimits(history, 1 << 20, window, overflow, linger, 1 << 16, 5, 100_000, null);
    }

    /** The lobby, with nothing to keep to but its own limits. */
    static Room room(RoomLimits limits, Executor fanOut, Clock clock) {
        LogBudget any = new LogBudget(Long.MAX_VALUE, () -> {});
        return new Room(RoomName.LOBBY, limits, null, any, new Tally(), (took, since) -> {}, fanOut, clock);
    }

    public static Draft line(@Nullable String from, String text) {
        return line(from, text, null);
    }

    public static Draft line(@Nullable String from, String text, @Nullable String id) {
        return new Draft(from, Content.text(text, Utf8.length(text)), id);
    }

    /** The member that came in, in a test in which nobody is refused. */
    public static Member member(Entry entry) {
        return ((Entry.In) entry).member();
    }

    /** Has a member begin that was told that it is in. */
    public static void begin(Joined joined) {
        joined.member().begin();
    }

    /** Joins a room that says at once what there is. */
    static Joined join(
            Room room,
            Member.Subscriber subscriber,
            Format format,
            @Nullable String name,
            long from,
            @Nullable Member before) {
        AtomicReference<Joined> joined = new AtomicReference<>();
        room.join(subscriber, format, name, new Wish.At(from, null), before, joined::set);
        begin(joined.get());
        return joined.get();
    }

    /** Where one starts that many messages back. */
    static long start(Room room, int history) {
        return ((Wish.At) room.fix(new Wish.Last(history))).from();
    }

    /** Reads from a room in memory. */
    static History.Page read(Room room, History.Range range) {
        AtomicReference<History.Page> page = new AtomicReference<>();
        room.read(null, range, page::set);
        return page.get();
    }

    static Member plain(Room room, Member.Subscriber subscriber, long from) {
        return join(room, subscriber, Format.PLAIN, null, from, null).member();
    }

    static Member json(Room room, Member.Subscriber subscriber, long from) {
        return join(room, subscriber, Format.JSON, null, from, null).member();
    }

    static @Nullable Member plain(
            RoomRegistry registry, RoomName name, Member.Subscriber subscriber, RoomRegistry.Position position) {
        Entry entry = registry.join(name, position, subscriber, Format.PLAIN, null, Samples::begin);
        return entry instanceof Entry.In in ? in.member() : null;
    }
}
