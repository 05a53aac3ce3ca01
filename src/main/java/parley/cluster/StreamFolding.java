package parley.cluster;

import java.io.IOException;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.protocol.RoomName;

/**
 * Puts what a change says into the place of what its message said: first into the {@linkplain ChangeIndex index}, then
 * it erases what the message said before. Each step may be done again, by any node: of several changes the one with the
 * highest number holds, and none behind a removal. For threads that may wait.
 */
final class StreamFolding {
    /** Other nodes may write the same entry of the index in the same moment. */
    private static final int MOST_TRIES = 10;
    /** Entries that are looked at behind a message for the next one. */
    private static final int NEIGHBOURS = 16;

    private static final long NEIGHBOUR_BYTES = 64 << 10;

    /** What became of a change. */
    sealed interface Result {
        /** It is what its message says, or a later one is. */
        record Done() implements Result {}

        /** Its message was removed before it, by that change: nobody has to hear of it. */
        record Removed(long by) implements Result {}

        /** Its message is not kept any more. */
        record Gone() implements Result {}
    }

    private final Streams streams;
    private final Subjects subjects;
    private final ChangeIndex index;
    private final BiConsumer<RoomName, ChangeNotice> tell;

    /**
     * @param tell has the other nodes hear what was folded
     */
    StreamFolding(Streams streams, Subjects subjects, ChangeIndex index, BiConsumer<RoomName, ChangeNotice> tell) {
        this.streams = streams;
        this.subjects = subjects;
        this.index = index;
        this.tell = tell;
    }

    /** Folds the change of a message that the stream has under a number. */
    Result fold(RoomName room, Changed changed, long of, long seq) throws IOException, InterruptedException {
        Streams.Kept kept = streams.next(subjects.shard(room), subjects.said(room), seq);
        if (kept == null || kept.seq() != seq) {
            return new Result.Done(); // a later change holds
        }
        try {
            Message entry = Envelope.decode(kept.data()).message(seq);
            boolean isIts = entry.revision() instanceof Revision.Change change && change.of() == of;
            return isIts ? fold(room, changed, entry) : new Result.Done(); // its id was that of something else
        } catch (Envelope.UnreadableException e) {
            throw new IOException("number " + seq + " of the room " + room + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Folds a change that the stream has. */
    Result fold(RoomName room, Changed changed, Message change) throws IOException, InterruptedException {
        if (!(change.revision() instanceof Revision.Change its)) {
            throw new IllegalArgumentException(change.seq() + " is no change");
        }
        for (int tries = 0; tries < MOST_TRIES; tries++) {
            ChangeIndex.Entry now = index.find(room, its.of());
            boolean isEnd = isRemoval(change) && now != null && !now.folded().isRemoved();
            if (now != null && now.folded().change() >= change.seq() && !isEnd) {
                erase(room, now, its, change);
                changed.isFolded(its.of(), now.folded().change(), now.folded().isRemoved());
                tell.accept(
                        room,
                        new ChangeNotice(
                                its.of(), now.folded().change(), now.folded().isRemoved()));
                return new Result.Done();
            }
            long removal = now != null && now.folded().isRemoved()
                    ? now.folded().change()
                    : changed.removedBefore(its.of(), change.seq());
            if (removal > 0) {
                streams.erase(subjects.shard(room), change.seq());
                changed.isErased(its.of(), change.seq());
                return new Result.Removed(removal);
            }
            Folded next = next(room, now, its.of(), change);
            if (next != null) {
                store(room, now, next);
            } else if (index.find(room, its.of()) == null) { // else another node has folded one meanwhile
                changed.isFolded(its.of(), change.seq(), false);
                return new Result.Gone();
            }
        }
        throw new IOException("other nodes change the same message all the time");
    }

    /** The message as the change makes it; null when it is gone. */
    private @Nullable Folded next(RoomName room, ChangeIndex.@Nullable Entry now, long of, Message change)
            throws IOException, InterruptedException {
        if (now != null) {
            Folded before = now.folded();
            return new Folded(of, before.clearUpTo(), before.envelope().changedBy(change));
        }
        Streams.Kept original = streams.next(subjects.shard(room), subjects.said(room), of);
        if (original == null || original.seq() != of) {
            return null;
        }
        try {
            Envelope message = Envelope.decode(original.data());
            return new Folded(of, clearUpTo(room, of), message.changedBy(change));
        } catch (Envelope.UnreadableException e) {
            return null;
        }
    }

    /** The number up to which the room has no message behind one. */
    private long clearUpTo(RoomName room, long of) throws IOException, InterruptedException {
        long clear = of;
        for (Streams.Kept next : streams.read(
                        subjects.shard(room), subjects.said(room), of + 1, NEIGHBOURS, NEIGHBOUR_BYTES)
                .messages()) {
            try {
                if (!(Envelope.decode(next.data()).revision() instanceof Revision.Change)) {
                    return next.seq() - 1;
                }
            } catch (Envelope.UnreadableException e) {
                return next.seq() - 1;
            }
            clear = next.seq();
        }
        return clear;
    }

    /** What was written is read again in any case: NATS before 2.9.21 with replicas may store two behind one. */
    private void store(RoomName room, ChangeIndex.@Nullable Entry before, Folded next)
            throws IOException, InterruptedException {
        try {
            index.store(room, before, next);
        } catch (IOException e) {
            ChangeIndex.Entry now = index.find(room, next.of());
            if (now == null || (before != null && now.place() == before.place())) {
                throw e; // nobody was faster
            }
            return;
        }
        if (before != null && before.folded().change() != next.change()) {
            streams.erase(subjects.shard(room), before.folded().change());
        }
    }

    /** Erases what the message said before, wherever the stream still has it. */
    private void erase(RoomName room, ChangeIndex.Entry now, Revision.Change its, Message change)
            throws IOException, InterruptedException {
        int shard = subjects.shard(room);
        index.eraseOlder(room, its.of(), now.place());
        streams.erase(shard, its.of());
        if (its.before() > 0) {
            streams.erase(shard, its.before());
        }
        if (change.seq() < now.folded().change() && !isRemoval(change)) {
            streams.erase(shard, change.seq());
        }
    }

    private static boolean isRemoval(Message change) {
        return change.content().kind() == Content.Kind.REMOVED;
    }
}
