package parley.room;

/** What became of who wanted into a room. */
public sealed interface Entry {
    /** A member that is in; its callback gets {@link Joined} now, or later by a thread of the store. */
    record In(Member member) implements Entry {}

    /** Why somebody did not come in. */
    enum No implements Entry {
        /** The room has as many members as it may. */
        ROOM_FULL,
        /** There are as many rooms as there may be. */
        TOO_MANY_ROOMS,
        /** The room has been given up; who wanted in takes the next room of that name. */
        GONE
    }
}
