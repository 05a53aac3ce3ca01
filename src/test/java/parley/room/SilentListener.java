package parley.room;

import java.util.List;
import parley.protocol.Draft;
import parley.protocol.Message;

/** A room that passes over all that its store says; tests override what they look at. */
public class SilentListener implements RoomStore.Listener {
    @Override
    public void opened(RoomStore.Contents contents) {}

    @Override
    public void couldNotOpen() {}

    @Override
    public void appended(List<Message> messages) {}

    @Override
    public void trimmed(long first) {}

    @Override
    public void present(String node, RoomStore.Present there) {}

    @Override
    public void lost(String node) {}

    @Override
    public void signalled(Draft draft) {}
}
