package parley.room;

import java.util.OptionalInt;
import parley.protocol.RoomName;

/** Passes what rooms tell on to those that watch them, besides another observer. Any thread. */
final class WatchedTurns implements TurnObserver {
    private final Watching watching;
    private final TurnObserver other;

    WatchedTurns(Watching watching, TurnObserver other) {
        this.watching = watching;
        this.other = other;
    }

    @Override
    public RoomWatch watch() {
        return other.watch();
    }

    @Override
    public void changed(RoomName room) {
        watching.changed(room);
    }

    @Override
    public void trimmed(RoomName room, String epoch, long first) {
        watching.trimmed(room, epoch, first);
        other.trimmed(room, epoch, first);
    }

    @Override
    public void marked(RoomName room, String user, MarkStore.Mark mark) {
        watching.marks().marked(room, user, mark);
    }

    @Override
    public void counted(
            RoomName room, String user, MarkStore.Mark mark, RoomStore.Expected newest, OptionalInt counted) {
        watching.marks().counted(room, user, mark, newest, counted);
    }

    @Override
    public void turned(long tookNanos, long sincePublishedNanos) {
        other.turned(tookNanos, sincePublishedNanos);
    }
}
