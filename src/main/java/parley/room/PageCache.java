package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * Reads pages of a room from its store, each once however many members need it, and keeps the last few. Any thread. Its
 * own lock guards what is being read and what is kept, and is not held while the store or a reader is called.
 */
final class PageCache {
    /** Messages of a page. */
    private static final int MESSAGES = 1_000;

    private static final int KEPT = 4;

    /** The longest pause before a page is asked for again that could not be read: some eight seconds. */
    private static final int LONGEST_PAUSE = 32;

    /** How many sweeps after its pause a page is known as one that could not be read. */
    private static final int REMEMBERED = 256;

    /** A member that needs a page. Called without a lock, by a thread of the store's or inside {@link #find}. */
    interface Reader {
        /** The page is there: look again. */
        void ready();
    }

    /**
     * A page that is being read. Guarded by the cache's lock.
     *
     * @param readers those that wait for it
     * @param changed the numbers of entries that have become others meanwhile, {@link #MESSAGES} of them and one more
     *     at most: then any may have
     */
    private record Reading(List<Reader> readers, Set<Long> changed) {
        Reading(Reader first) {
            this(new ArrayList<>(List.of(first)), new HashSet<>());
        }

        void changed(Set<Long> numbers) {
            for (Long number : numbers) {
                if (changed.size() <= MESSAGES) {
                    changed.add(number);
                }
            }
        }

        boolean isOf(Page page) {
            return changed.size() <= MESSAGES && !has(page, changed);
        }
    }

    /** Whether a page has one of these entries, or a piece of one. */
    private static boolean has(Page page, Set<Long> numbers) {
        return numbers.stream().anyMatch(page::covers)
                || page.messages().stream().anyMatch(entry -> isPieceOf(entry, numbers));
    }

    private static boolean isPieceOf(Message entry, Set<Long> numbers) {
        return Pieces.isPiece(entry) && numbers.contains(((Revision.Change) entry.revision()).of());
    }

    /**
     * How long a page is not asked for that the store could not read: longer each time.
     *
     * @param sweeps its length
     * @param left how many of these are to come; negative once it is over
     */
    private record Pause(int sweeps, int left) {
        static final Pause FIRST = new Pause(1, 1);

        Pause longer() {
            int next = Math.min(sweeps * 2, LONGEST_PAUSE);
            return new Pause(next, next);
        }
    }

    private final BiConsumer<RoomStore.Query, Consumer<RoomStore.Answer>> store;
    private final LongSupplier newest;
    private final long bytes;

    @GuardedBy("this")
    private final Map<Long, Reading> reading = new HashMap<>();

    @GuardedBy("this")
    private final Map<Long, Pause> pauses = new HashMap<>();

    @GuardedBy("this")
    private final Deque<Page> kept = new ArrayDeque<>();

    /** How often pages have been let go: one that was asked for before is not kept. */
    @GuardedBy("this")
    private long generation;

    /**
     * Keeps no page yet.
     *
     * @param newest the number of the newest message that the room has heard of
     * @param bytes how many bytes of content a page has, about
     */
    PageCache(BiConsumer<RoomStore.Query, Consumer<RoomStore.Answer>> store, LongSupplier newest, long bytes) {
        this.store = store;
        this.newest = newest;
        this.bytes = bytes;
    }

    /**
     * Finds the page that has the message of that number, or the next; while there is none, has it read and then the
     * reader called. A reader of a page that cannot be read is not called: it asks again when {@link #sweep} says so.
     *
     * @param until the number that messages are needed up to, exclusively; the store has been given all that come
     *     before it
     */
    Optional<Page> find(long from, long until, Reader reader) {
        long asked;
        synchronized (this) {
            for (Page page : kept) {
                if (page.covers(from)) {
                    return Optional.of(page);
                }
            }
            Reading before = reading.get(from);
            if (before != null) {
                if (!before.readers.contains(reader)) {
                    before.readers.add(reader);
                }
                return Optional.empty();
            }
            Pause pause = pauses.get(from);
            if (pause != null && pause.left > 0) {
                return Optional.empty();
            }
            reading.put(from, new Reading(reader));
            asked = generation;
        }
        RoomStore.Query query = new RoomStore.Query(from, RoomStore.Direction.FORWARD, MESSAGES, bytes);
        store.accept(query, answer -> answered(from, until, answer, asked));
        return Optional.empty();
    }

    private void answered(long from, long until, RoomStore.Answer answer, long asked) {
        Reading its;
        boolean isRead = answer != RoomStore.Unread.NOT_NOW;
        synchronized (this) {
            its = reading.remove(from);
            if (isRead) {
                pauses.remove(from);
            } else {
                pauses.compute(from, (unused, before) -> before == null ? Pause.FIRST : before.longer());
            }
            if (isRead && asked == generation) {
                Page page = answer instanceof RoomStore.Found found
                        ? Page.of(from, found, until, newest.getAsLong())
                        : Page.lost(from, until);
                if (its == null || its.isOf(page)) {
                    kept.addFirst(page);
                }
                if (kept.size() > KEPT) {
                    kept.removeLast();
                }
            }
        }
        if (isRead && its != null) {
            its.readers.forEach(Reader::ready);
        }
    }

    /**
     * A sweep has come; whether readers have to ask again, since the pause of a page is over that could not be read.
     */
    synchronized boolean sweep() {
        boolean isOver = false;
        for (Iterator<Map.Entry<Long, Pause>> all = pauses.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<Long, Pause> each = all.next();
            Pause next = new Pause(each.getValue().sweeps, each.getValue().left - 1);
            each.setValue(next);
            isOver |= next.left == 0;
            if (next.left < -REMEMBERED) {
                all.remove();
            }
        }
        return isOver;
    }

    /**
     * Lets the pages go that have messages as they were before some changes. Others stay: with steady changes members
     * that catch up would have each page read again and again.
     */
    synchronized void letGoOf(List<Message> changes) {
        Set<Long> numbers = new HashSet<>();
        for (Message entry : changes) {
            if (entry.revision() instanceof Revision.Change change
                    && !change.kind().onlyAdds()) {
                numbers.add(change.of());
                numbers.add(change.before());
                numbers.add(change.reacted());
            } else if (entry.revision() instanceof Revision.Keyed keyed) {
                numbers.add(keyed.before());
            }
        }
        kept.removeIf(page -> has(page, numbers));
        reading.values().forEach(its -> its.changed(numbers));
    }

    /** Lets all pages go: nobody has read for a while, or the messages are others now. */
    synchronized void letGo() {
        kept.clear();
        generation++;
    }
}
