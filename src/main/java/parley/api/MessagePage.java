package parley.api;

import java.util.List;

/**
 * Messages that are kept.
 *
 * @param epoch the history that their numbers belong to
 * @param messages oldest first
 * @param hasMore whether there are more in the direction that was asked for
 */
public record MessagePage(String room, String epoch, List<RoomEvent.Said> messages, boolean hasMore) {
    /** Copies the list. */
    public MessagePage {
        messages = List.copyOf(messages);
    }
}
