package parley.room;

/** Whose read marks the clients of a room are shown. */
public enum MarksShown {
    /** A user's own. */
    OWN,
    /** Those of all members too, with presence. */
    MEMBERS
}
