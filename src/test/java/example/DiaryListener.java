package example;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import parley.api.Payload;
import parley.api.RoomEvent;
import parley.api.RoomListener;

/** Writes down what happens. */
public final class DiaryListener implements RoomListener {
    /** Of this application: its class loader has it once. */
    static final List<String> DIARY = new CopyOnWriteArrayList<>();

    @Override
    public void joined(String room, String name) {
        DIARY.add(name + " joins " + room);
    }

    @Override
    public void left(String room, String name) {
        DIARY.add(name + " leaves " + room);
    }

    @Override
    public void said(RoomEvent.Said message) {
        DIARY.add(message.from() + " says " + (message.payload() instanceof Payload.Text line ? line.text() : "data"));
    }

    @Override
    public void emptied(String room) {
        DIARY.add(room + " is empty");
    }
}
