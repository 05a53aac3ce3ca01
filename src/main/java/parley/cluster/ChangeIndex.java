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
    private final Streams streams;
    private final Subjects subjects;

    ChangeIndex(Streams streams, Subjects subjects) {
        this.streams = streams;
        this.subjects = subjects;
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

    /** A changed message; null when it is none, or gone. */
    @Nullable
    Entry find(RoomName room, long of) throws IOException, InterruptedException {
        return find(room, List.of(of)).get(of);
    }

    /** Changed messages, by their numbers. */
    Map<Long, Entry> find(RoomName room, Collection<Long> numbers) throws IOException, InterruptedException {
        if (numbers.isEmpty()) {
            return Map.of();
        }
        List<String> names = new ArrayList<>(numbers.size());
        numbers.forEach(of -> names.add(subjects.changed(room, of)));
        Map<Long, Entry> found = new HashMap<>();
        for (Streams.Kept kept : streams.last(subjects.shard(room), names)) {
            if (kept != null) {
                Entry entry = entry(room, kept);
                found.put(entry.folded.of(), entry);
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

    /** Erases the entries of a message that come before its newest one, or all. */
    void eraseOlder(RoomName room, long of, long newest) throws IOException, InterruptedException {
        int shard = subjects.shard(room);
        String subject = subjects.changed(room, of);
        Streams.Kept oldest = streams.next(shard, subject, 1);
        while (oldest != null && oldest.seq() < newest) {
            streams.erase(shard, oldest.seq());
            oldest = streams.next(shard, subject, oldest.seq() + 1);
        }
    }
}
