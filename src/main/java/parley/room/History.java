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

    /**
     * Messages, oldest first.
     *
     * @param more whether there are more in the direction that was asked for
     * @param first the number from which on all are kept, where numbers have holes and do not tell; else null
     */
    public record Page(
            String epoch,
            List<Message> messages,
            boolean more,
            @Nullable Long first) {}

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
        long from = range.back ? until(range) - 1 : from(range);
        if (page.messages.isEmpty() && room.isOnlyStored(from)) {
            // Where numbers have holes, one more says whether there is one.
            int limit = range.limit + (log.isSparse() ? 1 : 0);
            room.readStored(from, range.back, limit, read -> told.accept(read == null ? null : page(range, read)));
        } else {
            told.accept(page);
        }
    }

    /** Backward: the number that all read come before. */
    private long until(Range range) {
        return Math.min(range.seq, log.newest() + 1);
    }

    /** Forward: the number that none read comes before. */
    private long from(Range range) {
        long next = Math.min(range.seq, log.newest()) + 1;
        return Math.max(next, room.first());
    }

    private Page page(Range range, List<Message> read) {
        boolean isCut = read.size() > range.limit;
        List<Message> messages = new ArrayList<>(isCut ? read.subList(0, range.limit) : read);
        if (!range.back) {
            return page(messages, hasNewer(messages));
        }
        Collections.reverse(messages);
        boolean hasOlder = log.isSparse() ? isCut || weight(messages) >= pageBytes : hasOlder(messages);
        return page(messages, hasOlder);
    }

    private Page page(List<Message> messages, boolean more) {
        return new Page(log.epoch(), messages, more, log.isSparse() ? room.first() : null);
    }

    private static long weight(List<Message> messages) {
        return messages.stream().mapToLong(MemoryLog::weight).sum();
    }

    private Page before(Range range) {
        List<Message> messages = read(log.place(until(range)) - 1, -1, range.limit);
        // Again when the log let go of just what was to be read. The first is asked for before the head, since both go
        // up.
        while (messages.isEmpty() && log.first() < log.place(until(range))) {
            messages = read(log.place(until(range)) - 1, -1, range.limit);
        }
        Collections.reverse(messages);
        return page(messages, hasOlder(messages));
    }

    private Page after(Range range) {
        List<Message> messages = List.of();
        long from = from(range);
        // Again when the log let go of just what was to be read. The first is asked for before the head, since both go
        // up.
        while (messages.isEmpty() && log.place(from) <= log.head() && !room.isOnlyStored(from)) {
            messages = read(log.place(from), 1, range.limit);
            from = from(range);
        }
        return page(messages, hasNewer(messages));
    }

    private boolean hasOlder(List<Message> messages) {
        if (messages.isEmpty()) {
            return false;
        }
        long oldest = messages.get(0).seq();
        return log.place(oldest) > log.first() || room.isOnlyStored(oldest - 1);
    }

    private boolean hasNewer(List<Message> messages) {
        return !messages.isEmpty() && messages.get(messages.size() - 1).seq() < log.newest();
    }

    private List<Message> read(long from, int step, int limit) {
        List<Message> messages = new ArrayList<>();
        int bytes = 0;
        long place = from;
        Message next = log.read(place);
        while (next != null && messages.size() < limit && (messages.isEmpty() || bytes < pageBytes)) {
            messages.add(next);
            place += step;
            next = log.read(place);
            bytes += next == null ? 0 : next.content().bytes() + MemoryLog.OVERHEAD_BYTES;
        }
        return messages;
    }
}
