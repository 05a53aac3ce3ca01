package parley.durable;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where and how durable rooms are kept.
 *
 * @param folder the folder, for this process alone
 * @param sync when what is written is made sure to be on the disk
 * @param interval how often, with {@link Sync#INTERVAL}
 * @param bytes what the messages of all rooms may weigh; the rooms in which nothing was said for the longest time give way, and with a
 *     sixteenth more what is said is refused
 * @param rooms how many rooms are kept; as with bytes
 * @param waitingBytes what may wait to be written; more is refused, unless it waits alone
 */
public record DataSettings(Path folder, Sync sync, Duration interval, long bytes, int rooms, long waitingBytes) {
    /** When what is written is made sure to be on the disk. */
    public enum Sync {
        /** Before it is acknowledged: it survives the loss of power. */
        ALWAYS,
        /** Now and then: what was acknowledged survives the end of the process at once, and the loss of power after the interval. Rooms begin another epoch when something may be lost. */
        INTERVAL
    }
}
