package parley.room;

/** What becomes of a member that is further behind its room than its window. A room has one of these. */
public enum Overflow {
    /** It goes on with the newest messages that fill its window; the older ones are missed. */
    DROP_OLDEST,
    /** It gets the window it fell behind with; what came after that, until it has taken it all, is missed. */
    DROP_NEWEST,
    /** It goes on with the newest message alone. */
    LATEST,
    /** Its connection is closed with 1013. */
    DISCONNECT
}
