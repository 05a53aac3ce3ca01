package parley.cluster;

import java.io.IOException;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;

/**
 * Reads the entries of a room from its stream, with each changed message in its place as it is now: the stream has a
 * hole there, and the {@linkplain ChangeIndex index} the message. For threads that may wait.
 *
 * <p>A message is in the index before the stream lets go of it, and its change is in the stream before that. So the
 * index is looked at after the stream was read, for all messages that were changed by then.
 */
final class FoldedReader {
    /** Entries that this node has not heard of yet, of which it looks at each; of more, it asks which are changed. */
    private static final int FEW = 100;

    private static final long FEW_BYTES = 256 << 10;
    /** Changed messages that are read from the index in one go. */
    private static final int MOST_PLACES = 2_000;

    private final Streams streams;
    private final Subjects subjects;
    private final ChangeIndex index;

    FoldedReader(Streams streams, Subjects subjects, ChangeIndex index) {
        this.streams = streams;
        this.subjects = subjects;
        this.index = index;
    }

    /**
     * Entries of a room, in order.
     *
     * @param erased the numbers of those that the index alone has
     * @param isEnd whether the server that was asked has none behind these; others may
     */
    record Batch(List<Streams.Kept> entries, Set<Long> erased, boolean isEnd) {
        /** Whether the stream has an entry itself. */
        boolean isSaid(long seq) {
            return !erased.contains(seq);
        }
    }

    /** As {@link Streams#read}. */
    Batch read(RoomName room, Changed changed, long from, int limit, long bytes)
            throws IOException, InterruptedException {
        Streams.Batch said = streams.read(subjects.shard(room), subjects.said(room), from, limit, bytes);
        if (said.messages().isEmpty()) {
            return new Batch(List.of(), Set.of(), said.isEnd());
        }
        learn(room, changed);
        long last = said.messages().get(said.messages().size() - 1).seq();
        Map<Long, Envelope> changes = changes(said.messages());
        List<Long> places = changed.between(Math.max(1, from), last);
        boolean areAll = places.size() <= Math.min(limit, MOST_PLACES);
        if (!areAll) {
            places = places.subList(0, Math.min(limit, MOST_PLACES));
            last = places.get(places.size() - 1);
        }
        Set<Long> wanted = new TreeSet<>(places);
        changes.values().forEach(change -> wanted.add(of(change)));
        if (wanted.isEmpty()) {
            return new Batch(said.messages(), Set.of(), said.isEnd());
        }
        Map<Long, ChangeIndex.Entry> found = find(room, changed, wanted);
        changes.forEach((seq, change) -> changed.add(change.message(seq), (Revision.Change) change.revision()));
        TreeMap<Long, Streams.Kept> merged = new TreeMap<>();
        for (Streams.Kept kept : said.messages()) {
            if (kept.seq() <= last) {
                Envelope change = changes.get(kept.seq());
                Streams.Kept now = change == null
                        ? now(room, changed, kept.seq(), kept, found.get(kept.seq()))
                        : change(changed, kept, change, found.get(of(change)));
                merged.put(kept.seq(), now == null ? kept : now);
            }
        }
        Set<Long> erased = new HashSet<>();
        for (Long of : places) {
            Streams.Kept now = now(room, changed, of, null, found.get(of));
            if (now != null && merged.putIfAbsent(of, now) == null) {
                erased.add(of);
            } else if (!merged.containsKey(of)) {
                changed.isGone(of);
            }
        }
        boolean isEnd = said.isEnd() && areAll && merged.size() <= limit;
        return new Batch(merged.values().stream().limit(limit).toList(), erased, isEnd);
    }

    /** The message of that number as it is now, from the server that leads the stream; a change is there as it was. */
    Optional<Message> find(RoomName room, Changed changed, long seq) throws IOException, InterruptedException {
        Streams.Kept original = streams.next(subjects.shard(room), subjects.said(room), seq);
        Map<Long, ChangeIndex.Entry> found = find(room, changed, List.of(seq)); // after that, as the class says
        Streams.Kept said = original == null || original.seq() != seq ? null : original;
        Streams.Kept now = now(room, changed, seq, said, found.get(seq));
        try {
            return now == null
                    ? Optional.empty()
                    : Optional.of(Envelope.decode(now.data()).message(seq));
        } catch (Envelope.UnreadableException e) {
            return Optional.empty();
        }
    }

    /** Finds out which messages have been changed up to now. */
    private void learn(RoomName room, Changed changed) throws IOException, InterruptedException {
        long newest = streams.newest(subjects.shard(room), subjects.said(room));
        long known = changed.knownUpTo();
        if (newest <= known) {
            return;
        }
        Streams.Batch news = streams.read(subjects.shard(room), subjects.said(room), known + 1, FEW, FEW_BYTES);
        changes(news.messages()).values().forEach(change -> changed.isChanged(of(change)));
        int count = news.messages().size();
        if (count == 0 || news.messages().get(count - 1).seq() < newest) {
            index.numbers(room).forEach(changed::isChanged);
        }
        changed.knowsAll(newest);
    }

    /** The changes among entries. */
    private static Map<Long, Envelope> changes(List<Streams.Kept> entries) {
        Map<Long, Envelope> changes = new TreeMap<>();
        for (Streams.Kept kept : entries) {
            try {
                Envelope envelope = Envelope.decode(kept.data());
                if (envelope.revision() instanceof Revision.Change) {
                    changes.put(kept.seq(), envelope);
                }
            } catch (Envelope.UnreadableException e) {
                continue; // it is counted when it is read as a message
            }
        }
        return changes;
    }

    private static long of(Envelope change) {
        return ((Revision.Change) change.revision()).of();
    }

    private Map<Long, ChangeIndex.Entry> find(RoomName room, Changed changed, Collection<Long> numbers)
            throws IOException, InterruptedException {
        Map<Long, ChangeIndex.Entry> found = index.find(room, numbers);
        found.values().forEach(entry -> {
            Folded folded = entry.folded();
            changed.isFolded(folded.of(), folded.change(), folded.isRemoved());
        });
        return found;
    }

    /** A message as it is now; null when it is gone. */
    private static Streams.@Nullable Kept now(
            RoomName room, Changed changed, long seq, Streams.@Nullable Kept said, ChangeIndex.@Nullable Entry entry) {
        Folded folded = entry == null ? null : entry.folded();
        Streams.Kept base = folded == null ? said : folded.asKept(room);
        Optional<Message> later = changed.unfolded(seq)
                .filter(change -> folded == null || (change.seq() > folded.change() && !folded.isRemoved()));
        if (base == null || later.isEmpty()) {
            return base;
        }
        try {
            Envelope envelope = Envelope.decode(base.data()).changedBy(later.get());
            return new Streams.Kept(seq, envelope.encode(), base.dedupId());
        } catch (Envelope.UnreadableException e) {
            return base;
        }
    }

    /** A change as it is now: without content when a later one holds, or its message was removed before, or is gone. */
    private static Streams.Kept change(
            Changed changed, Streams.Kept kept, Envelope change, ChangeIndex.@Nullable Entry entry) {
        boolean isRemoval = isRemoval(change.draft().content());
        Optional<Message> waiting = changed.unfolded(of(change));
        boolean isOver = waiting.filter(newest ->
                        newest.seq() > kept.seq() || (newest.seq() < kept.seq() && isRemoval(newest.content())))
                .isPresent();
        if (entry != null) {
            Folded folded = entry.folded();
            isOver |= folded.change() > kept.seq() || (folded.isRemoved() && folded.change() < kept.seq());
        } else if (!isRemoval) {
            isOver |= waiting.isEmpty() && changed.isFolded(of(change), kept.seq()); // its message is gone
        }
        return isOver ? new Streams.Kept(kept.seq(), change.superseded().encode(), kept.dedupId()) : kept;
    }

    private static boolean isRemoval(Content content) {
        return content.kind() == Content.Kind.REMOVED;
    }
}
