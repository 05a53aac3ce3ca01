package parley.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
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
     * @param next the number to read on from
     * @param isEnd whether the server that was asked has none behind these; others may
     */
    record Batch(List<Streams.Kept> entries, Set<Long> erased, long next, boolean isEnd) {
        /** Whether the stream has an entry itself. */
        boolean isSaid(long seq) {
            return !erased.contains(seq);
        }
    }

    /** The newest change of a message, by the index. */
    private record Newest(long change, boolean isRemoval) {}

    /**
     * Changed messages that are read with a batch.
     *
     * @param numbers those that are in its range
     * @param folded what the index has of them
     * @param last the number up to which all are there
     */
    private record Places(List<Long> numbers, Map<Long, Folded> folded, long last, boolean areAll) {}

    /** As {@link Streams#read}; of the index, about as many bytes again. */
    Batch read(RoomName room, Changed changed, long from, int limit, long bytes)
            throws IOException, InterruptedException {
        Streams.Batch said = streams.read(subjects.shard(room), subjects.said(room), from, limit, bytes);
        if (said.messages().isEmpty()) {
            return new Batch(List.of(), Set.of(), from, said.isEnd());
        }
        Map<Long, Envelope> envelopes = envelopes(said.messages());
        Map<Long, Envelope> changes = changes(envelopes);
        if (changed.hasSome() || !changes.isEmpty() || hasHole(from, envelopes)) {
            learn(room, changed);
        }
        long lastSaid = said.messages().get(said.messages().size() - 1).seq();
        Places places = places(room, changed, changed.between(Math.max(1, from), lastSaid), lastSaid, limit, bytes);
        changes.keySet().removeIf(seq -> seq > places.last);
        if (places.numbers.isEmpty() && changes.isEmpty()) {
            return new Batch(said.messages(), Set.of(), lastSaid + 1, said.isEnd());
        }
        Map<Long, Newest> newest = newest(room, changed, changes.values(), places.folded);
        changes.forEach((seq, change) -> add(changed, change.message(seq), newest.get(of(change))));
        TreeMap<Long, Streams.Kept> merged = new TreeMap<>();
        for (Streams.Kept kept : said.messages()) {
            if (kept.seq() <= places.last) {
                Envelope change = changes.get(kept.seq());
                Streams.Kept now = change == null
                        ? said(room, changed, kept, places.folded.get(kept.seq()))
                        : change(changed, kept, change, newest.get(of(change)));
                merged.put(kept.seq(), now);
            }
        }
        Set<Long> erased = new HashSet<>();
        for (Long of : places.numbers) {
            Streams.Kept now = merged.containsKey(of) ? null : now(room, changed, of, null, places.folded.get(of));
            if (now != null) {
                merged.put(of, now);
                erased.add(of);
            } else if (!merged.containsKey(of)) {
                changed.isGone(of);
            }
        }
        boolean isCut = merged.size() > limit;
        List<Streams.Kept> given = merged.values().stream().limit(limit).toList();
        long next = (isCut ? given.get(limit - 1).seq() : places.last) + 1;
        return new Batch(given, erased, next, said.isEnd() && places.areAll && !isCut);
    }

    /** Reads changed messages, until there are enough. */
    private Places places(RoomName room, Changed changed, List<Long> numbers, long last, int limit, long bytes)
            throws IOException, InterruptedException {
        Map<Long, Folded> folded = new HashMap<>();
        long size = 0;
        int count = 0;
        while (count < numbers.size() && count < limit && size < bytes) {
            int until = Math.min(Math.min(numbers.size(), limit), count + ChangeIndex.AT_ONCE);
            for (Folded found : find(room, changed, numbers.subList(count, until))) {
                folded.put(found.of(), found);
                size += found.envelope().draft().content().bytes();
            }
            count = until;
        }
        boolean areAll = count == numbers.size();
        return new Places(numbers.subList(0, count), folded, areAll ? last : numbers.get(count - 1), areAll);
    }

    /** The newest changes of the messages of changes. */
    private Map<Long, Newest> newest(
            RoomName room, Changed changed, Collection<Envelope> changes, Map<Long, Folded> folded)
            throws IOException, InterruptedException {
        Map<Long, Newest> newest = new HashMap<>();
        folded.forEach((of, found) -> newest.put(of, new Newest(found.change(), found.isRemoved())));
        List<Long> others = changes.stream()
                .map(FoldedReader::of)
                .distinct()
                .filter(of -> !newest.containsKey(of))
                .toList();
        for (int from = 0; from < others.size(); from += ChangeIndex.AT_ONCE) {
            List<Long> some = others.subList(from, Math.min(others.size(), from + ChangeIndex.AT_ONCE));
            for (Folded found : find(room, changed, some)) {
                newest.put(found.of(), new Newest(found.change(), found.isRemoved()));
            }
        }
        return newest;
    }

    /** A change that the stream has. One with content that a later one holds against should have been erased. */
    private static void add(Changed changed, Message entry, @Nullable Newest newest) {
        Revision.Change change = (Revision.Change) entry.revision();
        if (newest != null && newest.change > entry.seq() && !isRemoval(entry.content())) {
            changed.addUnfolded(entry, change);
        } else {
            changed.add(entry, change);
        }
    }

    /** A message that the stream has. One that the index has too should have been erased. */
    private static Streams.Kept said(RoomName room, Changed changed, Streams.Kept kept, @Nullable Folded folded) {
        if (folded != null && changed.unfolded(kept.seq()).isEmpty()) {
            Message change = folded.newestChange();
            changed.addUnfolded(change, (Revision.Change) change.revision());
        }
        Streams.Kept now = now(room, changed, kept.seq(), kept, folded);
        return now == null ? kept : now;
    }

    /** Whether an entry names one before it that the stream does not have. */
    private static boolean hasHole(long from, Map<Long, Envelope> envelopes) {
        long before = from - 1;
        for (Map.Entry<Long, Envelope> next : envelopes.entrySet()) {
            if (next.getValue().quiet().after() > before) {
                return true;
            }
            before = next.getKey();
        }
        return false;
    }

    /** The message of that number as it is now, from the server that leads the stream; a change is there as it was. */
    Optional<Message> find(RoomName room, Changed changed, long seq) throws IOException, InterruptedException {
        Streams.Kept original = streams.next(subjects.shard(room), subjects.said(room), seq);
        List<Folded> found = find(room, changed, List.of(seq)); // after that, as the class says
        Streams.Kept said = original == null || original.seq() != seq ? null : original;
        Streams.Kept now = now(room, changed, seq, said, found.isEmpty() ? null : found.get(0));
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
        changes(envelopes(news.messages())).values().forEach(change -> changed.isChanged(of(change)));
        int count = news.messages().size();
        if (count == 0 || news.messages().get(count - 1).seq() < newest) {
            index.numbers(room).forEach(changed::isChanged);
        }
        changed.knowsAll(newest);
    }

    /** Entries that can be read, in order. */
    private static Map<Long, Envelope> envelopes(List<Streams.Kept> entries) {
        Map<Long, Envelope> envelopes = new TreeMap<>();
        for (Streams.Kept kept : entries) {
            try {
                envelopes.put(kept.seq(), Envelope.decode(kept.data()));
            } catch (Envelope.UnreadableException e) {
                continue; // it is counted when it is read as a message
            }
        }
        return envelopes;
    }

    /** The changes among entries. */
    private static Map<Long, Envelope> changes(Map<Long, Envelope> entries) {
        Map<Long, Envelope> changes = new TreeMap<>(entries);
        changes.values().removeIf(envelope -> !(envelope.revision() instanceof Revision.Change));
        return changes;
    }

    private static long of(Envelope change) {
        return ((Revision.Change) change.revision()).of();
    }

    private List<Folded> find(RoomName room, Changed changed, Collection<Long> numbers)
            throws IOException, InterruptedException {
        List<Folded> found = new ArrayList<>();
        for (ChangeIndex.Entry entry : index.find(room, numbers).values()) {
            Folded folded = entry.folded();
            changed.isFolded(folded.of(), folded.change(), folded.isRemoved());
            found.add(folded);
        }
        return found;
    }

    /** A message as it is now; null when it is gone. */
    private static Streams.@Nullable Kept now(
            RoomName room, Changed changed, long seq, Streams.@Nullable Kept said, @Nullable Folded folded) {
        Streams.Kept base = folded == null ? said : folded.asKept(room);
        Optional<Message> later = changed.unfolded(seq)
                .filter(change -> folded == null
                        || (!folded.isRemoved() && (change.seq() > folded.change() || isRemoval(change.content()))));
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
    private static Streams.Kept change(Changed changed, Streams.Kept kept, Envelope change, @Nullable Newest newest) {
        boolean isRemoval = isRemoval(change.draft().content());
        Optional<Message> waiting = changed.unfolded(of(change));
        boolean isOver = waiting.filter(other -> isOver(kept, isRemoval, other.seq(), isRemoval(other.content())))
                .isPresent();
        if (newest != null) {
            isOver |= isOver(kept, isRemoval, newest.change, newest.isRemoval);
        } else if (!isRemoval) {
            isOver |= waiting.isEmpty() && changed.isFolded(of(change), kept.seq()); // its message is gone
        }
        return isOver ? new Streams.Kept(kept.seq(), change.superseded().encode(), kept.dedupId()) : kept;
    }

    /** Whether another change of the same message holds against one. */
    private static boolean isOver(Streams.Kept kept, boolean isRemoval, long other, boolean isOtherRemoval) {
        return isOtherRemoval
                ? other != kept.seq() && (!isRemoval || other < kept.seq())
                : !isRemoval && other > kept.seq();
    }

    private static boolean isRemoval(Content content) {
        return content.kind() == Content.Kind.REMOVED;
    }
}
