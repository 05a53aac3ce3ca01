package parley.client;

import java.util.List;

/**
 * Messages that a room keeps. Immutable.
 *
 * @param messages oldest first
 * @param hasMore whether the room has more before them
 */
public record HistoryPage(List<RoomMessage> messages, boolean hasMore) {
    /** Keeps a copy. */
    public HistoryPage {
        messages = List.copyOf(messages);
    }
}
