package parley.cluster;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The streams that rooms are kept in. Any thread may call any method; each waits for the answer of a server, and
 * throws when there is none.
 */
interface Streams {
    /** A message as the stream has it. */
    record Kept(long seq, byte[] data, @Nullable String dedupId) {}

    /**
     * Messages of one subject, in order.
     *
     * @param isEnd whether the server that was asked has none behind these; others may
     */
    record Batch(List<Kept> messages, boolean isEnd) {}

    /**
     * What a stream says of itself.
     *
     * @param epoch which stream of that name it is
     * @param leader the server that leads it; empty where there is only one
     * @param first the number of its oldest message; one more than the last when there is none
     * @param count how many it has of the room that was asked for
     * @param isFull whether it has about as many bytes as it may have
     */
    record State(String epoch, String leader, long first, long last, long count, boolean isFull) {}

    /** Waits until the server has taken what was asked of it before. */
    void await() throws IOException, InterruptedException;

    /** Makes a stream as it has to be, if it is not there or has other limits, and returns its state. */
    State prepare(int shard) throws IOException;

    /** The state of a stream, and how much it has of a subject; null when there is no such stream. */
    @Nullable
    State state(int shard, @Nullable String subject) throws IOException;

    /**
     * The first messages of a subject of that number or a higher one: from any server that keeps the stream, which
     * may be behind its leader.
     *
     * @param limit how many at most, at least 1
     * @param bytes how many bytes, about; one message comes in any case
     */
    Batch read(int shard, String subject, long from, int limit, long bytes) throws IOException, InterruptedException;

    /**
     * The first message of a subject of that number or a higher one, null for none: from the server that leads the
     * stream.
     */
    @Nullable
    Kept next(int shard, String subject, long from) throws IOException, InterruptedException;

    /** The newest message of each subject, null for none: from the server that leads the stream. */
    List<@Nullable Kept> last(int shard, List<String> subjects) throws IOException, InterruptedException;

    /** The subjects with messages among those of a wildcard: from the server that leads the stream. */
    Set<String> subjects(int shard, String wildcard) throws IOException;

    /**
     * Stores a message behind the newest one of its subject, and returns its number.
     *
     * @param behind the number of the newest one, 0 for none; another one makes it fail
     */
    long store(int shard, String subject, long behind, byte[] data) throws IOException;

    /** Removes the messages of a subject before a number. */
    void purge(int shard, String subject, long before) throws IOException;

    /** Removes a message, and overwrites it where the server keeps it; nothing when it is gone. */
    void erase(int shard, long seq) throws IOException, InterruptedException;

    /** The newest message of a subject, null for none: from the server that leads the stream. */
    default @Nullable Kept last(int shard, String subject) throws IOException, InterruptedException {
        return last(shard, List.of(subject)).get(0);
    }

    /** The numbers of the newest messages of subjects, 0 for none: from the server that leads the stream. */
    default List<Long> newest(int shard, List<String> subjects) throws IOException, InterruptedException {
        return last(shard, subjects).stream()
                .map(kept -> kept == null ? 0L : kept.seq())
                .toList();
    }

    /** The number of the newest message of a subject, 0 for none: from the server that leads the stream. */
    default long newest(int shard, String subject) throws IOException, InterruptedException {
        return newest(shard, List.of(subject)).get(0);
    }
}
