package parley.room;

/** How a member leaves its room. */
public enum Departure {
    /** It went, or was sent away: others hear of it at once. */
    LEFT,
    /** Its connection was lost, and it may come back: for a while others see that it is away. */
    LOST
}
