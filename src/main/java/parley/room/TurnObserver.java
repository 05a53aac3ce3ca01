package parley.room;

import java.util.OptionalInt;
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

    /** A user has that read mark in a room. */
    default void marked(RoomName room, String user, MarkStore.Mark mark) {}

    /**
     * The messages behind the read mark of a user have been counted, for those that watch the room.
     *
     * @param newest the newest message that was counted
     * @param counted as many as there are; empty when they cannot be counted now
     */
    default void counted(
            RoomName room, String user, MarkStore.Mark mark, RoomStore.Expected newest, OptionalInt counted) {}

    /**
     * A turn has ended.
     *
     * @param tookNanos how long it took
     * @param sincePublishedNanos how long ago the oldest message was published that it was the first to fan out, whose
     *     frames have been started by now except for members that were busy; negative when there was none
     */
    void turned(long tookNanos, long sincePublishedNanos);
}
