package parley.cluster;

import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;

/**
 * Has streams let go of the messages of a room up to a number. For threads that may wait.
 *
 * <p>It is written down first, in the same stream, under a subject beside the room's: by the messages alone a node that
 * opens the room later could not tell that there were others. The note goes when the messages would have gone: streams
 * let go of their oldest.
 */
final class Forgetting {
    private final Streams streams;
    private final Subjects subjects;
    private final ChangeIndex index;

    Forgetting(Streams streams, Subjects subjects, ChangeIndex index) {
        this.streams = streams;
        this.subjects = subjects;
        this.index = index;
    }

    /**
     * Removes messages up to a number. When it fails some may be there still, and are taken to be gone.
     *
     * @return how far the room's messages are gone
     */
    long forget(RoomName room, long upTo, String node) throws IOException, InterruptedException {
        int shard = subjects.shard(room);
        String notes = subjects.gone(room);
        Streams.Kept before = streams.last(shard, notes);
        long all = Math.max(upTo, upTo(before));
        byte[] note = Envelope.of(node, 0, all).encode();
        // Another node may have written one meanwhile: then this fails, and the client asks again.
        long noted = streams.store(shard, notes, before == null ? 0 : before.seq(), note);
        streams.purge(shard, subjects.said(room), all + 1);
        forgetChanged(room, all);
        streams.purge(shard, notes, noted);
        return all;
    }

    /** Changed messages go, and what they say goes from their newest changes, which may come behind. */
    private void forgetChanged(RoomName room, long upTo) throws IOException, InterruptedException {
        index.eraseAll(room, List.copyOf(index.numbers(room).headSet(upTo, true)));
    }

    /** What a note says: the number up to which all messages are gone; 0 without one. */
    static long upTo(Streams.@Nullable Kept note) {
        try {
            return note == null ? 0 : Envelope.decode(note.data()).back();
        } catch (Envelope.UnreadableException e) {
            return 0;
        }
    }
}
