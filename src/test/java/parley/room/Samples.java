package parley.room;

import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.PlainChanges;
import parley.protocol.RoomName;
import parley.protocol.Utf8;

/** What tests put into rooms. */
public final class Samples {
    /** How long a frame is under way before its member is behind. */
    public static final Duration SLOW_AFTER = Duration.ofSeconds(3);

    private static final long HISTORY_BYTES = 1 << 20;
    private static final long BACKLOG_BYTES = 8 << 20;

    private Samples() {}

    /**
     * Limits of a room with a megabyte of history and eight of backlog, that joins up to 64 KB and tells up to 5 names.
     */
    public static RoomLimits limits(int history, int window, Overflow overflow, Duration linger) {
        return limits(history, HISTORY_BYTES, BACKLOG_BYTES, window, overflow, linger);
    }

    /** The same with other bytes of history and backlog. */
    static RoomLimits limits(
            int history, long historyBytes, long backlogBytes, int window, Overflow overflow, Duration linger) {
        return new RoomLimits(
                history, historyBytes, backlogBytes, SLOW_AFTER, window, overflow, linger, 1 << 16, 5, 100_000, null);
    }

    /** Of a room whose presence has that many names, at that interval, in batches of that many bytes. */
    static RoomLimits limits(int names, Duration interval, int batchBytes) {
        return new RoomLimits(
                10,
                HISTORY_BYTES,
                BACKLOG_BYTES,
                SLOW_AFTER,
                0,
                Overflow.DROP_OLDEST,
                Duration.ZERO,
                batchBytes,
                names,
                interval,
                RoomLimits.AWAY,
                100_000,
                RoomLimits.MARKS,
                RoomLimits.REACTIONS,
                KeyLimits.DEFAULT,
                PlainChanges.SHOW,
                GrowthLimits.DEFAULT,
                MarksShown.OWN,
                null);
    }

    /** Of a room in which clients are shown the marks of those, with presence of up to 100 names. */
    static RoomLimits showing(MarksShown marks) {
        return new RoomLimits(
                5,
                HISTORY_BYTES,
                BACKLOG_BYTES,
                SLOW_AFTER,
                0,
                Overflow.DROP_OLDEST,
                Duration.ZERO,
                1 << 16,
                100,
                Duration.ofMillis(250),
                Duration.ZERO,
                100_000,
                RoomLimits.MARKS,
                RoomLimits.REACTIONS,
                KeyLimits.DEFAULT,
                PlainChanges.SHOW,
                GrowthLimits.DEFAULT,
                marks,
                new Retention(1_000, 1 << 20, Duration.ZERO));
    }

    /** The same with frames of one message each. */
    static RoomLimits aMessageAFrame(RoomLimits limits) {
        return new RoomLimits(
                limits.history(),
                limits.historyBytes(),
                limits.backlogBytes(),
                limits.slowAfter(),
                limits.window(),
                limits.overflow(),
                limits.linger(),
                1,
                limits.names(),
                limits.members(),
                limits.retention());
    }

    /** The same for a room that is kept in a store. */
    public static RoomLimits stored(int history, int window, Overflow overflow, int members) {
        return new RoomLimits(
                history,
                HISTORY_BYTES,
                BACKLOG_BYTES,
                SLOW_AFTER,
                window,
                overflow,
                Duration.ZERO,
                1 << 16,
                5,
                members,
                new Retention(1_000, 1 << 20, Duration.ZERO));
    }

    /** The lobby in memory, open, with nothing to keep to but its own limits. */
    static Room room(RoomLimits limits, Executor fanOut, Clock clock) {
        return room(limits, fanOut, clock, clock::millis);
    }

    /** The same, with durations by another time. */
    static Room room(RoomLimits limits, Executor fanOut, Clock clock, LongSupplier elapsed) {
        LogBudget any = new LogBudget(Long.MAX_VALUE, () -> {});
        Room room = new Room(RoomName.LOBBY, limits, any, new Tally(), (took, since) -> {}, fanOut, clock, elapsed);
        room.open(new MemoryStore());
        return room;
    }

    public static Draft line(@Nullable String from, String text) {
        return line(from, text, null);
    }

    public static Draft line(@Nullable String from, String text, @Nullable String id) {
        return new Draft(from, Content.text(text, Utf8.length(text)), id);
    }

    /** Publishes in a room in memory, and returns the number: another thread may be serving that one's requests. */
    public static long publish(Room room, Draft draft) {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        room.publish(draft, result::complete);
        return ((Outcome.Published) result.join()).seq();
    }

    /** Publishes a line. */
    public static long publish(Room room, String text) {
        return publish(room, line(null, text));
    }

    /** What was counted in a room, and in those that share its tally. */
    static Counts counts(Room room) {
        return room.tally().counts();
    }

    /** The member that came in, in a test in which nobody is refused. */
    public static Member member(Entry entry) {
        return ((Entry.In) entry).member();
    }

    /** Has a member begin whose client was answered that it is in. */
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
        room.join(subscriber, format, name, at(room, from), before, joined::set);
        begin(joined.get());
        return joined.get();
    }

    /** A start at a message of the room as it is now. */
    static Start.At at(Room room, long from) {
        return new Start.At(room.log().beginning().epoch(), from, null);
    }

    /** Where a client starts that many messages back. */
    static long start(Room room, int history) {
        return ((Start.At) room.fix(new Start.Last(history))).from();
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

    static @Nullable Member plain(RoomRegistry registry, RoomName name, Member.Subscriber subscriber, Start start) {
        Entry entry = registry.join(name, start, subscriber, Format.PLAIN, null, Samples::begin);
        return entry instanceof Entry.In in ? in.member() : null;
    }

    /** The messages of a frame, one or several. */
    static List<Frame> messages(Frame frame) {
        return frame instanceof Frame.Several several ? several.messages() : List.of(frame);
    }
}
