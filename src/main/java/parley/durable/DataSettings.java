package parley.durable;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where and how durable rooms are kept.
 *
 * @param folder the folder, for this process alone
 * @param sync when what is written is synced to the disk
 * @param interval how often, with {@link Sync#INTERVAL}
 * @param bytes how many bytes the messages of all rooms may have; the rooms in which nothing was said for the longest
 *     time give way, and with a sixteenth more, messages are refused
 * @param rooms how many rooms are kept; as with bytes
 * @param waitingBytes how many bytes of messages may wait to be written; more are refused, but one message may always
 *     wait
 */
public record DataSettings(Path folder, Sync sync, Duration interval, long bytes, int rooms, long waitingBytes) {
    private static final int PART_FOR_MARKS = 16;

    /** When what is written is synced to the disk. */
    public enum Sync {
        /** Before it is acknowledged: it survives the loss of power. */
        ALWAYS,
        /**
         * Now and then: an acknowledged message survives the end of the process at once, and the loss of power after
         * the interval. Rooms begin another epoch when messages may be lost.
         */
        INTERVAL
    }

    /** How many read marks there may be: they fill a sixteenth of what messages may. */
    long marks() {
        return bytes / PART_FOR_MARKS / MarkTable.BYTES;
    }
}
