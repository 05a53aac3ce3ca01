package parley.room;

import java.util.Optional;
import java.util.function.Consumer;
import parley.protocol.Message;

/**
 * Finds the first message of a room that was published at a time or later. Times do not go back from one message to the
 * next, so it halves: in memory, or else between the first number that is kept and those in memory, with one read of
 * the store for each step. So a file needs no index of times, and a stream of NATS no consumer. For one search; the
 * threads are those of the store.
 */
final class TimeSearch {
    private final RoomLog log;
    private final long at;
    private final Consumer<Optional<Long>> onFound;

    // Of the thread that brings the store's answer: there is one at a time
    private long low;
    private long high;

    private TimeSearch(RoomLog log, long at, Consumer<Optional<Long>> onFound) {
        this.log = log;
        this.at = at;
        this.onFound = onFound;
    }

    /**
     * Finds it.
     *
     * @param onFound called once with the number from which on messages were published at that time or later; behind
     *     the newest when there is none; with nothing when the store cannot read
     */
    static void find(RoomLog log, long at, Consumer<Optional<Long>> onFound) {
        long oldest = log.ring().since(); // first, so that what is let go of meanwhile is looked for in the store
        long place = log.ring().placeSince(at);
        boolean isInMemory = place > log.ring().first() || log.firstStored() >= oldest;
        if (isInMemory) {
            onFound.accept(Optional.of(log.ring().numberAt(place)));
            return;
        }
        TimeSearch search = new TimeSearch(log, at, onFound);
        search.low = log.firstStored();
        search.high = oldest;
        search.step();
    }

    private void step() {
        if (low >= high) {
            onFound.accept(Optional.of(low));
            return;
        }
        long middle = (low + high) >>> 1;
        log.store().read(new RoomStore.Query(middle, RoomStore.Direction.FORWARD, 1, 1), answer -> {
            if (answer == RoomStore.Unread.NOT_NOW) {
                onFound.accept(Optional.empty());
                return;
            }
            Optional<Message> message = answer instanceof RoomStore.Found found
                    ? found.messages().stream().findFirst()
                    : Optional.empty();
            if (message.isPresent() && message.get().at() < at) {
                low = message.get().seq() + 1;
            } else {
                high = middle;
            }
            step();
        });
    }
}
