package parley.cluster;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import parley.room.RoomStore;

/**
 * Callers that wait until a room has looked which messages there are: each for a look that begins after it has asked,
 * and after all that was published before has been answered. For the store's thread.
 */
final class Refreshes {
    /** A caller that waits for a look that begins when all up to a place of the outbox has been answered. */
    private record Waiting(long place, Consumer<RoomStore.Extent> onExtent) {}

    private final Outbox outbox;
    private final Deque<Waiting> waiting = new ArrayDeque<>();
    /** The callers of the look that is under way. */
    private List<Consumer<RoomStore.Extent>> underWay = new ArrayList<>();

    Refreshes(Outbox outbox) {
        this.outbox = outbox;
    }

    void add(Consumer<RoomStore.Extent> onExtent) {
        waiting.add(new Waiting(outbox.newestPlace(), onExtent));
    }

    boolean isEmpty() {
        return waiting.isEmpty();
    }

    /** Whether a look has to begin. */
    boolean isDue() {
        return !waiting.isEmpty() && outbox.hasAnswered(waiting.element().place);
    }

    /** A look begins: callers that ask from now on wait for the one after it. */
    void begin() {
        while (isDue()) {
            underWay.add(waiting.remove().onExtent);
        }
    }

    /** The look is over. */
    void answer(RoomStore.Extent extent) {
        List<Consumer<RoomStore.Extent>> now = underWay;
        underWay = new ArrayList<>();
        now.forEach(onExtent -> onExtent.accept(extent));
    }

    /** There is no other look: answers all. */
    void end(RoomStore.Extent extent) {
        while (!waiting.isEmpty()) {
            underWay.add(waiting.remove().onExtent);
        }
        answer(extent);
    }
}
