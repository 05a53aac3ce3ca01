package parley.cluster;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;
import parley.room.MarkStore;

/** Where a cluster keeps read marks: a key for each user in each room. Any thread. */
interface MarkBucket {
    /**
     * What a key has.
     *
     * @param revision 0 when it has nothing
     * @param mark null for none
     */
    record Kept(long revision, MarkStore.@Nullable Mark mark) {
        static final Kept NOTHING = new Kept(0, null);
    }

    /** What came of setting a key. */
    enum Put {
        DONE,
        /** The key has another revision. */
        MOVED,
        /** The bucket is full, or seems to be. */
        FULL
    }

    /** Makes the bucket, if there is none; waits for it. */
    void prepare() throws IOException;

    /** Looks a key up; fails when there is no answer, and with {@link NoBucketException}. */
    CompletableFuture<Kept> find(RoomName room, String user);

    /** Sets a key that has that revision; fails when there is no answer. */
    CompletableFuture<Put> put(RoomName room, String user, long revision, MarkStore.Mark mark);

    /** Lets go of the marks of a room but the ones that were set last; waits for it. */
    void keepNewest(RoomName room, long most) throws IOException;

    /** If the bucket is full, lets some of the marks go that were not set for the longest time, of all rooms; waits. */
    void letOldestGo() throws IOException;

    /** There is no bucket yet. */
    final class NoBucketException extends IOException {
        private static final long serialVersionUID = 1L;

        NoBucketException() {
            super("there is no bucket");
        }
    }
}
