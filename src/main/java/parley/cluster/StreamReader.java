package parley.cluster;

import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;
import parley.room.RoomStore;

/** Reads rooms from their streams. For threads that may wait: each method does. */
final class StreamReader {
    private static final String BEHIND = "a server of NATS is behind the one that leads the stream";
    /** The bytes of a message besides its content, about: pages of very short messages are bounded too. */
    private static final int OVERHEAD_BYTES = 96;
    /** Messages that are read for a room that follows before it takes them. */
    private static final int FILL_AT_ONCE = 500;

    private static final long BATCH_BYTES = 1 << 20;
    /** Numbers to go back over from a message that does not say how far; twice as many each time. */
    private static final long GUESS = 100;

    /**
     * What a caller asked for.
     *
     * @param bounds which messages the room has, when it had to be looked whether some of those asked for are gone
     */
    record Given(RoomStore.Answer answer, Remote.@Nullable Bounds bounds) {}

    private final Streams streams;
    private final Subjects subjects;
    private final ChangeIndex index;
    private final FoldedReader folded;
    private final Extents extents;
    private final Decoder decoder;
    private final Complaints complaints;
    private final BooleanSupplier isClosing;

    /**
     * @param kept what streams keep
     */
    StreamReader(
            Streams streams,
            Subjects subjects,
            ClusterSettings.Kept kept,
            Clock clock,
            Decoder decoder,
            Complaints complaints,
            BooleanSupplier isClosing) {
        this.streams = streams;
        this.subjects = subjects;
        this.index = new ChangeIndex(streams, subjects, decoder);
        this.folded = new FoldedReader(streams, subjects, index);
        this.extents = new Extents(streams, subjects, index, kept, clock);
        this.decoder = decoder;
        this.complaints = complaints;
        this.isClosing = isClosing;
    }

    /** The newest messages, and which there are. */
    Remote.Opened beginning(RoomName room) throws IOException, InterruptedException {
        streams.await(); // from here on nothing is missed
        Streams.State state = state(room);
        List<Remote.Heard> newest = new ArrayList<>();
        long last = streams.newest(subjects.shard(room), subjects.said(room));
        Changed changed = new Changed();
        boolean areAll = state.count() == 0;
        if (last > 0) {
            index.numbers(room).forEach(changed::isChanged);
            changed.knows(last);
            Streams.Kept kept = oldest(room, last);
            long from = kept == null ? last : back(kept).orElse(last);
            Range all = all(room, changed, from, last, Integer.MAX_VALUE);
            newest.addAll(heard(room, all.entries));
            areAll |= all.saidCount >= state.count();
        }
        Remote.Bounds bounds = extents.bounds(room, changed, state);
        // Let go of, and about to be removed.
        areAll |= newest.removeIf(heard -> heard.seq() < Math.min(bounds.first(), bounds.oldest()));
        long since = bounds.first();
        if (!newest.isEmpty()) {
            long first = newest.get(0).seq();
            since = areAll ? Math.min(since, first) : first;
        }
        return new Remote.Opened(bounds, since, List.copyOf(newest), changed);
    }

    private Streams.State state(RoomName room) throws IOException {
        Streams.State state = streams.state(subjects.shard(room), subjects.said(room));
        if (state == null) {
            throw new NoStreamException();
        }
        return state;
    }

    /** The stream is not there: the next look at all streams makes it again. */
    static final class NoStreamException extends IOException {
        private static final long serialVersionUID = 1L;

        NoStreamException() {
            super("the stream is not there");
        }
    }

    private Streams.@Nullable Kept oldest(RoomName room, long from) throws IOException, InterruptedException {
        List<Streams.Kept> messages = streams.read(subjects.shard(room), subjects.said(room), from, 1, 1)
                .messages();
        return messages.isEmpty() ? null : messages.get(0);
    }

    /** Messages that did not come by: up to a number, or 0 for all there are and to look which that is. */
    Remote.Filled missed(RoomName room, Changed changed, long from, long until)
            throws IOException, InterruptedException {
        if (until > 0) {
            Range range = range(room, changed, from, until, FILL_AT_ONCE);
            boolean hasReached = range.last() >= until || isErased(room, changed, range, until);
            return new Remote.Filled(heard(room, range.entries), null, hasReached);
        }
        streams.await();
        Streams.State state = state(room);
        long last = streams.newest(subjects.shard(room), subjects.said(room));
        List<Remote.Heard> messages = heard(room, all(room, changed, from, last, FILL_AT_ONCE).entries);
        return messages.size() == FILL_AT_ONCE
                ? new Remote.Filled(messages, null, false)
                : new Remote.Filled(messages, extents.bounds(room, changed, state), true);
    }

    /** Whether the entry of a number is no longer there since a later change of its message holds: nothing is lost. */
    private boolean isErased(RoomName room, Changed changed, Range before, long until)
            throws IOException, InterruptedException {
        if (before.entries.size() == FILL_AT_ONCE || !changed.hasBefore(until + 1)) {
            return false;
        }
        Streams.Kept next = streams.next(subjects.shard(room), subjects.said(room), Math.max(before.last() + 1, until));
        return next != null
                && next.seq() > until
                && isAllThere(room, before, until)
                && extents.bounds(room, changed, state(room)).first() <= until;
    }

    /** Whether the server that leads the stream has none that was not read. */
    private boolean isAllThere(RoomName room, Range read, long until) throws IOException, InterruptedException {
        Streams.Kept next = streams.next(subjects.shard(room), subjects.said(room), read.next);
        return next == null || next.seq() > until;
    }

    /**
     * What the stream has of a room behind a number.
     *
     * @param epoch which stream it is
     * @param head the number of its newest message, of any room
     * @param last that of the newest message of the room; 0 for none
     * @param isAll whether there are no more messages behind the number than these
     */
    record Behind(String epoch, long head, long last, List<Remote.Heard> messages, boolean isAll) {}

    /** Looks what comes behind a number. */
    Behind behind(RoomName room, Changed changed, long after) throws IOException, InterruptedException {
        Streams.State state = state(room);
        long last = streams.newest(subjects.shard(room), subjects.said(room));
        List<Remote.Heard> messages = heard(room, all(room, changed, after + 1, last, FILL_AT_ONCE).entries);
        return new Behind(state.epoch(), state.last(), last, messages, messages.size() < FILL_AT_ONCE);
    }

    /** Messages up to one that the server which leads the stream has, or as many as the limit allows. */
    private Range all(RoomName room, Changed changed, long from, long until, int limit)
            throws IOException, InterruptedException {
        Range range = range(room, changed, from, until, limit);
        boolean isThere = until < from || range.entries.size() == limit || range.last() == until || range.isPassed;
        if (!isThere && streams.newest(subjects.shard(room), subjects.said(room)) >= until) {
            throw new IOException(BEHIND);
        }
        return range;
    }

    /**
     * Entries up to a number.
     *
     * @param saidCount how many of them the stream has itself
     * @param next where to read on
     * @param isPassed whether the server that was asked has one of a higher number, so that it has all
     */
    private record Range(List<Streams.Kept> entries, int saidCount, long next, boolean isPassed) {
        long last() {
            return entries.isEmpty() ? 0 : entries.get(entries.size() - 1).seq();
        }
    }

    private List<Remote.Heard> heard(RoomName room, List<Streams.Kept> messages) {
        List<Remote.Heard> heard = new ArrayList<>(messages.size());
        for (Streams.Kept kept : messages) {
            byte[] data = kept.data();
            heard.add(new Remote.Heard(
                    kept.seq(), 0, kept.dedupId(), Arrays.hashCode(data), decoder.message(room, kept.seq(), data)));
        }
        return heard;
    }

    /** Entries up to a number, as far as the server that is asked has them. */
    private Range range(RoomName room, Changed changed, long from, long until, int limit)
            throws IOException, InterruptedException {
        List<Streams.Kept> entries = new ArrayList<>();
        int saidCount = 0;
        long next = from;
        while (next <= until && entries.size() < limit) {
            int most = (int) Math.min(limit - entries.size(), until - next + 1);
            FoldedReader.Batch batch = read(room, changed, next, most, BATCH_BYTES);
            for (Streams.Kept kept : batch.entries()) {
                if (kept.seq() > until) {
                    return new Range(entries, saidCount, kept.seq(), true);
                }
                entries.add(kept);
                saidCount += batch.isSaid(kept.seq()) ? 1 : 0;
            }
            next = batch.next();
            if (batch.isEnd()) {
                break;
            }
        }
        return new Range(entries, saidCount, next, false);
    }

    private FoldedReader.Batch read(RoomName room, Changed changed, long from, int limit, long bytes)
            throws IOException, InterruptedException {
        return folded.read(room, changed, from, limit, bytes);
    }

    /** What rooms have missed is read all the same: senders wait until their messages have been heard. */
    private void goOn() throws IOException {
        if (isClosing.getAsBoolean()) {
            throw new IOException("the node stops");
        }
    }

    /** The message of that number as it is now; empty when the room does not keep one. */
    Optional<Message> find(RoomName room, Changed changed, long seq) throws IOException, InterruptedException {
        return folded.find(room, changed, seq);
    }

    /** Answers a query. */
    Given answer(RoomName room, Changed changed, RoomStore.Query query) {
        try {
            return query.direction() == RoomStore.Direction.BACKWARD
                    ? backward(room, changed, query)
                    : forward(room, changed, query);
        } catch (IOException | RuntimeException e) {
            complaints.log("messages cannot be read", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new Given(RoomStore.Unread.NOT_NOW, null);
    }

    /**
     * The messages of an answer, until there are enough. One more than asked for is read: whether there is one cannot
     * be seen by numbers.
     */
    private static final class Gathered {
        private final RoomStore.Query query;
        private final List<Message> messages = new ArrayList<>();
        private long bytes;

        Gathered(RoomStore.Query query) {
            this.query = query;
        }

        void add(@Nullable Message message) {
            if (message != null && query.entries().include(message)) {
                messages.add(message);
                bytes += message.content().bytes() + OVERHEAD_BYTES;
            }
        }

        boolean isFull() {
            return missing() <= 0 || bytes >= query.bytes();
        }

        int missing() {
            return query.limit() + 1 - messages.size();
        }

        boolean hasChanged() {
            return messages.stream().anyMatch(message -> message.revision() instanceof Revision.Changed);
        }

        /** Those before that number are gone; the index has some of them still. */
        void dropBefore(long first) {
            messages.removeIf(message -> message.seq() < first);
        }

        RoomStore.Found found() {
            boolean more = isFull();
            List<Message> given = missing() <= 0 ? messages.subList(0, query.limit()) : messages;
            return new RoomStore.Found(query.from(), List.copyOf(given), more);
        }
    }

    /** Reads the message before those asked for too: when that is there, none behind it is gone. */
    private Given forward(RoomName room, Changed changed, RoomStore.Query query)
            throws IOException, InterruptedException {
        Gathered gathered = new Gathered(query);
        long before = query.from() - 1;
        long next = Math.max(1, before);
        boolean isBeforeThere = false;
        while (!gathered.isFull()) {
            goOn();
            FoldedReader.Batch batch =
                    read(room, changed, next, gathered.missing() + 1, query.bytes() - gathered.bytes);
            for (Streams.Kept kept : batch.entries()) {
                if (kept.seq() > before && !gathered.isFull()) {
                    gathered.add(decoder.message(room, kept.seq(), kept.data()));
                }
                isBeforeThere |= kept.seq() == before && batch.isSaid(before);
            }
            boolean hasNone = batch.next() == next;
            next = batch.next();
            if (batch.isEnd() && !gathered.isFull()) {
                if (streams.newest(subjects.shard(room), subjects.said(room)) < next) {
                    break;
                }
                if (hasNone) {
                    throw new IOException(BEHIND);
                }
            }
        }
        if (isBeforeThere) {
            return new Given(gathered.found(), null);
        }
        Remote.Bounds bounds = extents.bounds(room, changed, state(room));
        gathered.dropBefore(Math.min(bounds.first(), bounds.oldest()));
        return new Given(gathered.found(), bounds);
    }

    /** A stream is read forward; each message says where to begin to find those before it. */
    private Given backward(RoomName room, Changed changed, RoomStore.Query query)
            throws IOException, InterruptedException {
        Gathered gathered = new Gathered(query);
        Streams.Kept anchor = oldest(room, query.from());
        if (anchor == null) {
            anchor = oldest(room, streams.newest(subjects.shard(room), subjects.said(room)));
        }
        long until = query.from();
        long guess = GUESS;
        OptionalLong start = anchor == null ? OptionalLong.of(0) : back(anchor);
        while (anchor != null && !gathered.isFull()) {
            goOn();
            long from = start.orElse(Math.max(0, until - guess));
            List<Streams.Kept> before = range(room, changed, from, until, Integer.MAX_VALUE).entries;
            for (int i = before.size() - 1; i >= 0 && !gathered.isFull(); i--) {
                Streams.Kept kept = before.get(i);
                gathered.add(decoder.message(room, kept.seq(), kept.data()));
            }
            if (from <= 1 || (before.isEmpty() && start.isPresent() && !hasBefore(room, changed, from))) {
                break;
            }
            until = before.isEmpty() ? from - 1 : before.get(0).seq() - 1;
            start = before.isEmpty() ? OptionalLong.empty() : back(before.get(0));
            guess = start.isPresent() ? GUESS : 2 * guess;
        }
        if (gathered.hasChanged()) {
            Remote.Bounds bounds = extents.bounds(room, changed, state(room));
            gathered.dropBefore(Math.min(bounds.first(), bounds.oldest()));
        }
        return new Given(gathered.found(), null);
    }

    /** Whether the room has something before a number: all behind that may have been erased. */
    private boolean hasBefore(RoomName room, Changed changed, long seq) throws IOException, InterruptedException {
        Streams.Kept oldest = oldest(room, 1);
        return (oldest != null && oldest.seq() < seq) || changed.hasBefore(seq);
    }

    /** Where to begin to find the messages before one; empty when it does not say so. */
    private static OptionalLong back(Streams.Kept kept) {
        try {
            long back = Envelope.decode(kept.data()).back();
            return back < kept.seq() ? OptionalLong.of(back) : OptionalLong.empty();
        } catch (Envelope.UnreadableException e) {
            return OptionalLong.empty();
        }
    }
}
