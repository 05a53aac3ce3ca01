package parley.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;

/**
 * The changed messages of rooms, each under a subject beside the room's in the same stream, as it is now: a stream
 * cannot be rewritten in place. All of it is read from the server that leads the stream. For threads that may wait.
 */
final class ChangeIndex {
    /** Changed messages that are read in one go. */
    static final int AT_ONCE = 50;

    private final Streams streams;
    private final Subjects subjects;
    private final Decoder decoder;

    ChangeIndex(Streams streams, Subjects subjects, Decoder decoder) {
        this.streams = streams;
        this.subjects = subjects;
        this.decoder = decoder;
    }

    /** An entry of the index, and its own number in the stream. */
    record Entry(long place, Folded folded) {}

    /** The numbers of all changed messages of a room. */
    NavigableSet<Long> numbers(RoomName room) throws IOException {
        NavigableSet<Long> numbers = new TreeSet<>();
        for (String subject : streams.subjects(subjects.shard(room), subjects.changed(room))) {
            numbers.add(Subjects.ofChanged(subject));
        }
        return numbers;
    }

    /** A changed message; null when it is none, or gone. One that cannot be read is not taken for a gone one. */
    @Nullable
    Entry find(RoomName room, long of) throws IOException, InterruptedException {
        Streams.Kept kept = streams.last(subjects.shard(room), subjects.changed(room, of));
        return kept == null ? null : entry(room, kept);
    }

    /** Changed messages, by their numbers; those that cannot be read are counted, and left out. */
    Map<Long, Entry> find(RoomName room, Collection<Long> numbers) throws IOException, InterruptedException {
        if (numbers.isEmpty()) {
            return Map.of();
        }
        List<String> names = new ArrayList<>(numbers.size());
        numbers.forEach(of -> names.add(subjects.changed(room, of)));
        Map<Long, Entry> found = new HashMap<>();
        for (Streams.Kept kept : streams.last(subjects.shard(room), names)) {
            Folded folded = kept == null ? null : decoder.folded(room, kept.seq(), kept.data());
            if (kept != null && folded != null) {
                found.put(folded.of(), new Entry(kept.seq(), folded));
            }
        }
        return found;
    }

    private static Entry entry(RoomName room, Streams.Kept kept) throws IOException {
        try {
            return new Entry(kept.seq(), Folded.decode(kept.data()));
        } catch (Envelope.UnreadableException e) {
            throw new IOException("a changed message of the room " + room + " cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * Writes a message down as it is now.
     *
     * @param before the entry that it takes the place of, null for none; another one makes it fail
     */
    void store(RoomName room, @Nullable Entry before, Folded folded) throws IOException {
        long place = before == null ? 0 : before.place;
        streams.store(subjects.shard(room), subjects.changed(room, folded.of()), place, folded.encode());
    }

    /** The oldest entry of a message that comes before its newest one; null for none. */
    @Nullable
    Entry older(RoomName room, Entry newest) throws IOException, InterruptedException {
        Streams.Kept oldest = streams.next(subjects.shard(room), subjects.changed(room, newest.folded.of()), 1);
        return oldest == null || oldest.seq() >= newest.place ? null : entry(room, oldest);
    }

    /** Erases changed messages that are gone, and the changes that say what they say. */
    void eraseAll(RoomName room, List<Long> numbers) throws IOException, InterruptedException {
        for (int from = 0; from < numbers.size(); from += AT_ONCE) {
            List<Long> some = numbers.subList(from, Math.min(numbers.size(), from + AT_ONCE));
            for (Entry entry : find(room, some).values()) {
                streams.erase(subjects.shard(room), entry.folded.change());
                for (Entry older = older(room, entry); older != null; older = older(room, entry)) {
                    erase(room, older);
                }
                erase(room, entry);
            }
        }
    }

    /** Erases an entry. */
    void erase(RoomName room, Entry entry) throws IOException, InterruptedException {
        streams.erase(subjects.shard(room), entry.place);
    }
}
