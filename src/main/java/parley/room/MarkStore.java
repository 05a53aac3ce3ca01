package parley.room;

import java.util.function.Consumer;

/**
 * The read marks of one room, where the room is kept: for each user the position up to which it has read. The room
 * above does not know where that is.
 *
 * <p>Any thread may call any method, without holding a lock, and none blocks. Each callback is called exactly once:
 * before the call returns, or later on a thread of the store's.
 */
public interface MarkStore {
    /**
     * A position in a room.
     *
     * @param epoch the history that the number belongs to
     */
    record Mark(String epoch, long seq) {
        /** The one that is further, of two of one history; else the other. */
        Mark later(Mark other) {
            return epoch.equals(other.epoch) && seq > other.seq ? this : other;
        }
    }

    /** What came of raising or finding a mark. */
    sealed interface Answer {}

    /** The mark that the user has now. */
    record Holds(Mark mark) implements Answer {}

    /** Why there is none. */
    enum No implements Answer {
        /** The user has none. */
        NONE,
        /** The mark is of another history than the one that is kept. */
        OTHER_HISTORY,
        /** As many are kept as may be. */
        FULL,
        /** It may go well later; a mark may have been raised all the same. */
        NOT_NOW
    }

    /**
     * Raises the mark of a user, and says which one holds. A mark never goes back: the further one wins, whichever
     * nodes set them at the same time. The room hears of it first ({@link RoomStore.Listener#marked}).
     *
     * @param most how many marks the room keeps, and up to a sixteenth more; those go first that were not raised for
     *     the longest time
     */
    void raise(String user, Mark mark, int most, Consumer<Answer> onRaised);

    /** Finds the mark of a user. */
    void find(String user, Consumer<Answer> onFound);
}
