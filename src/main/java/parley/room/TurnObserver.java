package parley.room;

import parley.protocol.RoomName;

/** Hears how rooms' turns went. Called by the threads that run them; must not block. */
public interface TurnObserver {
    /** What notes joins, leaves and messages. */
    default RoomWatch watch() {
        return RoomWatch.NONE;
    }

    /** A room's turn has ended: there may be another newest message, or another number of members. */
    default void changed(RoomName room) {}

    /** Messages of a room before that number of its history are not kept any more. */
    default void trimmed(RoomName room, String epoch, long first) {}

    /**
     * A turn has ended.
     *
     * @param tookNanos how long it took
     * @param sincePublishedNanos how long ago the oldest message was published that it was the first to fan out, whose
     *     frames have been started by now except for members that were busy; negative when there was none
     */
    void turned(long tookNanos, long sincePublishedNanos);
}
