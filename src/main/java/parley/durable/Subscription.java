package parley.durable;

import java.util.function.Consumer;
import parley.room.RoomStore;

/** A room in memory that is open. The writing thread calls it; any thread may end it, and no call begins after that. */
final class Subscription {
    private final RoomStore.Listener room;
    private volatile boolean hasEnded;

    Subscription(RoomStore.Listener room) {
        this.room = room;
    }

    /** The room is given up in memory. */
    void end() {
        hasEnded = true;
    }

    void call(Consumer<RoomStore.Listener> what) {
        if (!hasEnded) {
            what.accept(room);
        }
    }
}
