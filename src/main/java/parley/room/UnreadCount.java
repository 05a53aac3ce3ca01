package parley.room;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import parley.protocol.Message;
import parley.protocol.ReadMark;

/**
 * Counts the messages between two numbers that are kept, changes left out, up to one more than {@link ReadMark#MOST}:
 * by the numbers where these are consecutive, else in memory, and in the store only as far as memory has too few. Any
 * thread, without the room's lock.
 */
final class UnreadCount {
    /** What is read at once, besides the limit of messages. */
    private static final long BYTES = 1 << 20;

    private final RoomLog log;
    private final long upTo;
    private final Consumer<OptionalInt> onCounted;

    private UnreadCount(RoomLog log, long upTo, Consumer<OptionalInt> onCounted) {
        this.log = log;
        this.upTo = upTo;
        this.onCounted = onCounted;
    }

    /**
     * Counts the messages behind a number, up to another.
     *
     * @param onCounted called once, at once or later by a thread of the store's; with nothing when the store cannot
     *     read now
     */
    static void count(RoomLog log, long after, long upTo, Consumer<OptionalInt> onCounted) {
        new UnreadCount(log, upTo, onCounted).from(after + 1, 0);
    }

    /** Counts them without the store; empty when that takes the store. Takes no lock. */
    static OptionalInt inMemory(RoomLog log, long after, long upTo) {
        return inMemory(log, after + 1, upTo, 0);
    }

    private static OptionalInt inMemory(RoomLog log, long from, long upTo, long counted) {
        if (from > upTo) {
            return atMost(counted);
        }
        if (log.numbersCountMessages()) {
            return atMost(counted + Math.max(0, upTo + 1 - Math.max(from, log.first())));
        }
        long place = log.ring().placeOf(from);
        long inMemory = log.ring().countMessages(place, log.ring().placeOf(upTo + 1), ReadMark.MOST + 1 - counted);
        boolean isAll =
                log.firstStored() == RoomStore.NOTHING || from >= log.ring().since();
        return isAll || counted + inMemory > ReadMark.MOST ? atMost(counted + inMemory) : OptionalInt.empty();
    }

    private static OptionalInt atMost(long counted) {
        return OptionalInt.of((int) Math.min(counted, ReadMark.MOST + 1));
    }

    private void from(long from, long counted) {
        OptionalInt known = inMemory(log, from, upTo, counted);
        if (known.isPresent()) {
            onCounted.accept(known);
        } else {
            read(from, counted);
        }
    }

    private void read(long from, long counted) {
        int limit = (int) (ReadMark.MOST + 1 - counted);
        RoomStore.Query query =
                new RoomStore.Query(from, RoomStore.Direction.FORWARD, limit, BYTES, RoomStore.Entries.MESSAGES);
        log.store().read(query, answer -> {
            if (answer == RoomStore.Unread.NOT_NOW) {
                onCounted.accept(OptionalInt.empty());
                return;
            }
            List<Message> messages = answer instanceof RoomStore.Found found ? found.messages() : List.of();
            long more = messages.stream()
                    .filter(message -> message.counts() && message.seq() <= upTo)
                    .count();
            Optional<Message> last = messages.stream().reduce((one, other) -> other);
            // What the store does not have before memory begins is gone.
            long next = last.map(message -> message.seq() + 1)
                    .orElseGet(() -> Math.max(from + 1, log.ring().since()));
            from(next, counted + more);
        });
    }
}
