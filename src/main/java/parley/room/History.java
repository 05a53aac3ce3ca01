package parley.room;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import parley.protocol.Message;

/** The messages that a room keeps, read a page at a time: as many as asked for, as fit a frame, and one at least. Any thread. */
public final class History {
    private final RoomLog log;
    private final int pageBytes;

    /** Messages, oldest first, and whether there are more in the direction that was asked for. */
    public record Page(String epoch, List<Message> messages, boolean more) {}

    History(RoomLog log, int pageBytes) {
        this.log = log;
        this.pageBytes = pageBytes;
    }

    /** Reads the newest messages. */
    public Page newest(int limit) {
        return before(Long.MAX_VALUE, limit);
    }

    /** Reads the newest that come before a number. */
    public Page before(long seq, int limit) {
        List<Message> messages = read(Math.min(seq, log.head() + 1) - 1, -1, limit);
        // Again when the log let go of just what was to be read. The first is asked for before the head, since both go
        // up.
        while (messages.isEmpty() && log.first() < Math.min(seq, log.head() + 1)) {
            messages = read(Math.min(seq, log.head() + 1) - 1, -1, limit);
        }
        Collections.reverse(messages);
        return new Page(
                log.epoch(), messages, !messages.isEmpty() && messages.get(0).seq() > log.first());
    }

    /** Reads the oldest that come after a number. */
    public Page after(long seq, int limit) {
        List<Message> messages = List.of();
        // Again when the log let go of just what was to be read, but not when it has let go of all there was.
        for (long from = oldest(seq); messages.isEmpty() && from <= log.head(); from = oldest(seq)) {
            messages = read(from, 1, limit);
        }
        boolean more = !messages.isEmpty() && messages.get(messages.size() - 1).seq() < log.head();
        return new Page(log.epoch(), messages, more);
    }

    private long oldest(long after) {
        return Math.max(after + 1, log.first());
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
