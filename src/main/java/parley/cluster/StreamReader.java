package parley.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Message;
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
    private final long keptMessages;
    private final Decoder decoder;
    private final Complaints complaints;
    private final BooleanSupplier isClosing;

    /**
     * @param keptMessages how many messages of a room a stream keeps
     */
    StreamReader(
            Streams streams,
            Subjects subjects,
            long keptMessages,
            Decoder decoder,
            Complaints complaints,
            BooleanSupplier isClosing) {
        this.streams = streams;
        this.subjects = subjects;
        this.keptMessages = keptMessages;
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
        if (last > 0) {
            Streams.Kept kept = oldest(room, last);
            newest.addAll(all(room, kept == null ? last : back(kept).orElse(last), last, Integer.MAX_VALUE));
        }
        Remote.Bounds bounds = bounds(room, state);
        boolean areAll = newest.size() >= state.count();
        // Let go of, and about to be removed.
        areAll |= newest.removeIf(heard -> heard.seq() < Math.min(bounds.first(), bounds.oldest()));
        long since = bounds.first();
        if (!newest.isEmpty()) {
            long first = newest.get(0).seq();
            since = areAll ? Math.min(since, first) : first;
        }
        return new Remote.Opened(bounds, since, List.copyOf(newest));
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

    /** Streams let go of their oldest message, and of a room's oldest: when it has as many as it may, or had. */
    private Remote.Bounds bounds(RoomName room, Streams.State state) throws IOException, InterruptedException {
        long kept = goneUpTo(room) + 1;
        Streams.Kept oldest = state.count() == 0 ? null : oldest(room, kept);
        if (oldest == null) {
            if (state.count() > 0 && streams.newest(subjects.shard(room), subjects.said(room)) >= kept) {
                throw new IOException(BEHIND);
            }
            return new Remote.Bounds(state.epoch(), Math.max(state.first(), kept), state.last() + 1, state.last());
        }
        long there = Math.max(state.first(), oldest.seq());
        return new Remote.Bounds(state.epoch(), Math.max(first(oldest, state), kept), there, state.last());
    }

    /** The number up to which all messages of the room have been let go of at somebody's request. */
    private long goneUpTo(RoomName room) throws IOException, InterruptedException {
        return Forgetting.upTo(streams.last(subjects.shard(room), subjects.gone(room)));
    }

    private long first(Streams.Kept oldest, Streams.State state) {
        if (state.count() >= keptMessages) {
            return Math.max(state.first(), oldest.seq());
        }
        try {
            Envelope envelope = Envelope.decode(oldest.data());
            if (envelope.quiet().upTo() + 1 >= state.first()) { // what the stream has let go of was of other rooms
                return Math.min(envelope.quiet().after() + 1, oldest.seq());
            }
            return envelope.back() == 0 ? state.first() : Math.max(state.first(), oldest.seq());
        } catch (Envelope.UnreadableException e) {
            return Math.max(state.first(), oldest.seq());
        }
    }

    /** Messages that did not come by: up to a number, or 0 for all there are and to look which that is. */
    Remote.Filled missed(RoomName room, long from, long until) throws IOException, InterruptedException {
        if (until > 0) {
            List<Remote.Heard> messages = heard(room, range(room, from, until, FILL_AT_ONCE));
            boolean hasReached =
                    !messages.isEmpty() && messages.get(messages.size() - 1).seq() >= until;
            return new Remote.Filled(messages, null, hasReached);
        }
        streams.await();
        Streams.State state = state(room);
        long last = streams.newest(subjects.shard(room), subjects.said(room));
        List<Remote.Heard> messages = all(room, from, last, FILL_AT_ONCE);
        return messages.size() == FILL_AT_ONCE
                ? new Remote.Filled(messages, null, false)
                : new Remote.Filled(messages, bounds(room, state), true);
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
    Behind behind(RoomName room, long after) throws IOException, InterruptedException {
        Streams.State state = state(room);
        long last = streams.newest(subjects.shard(room), subjects.said(room));
        List<Remote.Heard> messages = all(room, after + 1, last, FILL_AT_ONCE);
        return new Behind(state.epoch(), state.last(), last, messages, messages.size() < FILL_AT_ONCE);
    }

    /** Messages up to one that the server which leads the stream has, or as many as the limit allows. */
    private List<Remote.Heard> all(RoomName room, long from, long until, int limit)
            throws IOException, InterruptedException {
        List<Remote.Heard> messages = heard(room, range(room, from, until, limit));
        boolean isThere = until < from
                || messages.size() == limit
                || (!messages.isEmpty() && messages.get(messages.size() - 1).seq() == until);
        if (!isThere && streams.newest(subjects.shard(room), subjects.said(room)) >= until) {
            throw new IOException(BEHIND);
        }
        return messages;
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

    /** Messages up to a number, as far as the server that is asked has them. */
    private List<Streams.Kept> range(RoomName room, long from, long until, int limit)
            throws IOException, InterruptedException {
        List<Streams.Kept> messages = new ArrayList<>();
        long next = from;
        while (next <= until && messages.size() < limit) {
            int most = (int) Math.min(limit - messages.size(), until - next + 1);
            Streams.Batch batch = read(room, next, most, BATCH_BYTES);
            for (Streams.Kept kept : batch.messages()) {
                if (kept.seq() > until) {
                    return messages;
                }
                messages.add(kept);
                next = kept.seq() + 1;
            }
            if (batch.isEnd()) {
                break;
            }
        }
        return messages;
    }

    private Streams.Batch read(RoomName room, long from, int limit, long bytes)
            throws IOException, InterruptedException {
        if (isClosing.getAsBoolean()) {
            throw new IOException("the node stops");
        }
        return streams.read(subjects.shard(room), subjects.said(room), from, limit, bytes);
    }

    /** Answers a query. */
    Given answer(RoomName room, RoomStore.Query query) {
        try {
            return query.direction() == RoomStore.Direction.BACKWARD ? backward(room, query) : forward(room, query);
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
            if (message != null) {
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

        RoomStore.Found found() {
            boolean more = isFull();
            List<Message> given = missing() <= 0 ? messages.subList(0, query.limit()) : messages;
            return new RoomStore.Found(query.from(), List.copyOf(given), more);
        }
    }

    /** Reads the message before those asked for too: when that is there, none behind it is gone. */
    private Given forward(RoomName room, RoomStore.Query query) throws IOException, InterruptedException {
        Gathered gathered = new Gathered(query);
        long before = query.from() - 1;
        long next = Math.max(1, before);
        boolean isBeforeThere = false;
        while (!gathered.isFull()) {
            Streams.Batch batch = read(room, next, gathered.missing() + 1, query.bytes() - gathered.bytes);
            for (Streams.Kept kept : batch.messages()) {
                if (kept.seq() > before && !gathered.isFull()) {
                    gathered.add(decoder.message(room, kept.seq(), kept.data()));
                }
                isBeforeThere |= kept.seq() == before;
                next = kept.seq() + 1;
            }
            if (batch.isEnd() && !gathered.isFull()) {
                if (streams.newest(subjects.shard(room), subjects.said(room)) < next) {
                    break;
                }
                if (batch.messages().isEmpty()) {
                    throw new IOException(BEHIND);
                }
            }
        }
        return new Given(gathered.found(), isBeforeThere ? null : bounds(room, state(room)));
    }

    /** A stream is read forward; each message says where to begin to find those before it. */
    private Given backward(RoomName room, RoomStore.Query query) throws IOException, InterruptedException {
        Gathered gathered = new Gathered(query);
        Streams.Kept anchor = oldest(room, query.from());
        if (anchor == null) {
            anchor = oldest(room, streams.newest(subjects.shard(room), subjects.said(room)));
        }
        long until = query.from();
        long guess = GUESS;
        OptionalLong start = anchor == null ? OptionalLong.of(0) : back(anchor);
        while (anchor != null && !gathered.isFull()) {
            long from = start.orElse(Math.max(0, until - guess));
            List<Streams.Kept> before = range(room, from, until, Integer.MAX_VALUE);
            for (int i = before.size() - 1; i >= 0 && !gathered.isFull(); i--) {
                Streams.Kept kept = before.get(i);
                gathered.add(decoder.message(room, kept.seq(), kept.data()));
            }
            if (from <= 1 || (before.isEmpty() && start.isPresent())) {
                break;
            }
            until = before.isEmpty() ? from - 1 : before.get(0).seq() - 1;
            start = before.isEmpty() ? OptionalLong.empty() : back(before.get(0));
            guess = start.isPresent() ? GUESS : 2 * guess;
        }
        return new Given(gathered.found(), null);
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
