package parley.room;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Event;
import parley.protocol.JsonCodec;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.protocol.Utf8;

/**
 * The messages that a room keeps, read a page at a time: as many as asked for, as fit a frame, and one at least. What
 * memory has comes from there, the rest of the page from the store. Any thread.
 */
public final class History {
    /** How many entries are read at least behind some that all say nothing any more. */
    private static final int READ_ON = 500;

    private final RoomName room;
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

    /** Where messages are read from. */
    private enum Way {
        /** The oldest that come after a number. */
        AFTER,
        /** The newest that come before a number. */
        BEFORE,
        /** The oldest that were published at a time or later. */
        SINCE
    }

    /** What to read. */
    public static final class Range {
        private final Way way;
        /** The number, which need not be there, or the time. */
        private final long from;

        private final int limit;
        private final RoomStore.Entries entries;

        private Range(Way way, long from, int limit) {
            this(way, from, limit, RoomStore.Entries.MESSAGES);
        }

        private Range(Way way, long from, int limit, RoomStore.Entries entries) {
            this.way = way;
            this.from = from;
            this.limit = limit;
            this.entries = entries;
        }

        /** The newest. */
        public static Range newest(int limit) {
            return before(Long.MAX_VALUE, limit);
        }

        /** The newest that come before a number. */
        public static Range before(long seq, int limit) {
            return new Range(Way.BEFORE, seq, limit);
        }

        /** The oldest that come after a number. */
        public static Range after(long seq, int limit) {
            return new Range(Way.AFTER, seq, limit);
        }

        /**
         * The oldest that come after a number, and changes, each in its own place: of those of one message the newest.
         */
        public static Range withChangesAfter(long seq, int limit) {
            return new Range(Way.AFTER, seq, limit, RoomStore.Entries.ALL);
        }

        /** The newest entry, message or change, that comes before a number. */
        static Range lastEntryBefore(long seq) {
            return new Range(Way.BEFORE, seq, 1, RoomStore.Entries.ALL);
        }

        /** The oldest that were published at a time, in milliseconds since 1970, or later. */
        public static Range since(long at, int limit) {
            return new Range(Way.SINCE, at, limit);
        }
    }

    /** A page that is being filled. */
    private final class Filling {
        private final int limit;
        private final RoomStore.Entries entries;
        private final List<Message> messages = new ArrayList<>();
        private int bytes;
        private boolean isFull;
        /** Whether memory has more behind it. */
        private boolean hasMore;

        Filling(Range range) {
            this.limit = range.limit;
            this.entries = range.entries;
        }

        /** Adds an entry if it is one of those that the page is of; false when the page is full. */
        boolean add(Message message) {
            if (!entries.include(message) || message.isSuperseded()) {
                return true;
            }
            int more = sentBytes(message) + 1;
            isFull |= messages.size() >= limit || (!messages.isEmpty() && bytes + more > pageBytes);
            if (!isFull) {
                messages.add(message);
                bytes += more;
            }
            return !isFull;
        }

        /** Adds messages; true when all fitted. */
        boolean addAll(List<Message> more) {
            for (Message message : more) {
                if (!add(message)) {
                    return false;
                }
            }
            return true;
        }

        /** Whether nothing was there to add. */
        boolean isEmpty() {
            return messages.isEmpty() && !isFull;
        }

        boolean hasRoom() {
            return !isFull && messages.size() < limit && bytes < pageBytes;
        }
    }

    /**
     * Makes the history of a room.
     *
     * @param pageBytes how many bytes a page has when it is sent, unless a single message has more
     */
    History(RoomName room, RoomLog log, int pageBytes) {
        this.room = room;
        this.log = log;
        this.pageBytes = pageBytes;
    }

    /** How many bytes a message has when it is sent. */
    private int sentBytes(Message message) {
        return Utf8.length(JsonCodec.encode(new Event.Said(room, message)));
    }

    /** Reads a page; the callback is called once, with null when the store cannot read. */
    void read(Range range, Consumer<@Nullable Page> onPage) {
        switch (range.way) {
            case BEFORE -> readBack(range, onPage);
            case AFTER -> readOn(range.from, range, onPage);
            case SINCE ->
                TimeSearch.find(
                        log,
                        range.from,
                        found -> found.ifPresentOrElse(
                                first -> readOn(first - 1, range, onPage), () -> onPage.accept(null)));
        }
    }

    private void readOn(long after, Range range, Consumer<@Nullable Page> onPage) {
        Filling page = new Filling(range);
        long from = Math.min(after, log.ring().newest()) + 1;
        long first = log.ring().first();
        if (from >= log.ring().since() && addFromRing(page, from, first)) {
            onPage.accept(newer(page, false));
            return;
        } // else the ring let go of just what was to be read
        if (log.firstStored() == RoomStore.NOTHING) {
            boolean isWhole;
            do {
                first = log.ring().first();
                isWhole = addFromRing(page, log.ring().since(), first);
            } while (!isWhole); // let go of meanwhile
            onPage.accept(newer(page, false));
            return;
        }
        readStored(from, range.limit, page, onPage);
    }

    private void readStored(long from, int limit, Filling page, Consumer<@Nullable Page> onPage) {
        RoomStore.Query query = new RoomStore.Query(from, RoomStore.Direction.FORWARD, limit, pageBytes, page.entries);
        log.store().read(query, answer -> {
            if (answer == RoomStore.Unread.NOT_NOW) {
                onPage.accept(null);
                return;
            }
            boolean more = answer instanceof RoomStore.Found found && (!page.addAll(found.messages()) || found.more());
            if (more
                    && page.isEmpty()
                    && answer instanceof RoomStore.Found found
                    && !found.messages().isEmpty()) {
                // All are superseded. An empty page would tell the client that there is nothing more.
                long last = found.messages().get(found.messages().size() - 1).seq();
                readStored(last + 1, Math.max(limit, READ_ON), page, onPage);
                return;
            }
            if (!more) {
                long next = page.messages.isEmpty() ? log.ring().since() : last(page) + 1;
                addFromRing(page, next, log.ring().first());
            }
            onPage.accept(newer(page, more));
        });
    }

    /**
     * Adds what memory has from a number on.
     *
     * @param first the oldest place that memory had when it was known to have that number
     * @return whether that is all: otherwise memory has let go of some meanwhile, and nothing was added
     */
    private boolean addFromRing(Filling page, long from, long first) {
        int before = page.messages.size();
        long place = log.ring().placeOf(from);
        for (Message next = log.ring().read(place);
                next != null && page.add(next);
                next = log.ring().read(place)) {
            place++;
        }
        page.hasMore = place <= log.ring().head(); // one did not fit, or memory has let go of it, or it has just come
        return page.messages.size() > before || log.ring().first() == first;
    }

    private Page newer(Filling page, boolean more) {
        return page(page.messages, !page.messages.isEmpty() && (more || page.hasMore));
    }

    private static long last(Filling page) {
        return page.messages.get(page.messages.size() - 1).seq();
    }

    private void readBack(Range range, Consumer<@Nullable Page> onPage) {
        long before = range.from;
        Filling page = new Filling(range);
        long first;
        long next;
        long place;
        do {
            first = log.ring().first();
            next = Math.min(before, log.ring().newest() + 1);
            place = log.ring().placeOf(next) - 1;
            for (Message message = log.ring().read(place);
                    message != null && page.add(message);
                    message = log.ring().read(place)) {
                next = message.seq();
                place--;
            }
        } while (page.isEmpty() && log.ring().first() != first && hasBefore(before)); // let go of meanwhile
        long firstStored = log.firstStored();
        if (!page.hasRoom() || firstStored == RoomStore.NOTHING || next <= firstStored) {
            onPage.accept(older(page, log.ring().read(place) != null || firstStored < next));
            return;
        }
        RoomStore.Query query = new RoomStore.Query(
                next - 1,
                RoomStore.Direction.BACKWARD,
                range.limit - page.messages.size(),
                pageBytes - page.bytes,
                range.entries);
        log.store().read(query, answer -> {
            if (answer == RoomStore.Unread.NOT_NOW) {
                onPage.accept(page.messages.isEmpty() ? null : older(page, true));
                return;
            }
            boolean more = answer instanceof RoomStore.Found found && (!page.addAll(found.messages()) || found.more());
            onPage.accept(older(page, more));
        });
    }

    /** Whether memory has a message that comes before that number. */
    private boolean hasBefore(long seq) {
        return log.ring().first() <= log.ring().head()
                && log.ring().numberAt(log.ring().first()) < seq;
    }

    private Page older(Filling page, boolean more) {
        Collections.reverse(page.messages);
        return page(page.messages, more && !page.messages.isEmpty());
    }

    private Page page(List<Message> messages, boolean more) {
        List<Message> sent = Pieces.inPages(messages);
        return new Page(log.beginning().epoch(), List.copyOf(sent), more, log.firstWhereNumbersHaveHoles());
    }
}
