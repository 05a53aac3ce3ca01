package parley.client;

import java.util.Locale;

/** What a client is sent of a room that it watches only if it asks for it. */
public enum WatchDetail {
    /** The last message. */
    LAST,
    /** Up to where the client's user has read. */
    MARKS;

    String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
