package parley.cluster;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
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

    /** A number that no entry has. */
    private static final long NOBODYS = Long.MAX_VALUE;

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
    /** Whether a server has let this node erase something. */
    private volatile boolean mayErase;

    /**
     * @param tell has the other nodes hear what was folded
     */
    StreamFolding(Streams streams, Subjects subjects, ChangeIndex index, BiConsumer<RoomName, ChangeNotice> tell) {
        this.streams = streams;
        this.subjects = subjects;
        this.index = index;
        this.tell = tell;
    }

    /** Whether this node is known to be allowed to erase what changed messages said before. */
    boolean mayErase() {
        return mayErase;
    }

    /** Finds out whether it is: a change that cannot be folded is not to be published. Fails when it is not. */
    void tryToErase(RoomName room) throws IOException, InterruptedException {
        streams.erase(subjects.shard(room), NOBODYS);
        mayErase = true;
    }

    /** Folds the change of a message that the stream has under a number. */
    Result fold(RoomName room, Changed changed, long of, long seq) throws IOException, InterruptedException {
        Streams.Kept kept = streams.next(subjects.shard(room), subjects.said(room), seq);
        if (kept == null || kept.seq() != seq) {
            return erased(room, of, seq);
        }
        try {
            Message entry = Envelope.decode(kept.data()).message(seq);
            boolean isIts = entry.revision() instanceof Revision.Change change && change.of() == of;
            return isIts ? fold(room, changed, entry) : new Result.Done(); // its id was that of something else
        } catch (Envelope.UnreadableException e) {
            throw new IOException("number " + seq + " of the room " + room + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** What became of a change that another node has erased. */
    private Result erased(RoomName room, long of, long seq) throws IOException, InterruptedException {
        ChangeIndex.Entry now = index.find(room, of);
        if (now == null) {
            return new Result.Gone();
        }
        long newest = now.folded().change();
        return now.folded().isRemoved() && newest < seq ? new Result.Removed(newest) : new Result.Done();
    }

    /** Folds a change that the stream has. */
    Result fold(RoomName room, Changed changed, Message change) throws IOException, InterruptedException {
        if (!(change.revision() instanceof Revision.Change its)) {
            throw new IllegalArgumentException(change.seq() + " is no change");
        }
        Result result = fold(room, changed, change, its);
        changed.isDone(its.of(), change.seq());
        return result;
    }

    private Result fold(RoomName room, Changed changed, Message change, Revision.Change its)
            throws IOException, InterruptedException {
        long of = its.of();
        for (int tries = 0; tries < MOST_TRIES; tries++) {
            ChangeIndex.Entry now = index.find(room, of);
            boolean isEnd = isRemoval(change) && now != null && !now.folded().isRemoved();
            if (now != null && now.folded().change() >= change.seq() && !isEnd) {
                if (isForgotten(room, of)) {
                    eraseAll(room, now, change);
                    return new Result.Gone();
                }
                Folded better = eraseOlder(room, now);
                if (better != null) {
                    store(room, now, better);
                    continue;
                }
                erase(room, now.folded(), change);
                Folded folded = now.folded();
                changed.isFolded(of, folded.change(), folded.isRemoved());
                changed.isDone(of, folded.change());
                tell.accept(room, new ChangeNotice(of, folded.change(), folded.isRemoved()));
                return new Result.Done();
            }
            long removal = now != null && now.folded().isRemoved()
                    ? now.folded().change()
                    : changed.removedBefore(of, change.seq());
            if (removal > 0) {
                eraseBack(room, of, change.seq(), removal);
                return new Result.Removed(removal);
            }
            Folded next = next(room, now, of, change);
            if (next != null) {
                store(room, now, next);
            } else if (index.find(room, of) == null) { // else another node has folded one meanwhile
                eraseBack(room, of, change.seq(), 0);
                changed.isFolded(of, change.seq(), false);
                return new Result.Gone();
            }
        }
        throw new IOException("other nodes change the same message all the time");
    }

    /** Whether somebody has let go of the message: its entry may have been stored just behind that. */
    private boolean isForgotten(RoomName room, long of) throws IOException, InterruptedException {
        return Forgetting.upTo(streams.last(subjects.shard(room), subjects.gone(room))) >= of;
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
        } catch (Envelope.UnreadableException e) { // by a newer node, perhaps: it is not gone
            throw new IOException("number " + of + " of the room " + room + " cannot be read: " + e.getMessage(), e);
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
        }
    }

    /**
     * Erases the entries of the index before the newest one, and the changes that they have been made by. NATS before
     * 2.9.21 with replicas may have stored an older change behind a newer one.
     *
     * @return one that holds against the newest, and is still there; null for none
     */
    private @Nullable Folded eraseOlder(RoomName room, ChangeIndex.Entry now) throws IOException, InterruptedException {
        ChangeIndex.Entry older = index.older(room, now);
        while (older != null) {
            if (older.folded().holdsAgainst(now.folded())) {
                return older.folded();
            }
            eraseBack(
                    room,
                    now.folded().of(),
                    older.folded().change(),
                    now.folded().change());
            index.erase(room, older);
            older = index.older(room, now);
        }
        return null;
    }

    /** Erases what the message said before, wherever the stream still has it. */
    private void erase(RoomName room, Folded now, Message change) throws IOException, InterruptedException {
        streams.erase(subjects.shard(room), now.of());
        eraseBack(room, now.of(), now.change(), now.change());
        if (change.seq() != now.change()) {
            eraseBack(room, now.of(), change.seq(), now.change());
        }
    }

    /** Erases a message that somebody has let go of. */
    private void eraseAll(RoomName room, ChangeIndex.Entry now, Message change)
            throws IOException, InterruptedException {
        long of = now.folded().of();
        streams.erase(subjects.shard(room), of);
        eraseBack(room, of, change.seq(), 0);
        for (ChangeIndex.Entry older = index.older(room, now); older != null; older = index.older(room, now)) {
            eraseBack(room, of, older.folded().change(), 0);
            index.erase(room, older);
        }
        eraseBack(room, of, now.folded().change(), 0);
        index.erase(room, now);
    }

    /**
     * Erases a change and those before it. Each names the one before, and may not have been folded: the oldest goes
     * first, so that another node finds the rest when this one ends.
     *
     * @param except the change that stays
     */
    private void eraseBack(RoomName room, long of, long change, long except) throws IOException, InterruptedException {
        Deque<Long> all = new ArrayDeque<>();
        long seq = change;
        while (seq > 0) {
            Streams.Kept kept = streams.next(subjects.shard(room), subjects.said(room), seq);
            Revision.Change its = kept == null || kept.seq() != seq ? null : changeOf(kept, of);
            if (its == null) {
                break;
            }
            if (seq != except) {
                all.push(seq);
            }
            seq = its.before() < seq ? its.before() : 0;
        }
        for (long erased : all) {
            streams.erase(subjects.shard(room), erased);
        }
    }

    /** What an entry of a room changes; null when it is not a change of that message. */
    private static Revision.@Nullable Change changeOf(Streams.Kept kept, long of) {
        try {
            return Envelope.decode(kept.data()).revision() instanceof Revision.Change its && its.of() == of
                    ? its
                    : null;
        } catch (Envelope.UnreadableException e) {
            return null;
        }
    }

    private static boolean isRemoval(Message change) {
        return change.content().kind() == Content.Kind.REMOVED;
    }
}
