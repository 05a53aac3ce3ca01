package parley.room;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.RoomName;

/**
 * Who is in a room, kept under the room's lock. Any thread may call any method; methods whose name ends in {@code
 * Locked} are for a thread that holds it.
 */
final class Roster {
    private final ReentrantLock lock;
    /** Guarded by the lock, but for {@link Presence#delta}. */
    private final Presence presence;

    private final RoomName room;
    private final RoomWatch watch;

    /**
     * @param millis the time of day
     */
    Roster(
            RoomName room,
            RoomWatch watch,
            RoomLimits limits,
            PresenceBytes bytes,
            LongSupplier millis,
            ReentrantLock lock) {
        this.room = room;
        this.watch = watch;
        this.lock = lock;
        this.presence = new Presence(limits, bytes, millis);
    }

    void joinedLocked(Member member) {
        if (!member.isDirect()) {
            presence.joined(member.user(), member.name);
            watch.joined(room, member.name);
        }
    }

    /** A member of the same session stands in for one. */
    void replacedLocked(Member before, Member now) {
        presence.replaced(before, now, now.user(), now.name);
    }

    /** Has a member show a state, or none any more; nothing comes of it when it has left. */
    Shown show(Member member, @Nullable Content state) {
        lock.lock();
        try {
            return member.hasLeft() ? Shown.DONE : presence.show(member, member.user(), member.name, state);
        } finally {
            lock.unlock();
        }
    }

    /** A user has read so far; members are shown that where the room shows it. */
    void marked(String user, MarkStore.Mark mark) {
        lock.lock();
        try {
            presence.marked(user, mark);
        } finally {
            lock.unlock();
        }
    }

    /** The room is in another history, to which the marks that are known do not belong. */
    void forgetMarks() {
        lock.lock();
        try {
            presence.forgetMarks();
        } finally {
            lock.unlock();
        }
    }

    boolean hasMarksToFind() {
        lock.lock();
        try {
            return !presence.marksToFind().isEmpty();
        } finally {
            lock.unlock();
        }
    }

    /** Takes some of the users whose marks have to be looked for. */
    List<String> marksToFind(int most) {
        lock.lock();
        try {
            Set<String> all = presence.marksToFind();
            List<String> some = all.stream().limit(most).toList();
            some.forEach(all::remove);
            return some;
        } finally {
            lock.unlock();
        }
    }

    /** The mark of a user has to be looked for again. */
    void markNotFound(String user) {
        lock.lock();
        try {
            presence.markNotFound(user);
        } finally {
            lock.unlock();
        }
    }

    void leftLocked(Member member, Departure how) {
        if (!member.isDirect()) {
            presence.left(member, member.user(), member.name, how);
            watch.left(room, member.name);
            if (presence.connections() == 0) { // those that are away have been reported as left
                watch.emptied(room);
            }
        }
    }

    /** Gives a member another name; does nothing when it has left. */
    void rename(Member member, String to) {
        lock.lock();
        try {
            if (!member.hasLeft()) {
                presence.renamed(member, member.user(), member.name, to);
                watch.renamed(room, member.name, to);
                member.name = to;
            }
        } finally {
            lock.unlock();
        }
    }

    /** Messages have been added, for what watches. */
    void saidLocked(String epoch, List<Message> messages) {
        watch.said(room, epoch, messages);
    }

    /** How many members there are, those on other nodes too. */
    int countLocked() {
        assert lock.isHeldByCurrentThread();
        return presence.count();
    }

    int count() {
        lock.lock();
        try {
            return countLocked();
        } finally {
            lock.unlock();
        }
    }

    /** Everybody who is there. */
    Presence.Snapshot snapshot() {
        lock.lock();
        try {
            return presence.snapshot();
        } finally {
            lock.unlock();
        }
    }

    /** The latest delta. */
    Presence.Delta delta() {
        return presence.delta();
    }

    /** Who is there on another node, in place of what was known of it. */
    void present(String node, RoomStore.Present there) {
        lock.lock();
        try {
            presence.present(node, there);
        } finally {
            lock.unlock();
        }
    }

    /** Another node is gone, and the members that were there may come back elsewhere. */
    void lost(String node) {
        lock.lock();
        try {
            presence.lost(node);
        } finally {
            lock.unlock();
        }
    }

    /** Whether a member may come back for which the room has to stay. */
    boolean isAnybodyAwayLocked() {
        assert lock.isHeldByCurrentThread();
        return presence.isAnybodyAway();
    }

    /** The room is given up, with those that are away. */
    void closeLocked() {
        assert lock.isHeldByCurrentThread();
        presence.close();
    }

    /** Makes a delta if there is anything to send and the last one is old enough. */
    boolean change(long nowNanos) {
        lock.lock();
        try {
            return presence.change(nowNanos);
        } finally {
            lock.unlock();
        }
    }

    /** Who is here, for other nodes, if that has changed since this was last asked. */
    Optional<RoomStore.Present> changedHere() {
        lock.lock();
        try {
            return presence.hasChangedHere() ? Optional.of(presence.here()) : Optional.empty();
        } finally {
            lock.unlock();
        }
    }
}
