package parley.room;

/** What came of a state that a member is to show. */
public enum Shown {
    DONE,
    /** The member is neither a user nor has it a name: presence does not tell of it. */
    NAMELESS,
    /** There are as many states as there may be. */
    FULL
}
