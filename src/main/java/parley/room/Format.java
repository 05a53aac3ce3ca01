package parley.room;

/** How a member's frames are written. */
public enum Format {
    /** A line of text a message, and nothing else. */
    PLAIN,
    /** The events of {@code parley.v1.json}. */
    JSON,
    /** The same events, in an event stream. */
    EVENTS,
    /** Not written at all: for members in this process, which are not among those that clients see. */
    DIRECT
}
