package parley.room;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import parley.protocol.PlainChanges;

/**
 * What a room keeps and allows.
 *
 * @param history messages kept, at least 1
 * @param historyBytes bytes of the messages kept
 * @param backlogBytes bytes kept at most of messages that members have still to take, {@code historyBytes} included
 * @param slowAfter how long a member's frame may be under way before the member is behind
 * @param window how many messages a member may be behind what is live; 0 for any number
 * @param overflow what becomes of a member that is behind
 * @param linger how long a room without members stays
 * @param batchBytes how many bytes of UTF-8 messages joined into one frame have at most; a longer one goes alone
 * @param names how many names presence tells at most
 * @param presenceInterval how long at least from one event of presence to the next
 * @param away how long a member stays whose connection was lost
 * @param members how many members there may be at once
 * @param marks how many read marks are kept; 0 for none
 * @param reactions how many different reactions a message takes; 0 for none
 * @param keys how many values with a key are kept
 * @param plainChanges how plain-text members hear of edited messages
 * @param growth how messages may grow
 * @param marksShown whose read marks clients are shown
 * @param retention what is kept beyond memory, where there is a place for that; null for a room in memory alone
 */
public record RoomLimits(
        int history,
        long historyBytes,
        long backlogBytes,
        Duration slowAfter,
        int window,
        Overflow overflow,
        Duration linger,
        int batchBytes,
        int names,
        Duration presenceInterval,
        Duration away,
        int members,
        int marks,
        int reactions,
        KeyLimits keys,
        PlainChanges plainChanges,
        GrowthLimits growth,
        MarksShown marksShown,
        @Nullable Retention retention) {
    /** How many different reactions a message takes, where nothing else is set. */
    public static final int REACTIONS = 20;

    /** How many read marks are kept, where nothing else is set. */
    public static final int MARKS = 10_000;

    /** How long at least from one event of presence to the next, where nothing else is set. */
    public static final Duration PRESENCE_INTERVAL = Duration.ofMillis(250);

    /** How long a member stays whose connection was lost, where nothing else is set. */
    public static final Duration AWAY = Duration.ofSeconds(10);

    /** With what presence and read marks do where nothing else is set. */
    public RoomLimits(
            int history,
            long historyBytes,
            long backlogBytes,
            Duration slowAfter,
            int window,
            Overflow overflow,
            Duration linger,
            int batchBytes,
            int names,
            int members,
            @Nullable Retention retention) {
        this(
                history,
                historyBytes,
                backlogBytes,
                slowAfter,
                window,
                overflow,
                linger,
                batchBytes,
                names,
                PRESENCE_INTERVAL,
                AWAY,
                members,
                MARKS,
                REACTIONS,
                KeyLimits.DEFAULT,
                PlainChanges.SHOW,
                GrowthLimits.DEFAULT,
                MarksShown.OWN,
                retention);
    }

    public RoomLimits {
        if (history < 1
                || historyBytes < 1
                || backlogBytes < historyBytes
                || slowAfter.isNegative()
                || window < 0
                || linger.isNegative()
                || batchBytes < 1
                || names < 0
                || presenceInterval.isNegative()
                || away.isNegative()
                || members < 1
                || marks < 0
                || reactions < 0) {
            throw new IllegalArgumentException("a room keeps and allows at least one message");
        }
    }
}
