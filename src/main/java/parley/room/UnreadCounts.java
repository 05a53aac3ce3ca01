package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Counts of unread messages that take the store, for members to hear of: one at a time in a room, a few in all rooms, and
 * of each user only the newest that is wanted, so that clients that come in keep no reader busy that others wait for.
 * Any thread.
 */
final class UnreadCounts {
    /** How many users may wait. */
    private static final int MOST_WAITING = 10_000;

    /** Called with each count, or with nothing where it cannot be counted now; by any thread, without a lock. */
    interface Counted {
        void counted(String user, MarkStore.Mark mark, RoomStore.Expected newest, OptionalInt counted);
    }

    /**
     * What is to be counted.
     *
     * @param newest the newest message that counts
     */
    private record Wanted(MarkStore.Mark mark, RoomStore.Expected newest) {}

    private final RoomLog log;
    private final StoreTurns turns;
    private final Executor fanOut;
    private final Counted onCounted;
    private final ReentrantLock lock = new ReentrantLock();

    /** By user, the one that waits longest first. */
    @GuardedBy("lock")
    private final Map<String, Wanted> wanted = new LinkedHashMap<>();

    @GuardedBy("lock")
    private boolean isCounting;

    UnreadCounts(RoomLog log, StoreTurns turns, Executor fanOut, Counted onCounted) {
        this.log = log;
        this.turns = turns;
        this.fanOut = fanOut;
        this.onCounted = onCounted;
    }

    /** Has the messages counted that a user has not read: now, where memory knows, or when it is the user's turn. */
    void want(String user, MarkStore.Mark mark, RoomStore.Expected newest) {
        OptionalInt known = UnreadCount.inMemory(log, mark.seq(), newest.seq());
        if (known.isPresent()) {
            onCounted.counted(user, mark, newest, known);
            return;
        }
        boolean isTooMuch;
        boolean isFirst = false;
        lock.lock();
        try {
            isTooMuch = wanted.size() >= MOST_WAITING && !wanted.containsKey(user);
            if (!isTooMuch) {
                wanted.merge(user, new Wanted(mark, newest), UnreadCounts::later);
                isFirst = !isCounting;
                isCounting = true;
            }
        } finally {
            lock.unlock();
        }
        if (isTooMuch) {
            onCounted.counted(user, mark, newest, OptionalInt.empty());
        } else if (isFirst) {
            turns.take(this::countNext);
        }
    }

    private static Wanted later(Wanted before, Wanted now) {
        boolean isOneHistory = before.newest.epoch().equals(now.newest.epoch());
        return isOneHistory && before.newest.seq() > now.newest.seq()
                ? new Wanted(now.mark.later(before.mark), before.newest)
                : new Wanted(before.mark.later(now.mark), now.newest);
    }

    /** In its turn, when at least one waits. */
    private void countNext() {
        String user;
        Wanted next;
        lock.lock();
        try {
            var first = wanted.entrySet().iterator();
            Map.Entry<String, Wanted> entry = first.next();
            user = entry.getKey();
            next = entry.getValue();
            first.remove();
        } finally {
            lock.unlock();
        }
        UnreadCount.count(log, next.mark.seq(), next.newest.seq(), counted -> {
            // Not by this thread: stores that answer at once would come back here ever deeper.
            fanOut.execute(this::goOn);
            onCounted.counted(user, next.mark, next.newest, counted);
        });
    }

    private void goOn() {
        turns.giveBack();
        lock.lock();
        try {
            isCounting = !wanted.isEmpty();
            if (!isCounting) {
                return;
            }
        } finally {
            lock.unlock();
        }
        turns.take(this::countNext);
    }
}
