package parley.room;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Message;

/** The messages that a room keeps, read a page at a time: as many as asked for, as fit a frame, and one at least. Any thread. */
public final class History {
    private final Room room;
    private final RoomLog log;
    private final int pageBytes;

    /** Messages, oldest first, and whether there are more in the direction that was asked for. */
    public record Page(String epoch, List<Message> messages, boolean more) {}

    /**
     * What to read.
     *
     * @param seq where: the messages next to that one; it need not be there
     * @param back the newest that come before it, rather than the oldest that come after it
     * @param limit how many at most
     */
    public record Range(long seq, boolean back, int limit) {
        /** The newest. */
        public static Range newest(int limit) {
            return before(Long.MAX_VALUE, limit);
        }

        /** The newest that come before a number. */
        public static Range before(long seq, int limit) {
            return new Range(seq, true, limit);
        }

        /** The oldest that come after a number. */
        public static Range after(long seq, int limit) {
            return new Range(seq, false, limit);
        }
    }

    History(Room room, RoomLog log, int pageBytes) {
        this.room = room;
        this.log = log;
        this.pageBytes = pageBytes;
    }

    /** Reads from memory what is there, and has the store read what is only there. */
    void read(Range range, Consumer<@Nullable Page> told) {
        Page page = range.back ? before(range) : after(range);
        long from = range.back ? Math.min(range.seq, log.head() + 1) - 1 : from(range);
        if (page.messages.isEmpty() && room.isOnlyStored(from)) {
            room.readStored(
                    from, range.back, range.limit, read -> told.accept(read == null ? null : page(range, read)));
        } else {
            told.accept(page);
        }
    }

    /** The first to read, forward. */
    private long from(Range range) {
        long next = Math.min(range.seq, log.head()) + 1;
        return Math.max(next, room.first());
    }

    private Page page(Range range, List<Message> read) {
        List<Message> messages = new ArrayList<>(read);
        if (range.back) {
            Collections.reverse(messages);
            return new Page(log.epoch(), messages, hasOlder(messages));
        }
        return new Page(log.epoch(), messages, hasNewer(messages));
    }

    private Page before(Range range) {
        List<Message> messages = read(Math.min(range.seq, log.head() + 1) - 1, -1, range.limit);
        // Again when the log let go of just what was to be read. The first is asked for before the head, since both go
        // up.
        while (messages.isEmpty() && log.first() < Math.min(range.seq, log.head() + 1)) {
            messages = read(Math.min(range.seq, log.head() + 1) - 1, -1, range.limit);
        }
        Collections.reverse(messages);
        return new Page(log.epoch(), messages, hasOlder(messages));
    }

    private Page after(Range range) {
        List<Message> messages = List.of();
        long from = from(range);
        // Again when the log let go of just what was to be read. The first is asked for before the head, since both go
        // up.
        while (messages.isEmpty() && from <= log.head() && !room.isOnlyStored(from)) {
            messages = read(from, 1, range.limit);
            from = from(range);
        }
        return new Page(log.epoch(), messages, hasNewer(messages));
    }

    private boolean hasOlder(List<Message> messages) {
        return !messages.isEmpty() && messages.get(0).seq() > room.first();
    }

    private boolean hasNewer(List<Message> messages) {
        return !messages.isEmpty() && messages.get(messages.size() - 1).seq() < log.head();
    }

    private List<Message> read(long from, int step, int limit) {
        List<Message> messages = new ArrayList<>();
        int bytes = 0;
        Message next = log.read(from);
        while (next != null && messages.size() < limit && (messages.isEmpty() || bytes < pageBytes)) {
            messages.add(next);
            next = log.read(next.seq() + step);
            bytes += next == null ? 0 : next.content().bytes() + MemoryLog.OVERHEAD_BYTES;
        }
        return messages;
    }
}
