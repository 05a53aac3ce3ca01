package parley.room;

import java.util.List;
import java.util.Optional;
import parley.protocol.Draft;
import parley.protocol.Key;
import parley.protocol.Message;
import parley.protocol.Revision;

/** What a room does with what its store says. */
final class FromStore implements RoomStore.Listener {
    private final Room room;

    FromStore(Room room) {
        this.room = room;
    }

    @Override
    public void opened(RoomStore.Contents contents) {
        String before = room.log().beginning().epoch();
        room.keys().begin(contents);
        room.log().opened(contents, () -> !room.seats().areOpenLocked());
        if (!before.equals(contents.epoch())) {
            room.roster().forgetMarks();
        }
        room.seats().opened(true);
        room.letFramesGo();
        room.turnIsDue(); // one that runs right now may have found that nothing is there
    }

    @Override
    public void couldNotOpen() {
        room.giveUp();
        room.seats().opened(false);
    }

    @Override
    public void appended(List<Message> messages) {
        room.log().appended(messages);
        room.keys().added(messages, room.log().first());
        if (messages.stream().anyMatch(message -> takesAway(message) || message.isKeyed())) {
            room.frames().letGo(); // what messages said before is in them
            room.log().letPagesGoOf(messages);
        }
        room.turnIsDue();
    }

    private static boolean takesAway(Message entry) {
        return entry.revision() instanceof Revision.Change change
                && !change.kind().onlyAdds();
    }

    @Override
    public Optional<Message> kept(long seq) {
        return room.log().ring().find(seq);
    }

    @Override
    public KeyDraft.Held held(Key key) {
        return room.keys().held(key);
    }

    @Override
    public void trimmed(long first) {
        room.trimmed(first);
    }

    @Override
    public void present(String node, RoomStore.Present there) {
        room.roster().present(node, there);
    }

    @Override
    public void lost(String node) {
        room.roster().lost(node);
    }

    @Override
    public void signalled(Draft draft) {
        room.signals().add(draft);
        room.turnIsDue();
    }

    @Override
    public void marked(String user, MarkStore.Mark mark) {
        room.marks().marked(user, mark);
    }
}
