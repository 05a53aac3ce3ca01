package parley.room;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The members of a room. Methods whose name ends in {@code Locked} are for a thread that holds the room's lock, which
 * guards the list; {@link #walk} is for any thread.
 */
final class Members {
    private static final Member[] NOBODY = {};

    private final ReentrantLock lock;

    // Guarded by the room's lock
    private final List<Member> all = new ArrayList<>();

    /** Those that hear of the read marks of their user, by that user. */
    private final Map<String, List<Member>> byUser = new HashMap<>();

    /**
     * The members as an array for the turn to walk, or null since one joined or left: a member that left must not be
     * kept here.
     */
    private Member @Nullable [] walked;

    /** How many have no place yet, since the store has to say first what there is. */
    private int unplaced;

    Members(ReentrantLock lock) {
        this.lock = lock;
    }

    int countLocked() {
        assert lock.isHeldByCurrentThread();
        return all.size();
    }

    /** How many are offered what is published. */
    int placedLocked() {
        assert lock.isHeldByCurrentThread();
        return countLocked() - unplaced;
    }

    /** Adds a member that has no place yet. */
    void addLocked(Member member) {
        assert lock.isHeldByCurrentThread();
        member.index = countLocked();
        all.add(member);
        String user = member.marksOf();
        if (user != null) {
            byUser.computeIfAbsent(user, first -> new ArrayList<>(1)).add(member);
        }
        unplaced++;
        walked = null;
    }

    /** A member has got its place. */
    void placedOneLocked() {
        assert lock.isHeldByCurrentThread();
        unplaced--;
    }

    /** Takes a member out by putting the last one into its slot: the order of members means nothing. */
    void removeLocked(Member member, boolean wasPlaced) {
        assert lock.isHeldByCurrentThread();
        unplaced -= wasPlaced ? 0 : 1;
        Member last = all.remove(countLocked() - 1);
        if (last != member) {
            all.set(member.index, last);
            last.index = member.index;
        }
        String user = member.marksOf();
        List<Member> its = user == null ? null : byUser.get(user);
        if (its != null && its.remove(member) && its.isEmpty()) {
            byUser.remove(user);
        }
        walked = null;
    }

    /** Those of a user that hear of its read marks, at this moment. */
    List<Member> ofUser(String user) {
        lock.lock();
        try {
            return List.copyOf(byUser.getOrDefault(user, List.of()));
        } finally {
            lock.unlock();
        }
    }

    /** How far the slowest is behind what it may take, in messages. */
    long largestLag() {
        long largest = 0;
        for (Member member : walk()) {
            largest = Math.max(largest, member.lag());
        }
        return largest;
    }

    /** All members at this moment. Callers must not change the array. */
    Member[] walk() {
        lock.lock();
        try {
            Member[] now = walked;
            if (now == null) {
                now = all.toArray(NOBODY);
                walked = now;
            }
            return now;
        } finally {
            lock.unlock();
        }
    }
}
