package parley.room;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a room keeps and allows.
 *
 * @param history messages kept, at least 1
 * @param historyBytes weight of the messages kept, in bytes
 * @param window how many messages a member may be behind what is live, at least 1
 * @param overflow what becomes of a member further behind
 * @param linger how long a room without members stays
 * @param batchBytes what messages joined into one frame may weigh, in bytes of UTF-8; a longer one goes alone
 * @param names how many names presence tells at most
 * @param members how many members there may be at once
 * @param retention what is kept beyond memory, where there is a place for that; null for a room in memory alone
 */
public record RoomLimits(
        int history,
        long historyBytes,
        int window,
        Overflow overflow,
        Duration linger,
        int batchBytes,
        int names,
        int members,
        @Nullable Retention retention) {
    public RoomLimits {
        if (history < 1
                || historyBytes < 1
                || window < 1
                || linger.isNegative()
                || batchBytes < 1
                || names < 0
                || members < 1) {
            throw new IllegalArgumentException("a room keeps and allows at least one message");
        }
    }
}
