package parley.durable;

import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.BiConsumer;
import parley.room.MarkStore;

/**
 * The read marks of one room of the file, as the writing thread changes them; that thread's alone. What it writes counts
 * when it has been committed.
 */
final class StoredMarks {
    /** Old ones go some at a time: when there is this part more than is allowed. */
    private static final int SLACK = 16;

    private final Map<String, MarkStore.Mark> raised = new LinkedHashMap<>();
    private long added;

    /**
     * Raises a mark, in a room that is in the file.
     *
     * @param isFull whether all rooms have as many as they may: then one more takes the place of another of the room
     */
    MarkStore.Answer raise(MarkTable table, Tables.Row room, Task.Raise raise, long nowMillis, boolean isFull)
            throws SQLException {
        OptionalLong before = table.seq(room.id(), raise.user);
        if (before.isPresent() && before.getAsLong() >= raise.mark.seq()) {
            return new MarkStore.Holds(new MarkStore.Mark(room.epoch(), before.getAsLong()));
        }
        if (before.isPresent()) {
            table.update(room.id(), raise.user, raise.mark.seq(), nowMillis);
        } else {
            long count = table.count(room.id());
            if (isFull && count == 0) {
                return MarkStore.No.FULL;
            }
            if (isFull || count >= raise.most + raise.most / SLACK) {
                added -= table.removeOldest(room.id(), Math.max(1, count - raise.most + 1));
            }
            table.add(room.id(), raise.user, raise.mark.seq(), nowMillis);
            added++;
        }
        raised.put(raise.user, raise.mark);
        return new MarkStore.Holds(raise.mark);
    }

    /** All go with the room. */
    void removeAll(MarkTable table, long room) throws SQLException {
        added -= table.count(room);
        table.removeAll(room);
    }

    /** How many more there are than when it was committed last. */
    long added() {
        return added;
    }

    /** What was written counts. */
    void committed() {
        added = 0;
    }

    /** Says which were raised since this was last called. */
    void announce(BiConsumer<String, MarkStore.Mark> each) {
        Map<String, MarkStore.Mark> now = Map.copyOf(raised);
        raised.clear();
        now.forEach(each);
    }

    /** What was written since the last commit does not count. */
    void undone() {
        added = 0;
        raised.clear();
    }
}
