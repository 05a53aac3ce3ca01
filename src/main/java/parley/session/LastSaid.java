package parley.session;

import java.util.Arrays;
import parley.protocol.RoomName;

/**
 * The last messages that a connection said, 64 at most. There is one for each connection that says something and is no
 * user, so it begins small. For one thread at a time.
 */
final class LastSaid {
    private static final int MOST = 64;
    private static final int FEWEST = 4;

    private RoomName[] rooms = new RoomName[FEWEST];
    private String[] epochs = new String[FEWEST];
    private long[] numbers = new long[FEWEST];
    private int size;
    /** Where the next one goes. */
    private int next;

    /** A message was said. */
    void add(RoomName room, String epoch, long seq) {
        if (has(room, epoch, seq)) {
            return; // a retry
        }
        if (next == numbers.length) {
            int length = numbers.length * 2;
            rooms = Arrays.copyOf(rooms, length);
            epochs = Arrays.copyOf(epochs, length);
            numbers = Arrays.copyOf(numbers, length);
        }
        rooms[next] = room;
        epochs[next] = epoch;
        numbers[next] = seq;
        size = Math.max(size, next + 1);
        next = (next + 1) % MOST;
    }

    /** Whether a message is one of them. */
    boolean has(RoomName room, String epoch, long seq) {
        for (int i = 0; i < size; i++) {
            if (numbers[i] == seq && room.equals(rooms[i]) && epoch.equals(epochs[i])) {
                return true;
            }
        }
        return false;
    }
}
