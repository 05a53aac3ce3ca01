package parley.cluster;

import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;

/**
 * Finds out from which number on a room has lost nothing. For threads that may wait.
 *
 * <p>A stream lets go of its oldest message, and of a room's oldest when it has as many as it may. Changed messages are
 * no longer where they were, so those before all that the stream has of the room are looked at one by one. Where the
 * stream lets go by age alone, or of nothing, one that is not too old tells that all behind it are there. Where it is
 * full, or the room, each has to say that there was no other one between it and the next.
 */
final class Extents {
    private static final String BEHIND = "a server of NATS is behind the one that leads the stream";
    /** Changed messages that are looked at in one go. */
    private static final int AT_ONCE = ChangeIndex.AT_ONCE;

    private final Streams streams;
    private final Subjects subjects;
    private final ChangeIndex index;
    private final ClusterSettings.Kept kept;
    private final Clock clock;

    /**
     * @param kept what streams keep
     */
    Extents(Streams streams, Subjects subjects, ChangeIndex index, ClusterSettings.Kept kept, Clock clock) {
        this.streams = streams;
        this.subjects = subjects;
        this.index = index;
        this.kept = kept;
        this.clock = clock;
    }

    /** Which messages a room has. */
    Remote.Bounds bounds(RoomName room, Changed changed, Streams.State state) throws IOException, InterruptedException {
        long begin = goneUpTo(room) + 1;
        eraseGone(room, changed, begin);
        Streams.Kept oldest = state.count() == 0 ? null : oldest(room, begin);
        if (oldest == null) {
            if (state.count() > 0 && streams.newest(subjects.shard(room), subjects.said(room)) >= begin) {
                throw new IOException(BEHIND);
            }
            return new Remote.Bounds(state.epoch(), Math.max(state.first(), begin), state.last() + 1, state.last());
        }
        long there = Math.max(state.first(), oldest.seq());
        long first = Math.max(first(oldest, state), begin);
        Remote.Bounds said = new Remote.Bounds(state.epoch(), first, there, state.last());
        return before(room, changed, changed.between(begin, there - 1), oldest.seq(), isFull(state), said);
    }

    private Streams.@Nullable Kept oldest(RoomName room, long from) throws IOException, InterruptedException {
        List<Streams.Kept> messages = streams.read(subjects.shard(room), subjects.said(room), from, 1, 1)
                .messages();
        return messages.isEmpty() ? null : messages.get(0);
    }

    /** A node may have stored changed messages while another one had them let go of. */
    private void eraseGone(RoomName room, Changed changed, long begin) throws IOException, InterruptedException {
        List<Long> gone = changed.between(1, begin - 1);
        if (!gone.isEmpty()) {
            index.eraseAll(room, gone);
            gone.forEach(changed::isGone);
        }
    }

    /** The number up to which all messages of the room have been let go of at somebody's request. */
    private long goneUpTo(RoomName room) throws IOException, InterruptedException {
        return Forgetting.upTo(streams.last(subjects.shard(room), subjects.gone(room)));
    }

    private long first(Streams.Kept oldest, Streams.State state) {
        if (state.count() >= kept.messages()) {
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

    private boolean isFull(Streams.State state) {
        return state.isFull() || state.count() >= kept.messages();
    }

    /** Goes on with the changed messages that come before all others, the newest first. */
    private Remote.Bounds before(
            RoomName room, Changed changed, List<Long> before, long oldestSaid, boolean isFull, Remote.Bounds said)
            throws IOException, InterruptedException {
        List<Long> numbers = new ArrayList<>(before);
        Collections.reverse(numbers);
        Remote.Bounds bounds = said;
        for (int from = 0; from < numbers.size(); from += AT_ONCE) {
            List<Long> some = numbers.subList(from, Math.min(numbers.size(), from + AT_ONCE));
            lookAt(room, changed, some, oldestSaid);
            for (Long of : some) {
                Optional<Changed.Around> around = changed.around(of);
                if (around.isPresent()) {
                    if (isFull && around.get().clearUpTo() + 1 < bounds.first()) {
                        return bounds;
                    }
                    bounds = with(of, around.get().quiet(), bounds);
                }
            }
        }
        return bounds;
    }

    /** Reads what is not known of changed messages, and of those that are gone by what is known. */
    private void lookAt(RoomName room, Changed changed, List<Long> numbers, long oldestSaid)
            throws IOException, InterruptedException {
        List<Long> unknown = new ArrayList<>();
        for (Long of : numbers) {
            Optional<Changed.Around> around = changed.around(of);
            if (around.isEmpty()
                    || isGone(changed.newestFolded(of), around.get().at(), oldestSaid)) {
                unknown.add(of);
            }
        }
        Map<Long, ChangeIndex.Entry> found = index.find(room, unknown);
        for (Long of : unknown) {
            ChangeIndex.Entry entry = found.get(of);
            if (entry == null) {
                changed.isGone(of);
                continue;
            }
            Folded folded = entry.folded();
            if (isGone(folded.change(), folded.envelope().at(), oldestSaid)) {
                streams.erase(subjects.shard(room), entry.place());
                changed.isGone(of);
            } else {
                changed.isFolded(of, folded.change(), folded.isRemoved());
                changed.isAround(
                        of,
                        new Changed.Around(
                                folded.envelope().at(),
                                folded.clearUpTo(),
                                folded.envelope().quiet()));
            }
        }
    }

    private static Remote.Bounds with(long of, Envelope.Quiet quiet, Remote.Bounds bounds) {
        long first = quiet.upTo() + 1 >= of ? Math.min(quiet.after() + 1, of) : of;
        return new Remote.Bounds(bounds.epoch(), Math.min(bounds.first(), first), of, bounds.head());
    }

    /** Whether the stream has let go of its newest change, or of messages that were said when it was. */
    private boolean isGone(long change, long at, long oldestSaid) {
        long age = kept.age().toMillis();
        return change < oldestSaid || (age > 0 && at < clock.millis() - age);
    }
}
