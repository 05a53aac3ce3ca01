package parley.room;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** The read marks of a room in memory; they go with the room. Any thread. */
final class MemoryMarks implements MarkStore {
    /** The bytes of a mark besides its user's, about. */
    private static final int OVERHEAD_BYTES = 160;

    private final String epoch;
    private final BiConsumer<String, Mark> onMarked;
    private final SharedBytes bytes;
    private final ReentrantLock lock = new ReentrantLock();

    /** By user; the one that was not raised for the longest time comes first. */
    @GuardedBy("lock")
    private final Map<String, Long> marks = new LinkedHashMap<>();

    @GuardedBy("lock")
    private boolean isClosed;

    /**
     * @param epoch the room's history
     * @param onMarked hears which users have which marks
     * @param bytes those of the marks of all rooms
     */
    MemoryMarks(String epoch, BiConsumer<String, Mark> onMarked, SharedBytes bytes) {
        this.epoch = epoch;
        this.onMarked = onMarked;
        this.bytes = bytes;
    }

    @Override
    public void raise(String user, Mark mark, int most, Consumer<Answer> onRaised) {
        if (!mark.epoch().equals(epoch)) {
            onRaised.accept(No.OTHER_HISTORY);
            return;
        }
        Answer answer;
        boolean isFurther;
        lock.lock();
        try {
            Long before = marks.get(user);
            isFurther = before == null || before < mark.seq();
            if (isClosed) {
                answer = No.NOT_NOW;
            } else if (before != null && before >= mark.seq()) {
                answer = new Holds(new Mark(epoch, before));
            } else {
                answer = setLocked(user, mark, before == null, most) ? new Holds(mark) : No.FULL;
            }
        } finally {
            lock.unlock();
        }
        if (isFurther && answer instanceof Holds) {
            onMarked.accept(user, mark);
        }
        onRaised.accept(answer);
    }

    /** Sets a mark behind all others; false when there is no place for one more. */
    @GuardedBy("lock")
    private boolean setLocked(String user, Mark mark, boolean isNew, int most) {
        while (isNew && (marks.size() >= most || !bytes.take(bytes(user)))) {
            if (marks.isEmpty()) {
                return false;
            }
            letOldestGoLocked();
        }
        marks.remove(user);
        marks.put(user, mark.seq());
        return true;
    }

    @GuardedBy("lock")
    private void letOldestGoLocked() {
        assert lock.isHeldByCurrentThread();
        Iterator<String> oldest = marks.keySet().iterator();
        bytes.take(-bytes(oldest.next()));
        oldest.remove();
    }

    private static long bytes(String user) {
        return OVERHEAD_BYTES + 2L * user.length();
    }

    @Override
    public void find(String user, Consumer<Answer> onFound) {
        Answer answer;
        lock.lock();
        try {
            Long seq = marks.get(user);
            answer = seq == null ? No.NONE : new Holds(new Mark(epoch, seq));
        } finally {
            lock.unlock();
        }
        onFound.accept(answer);
    }

    /** The room is given up, and its marks with it. */
    void close() {
        lock.lock();
        try {
            isClosed = true;
            marks.keySet().forEach(user -> bytes.take(-bytes(user)));
            marks.clear();
        } finally {
            lock.unlock();
        }
    }
}
