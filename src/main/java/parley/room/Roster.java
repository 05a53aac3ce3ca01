package parley.room;

import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Who is in a room, kept under the room's lock. Any thread may call any method; methods whose name ends in {@code
 * Locked} are for a thread that holds it.
 */
final class Roster {
    private final ReentrantLock lock;
    /** Guarded by the lock, but for {@link Presence#delta}. */
    private final Presence presence;

    Roster(int maxNames, ReentrantLock lock) {
        this.lock = lock;
        this.presence = new Presence(maxNames);
    }

    void joinedLocked(@Nullable String name, Format format) {
        if (format != Format.DIRECT) {
            presence.joined(name);
        }
    }

    void leftLocked(Member member) {
        if (!member.isDirect()) {
            presence.left(member.name);
        }
    }

    void renamedLocked(@Nullable String from, String to) {
        presence.renamed(from, to);
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
