package parley.room;

import java.util.function.Consumer;
import parley.protocol.Draft;

/** What a store has of a room, with other read marks. */
record WithMarks(RoomStore.Log log, MarkStore marks) implements RoomStore.Log {
    @Override
    public void append(long at, Draft draft, Consumer<Outcome> onResult) {
        log.append(at, draft, onResult);
    }

    @Override
    public void appendBehind(RoomStore.Expected expected, long at, Draft draft, Consumer<Outcome> onResult) {
        log.appendBehind(expected, at, draft, onResult);
    }

    @Override
    public void forget(long upTo, Consumer<RoomStore.Forgotten> onForgotten) {
        log.forget(upTo, onForgotten);
    }

    @Override
    public void read(RoomStore.Query query, Consumer<RoomStore.Answer> onAnswer) {
        log.read(query, onAnswer);
    }

    @Override
    public void refresh(Consumer<RoomStore.Extent> onExtent) {
        log.refresh(onExtent);
    }

    @Override
    public void close() {
        log.close();
    }
}
