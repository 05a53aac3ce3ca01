package parley.room;

import java.util.function.Consumer;
import parley.protocol.Draft;
import parley.protocol.RoomName;

/** Looks at messages of clients before they are published. Any thread; does not block. */
@FunctionalInterface
public interface Inspection {
    /** Lets everything pass. */
    Inspection NONE = (room, draft, then) -> then.accept(new Passed(draft));

    /** What came of it. */
    sealed interface Finding {}

    /** It may be published, as it was or changed. */
    record Passed(Draft draft) implements Finding {}

    /** It may not. */
    record Refused(String reason) implements Finding {}

    /**
     * Looks at a message.
     *
     * @param then called once: now, or later on another thread
     */
    void inspect(RoomName room, Draft draft, Consumer<Finding> then);
}
