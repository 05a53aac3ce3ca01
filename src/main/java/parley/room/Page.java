package parley.room;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import parley.protocol.Message;

/**
 * Messages that were read from a room's store once, for all members that catch up over them, and encoded once for each
 * protocol. Any thread.
 *
 * @param from the number that was asked for
 * @param since the number from which on none of these is missing; those from {@code from} up to it are gone
 * @param end the number that it is complete up to, exclusively
 */
record Page(long from, long since, List<Message> messages, long end, Map<Key, Frames.Batch> batches) {
    /** Frames that begin with one of its messages. */
    private record Key(Frames frames, int index) {}

    /**
     * What the store found, without what the room has not heard of yet: a store may have messages for a moment before
     * the room hears of them. They have no place in the ring then, so a member that took them here would be offered
     * them there once more.
     *
     * @param until the number that the reader needed messages up to, exclusively: the store has none before it that it
     *     does not give
     * @param newest the number of the newest message that the room has heard of
     */
    static Page of(long from, RoomStore.Found found, long until, long newest) {
        List<Message> messages = found.messages().stream()
                .filter(message -> message.seq() <= newest)
                .toList();
        boolean more = found.more() && messages.size() == found.messages().size();
        long behind =
                messages.isEmpty() ? from : messages.get(messages.size() - 1).seq() + 1;
        long end = more ? behind : Math.max(behind, until);
        return new Page(from, Math.min(found.since(), end), messages, end, new ConcurrentHashMap<>());
    }

    /** None of the messages that the reader needed is there any more. */
    static Page lost(long from, long until) {
        return new Page(from, until, List.of(), until, Map.of());
    }

    /** Whether a reader that needs the messages from that number on goes on with this page. */
    boolean covers(long next) {
        return next >= from && next < end;
    }

    /** Where the messages of that number and higher ones begin. */
    int indexOf(long next) {
        int index = 0;
        while (index < messages.size() && messages.get(index).seq() < next) {
            index++;
        }
        return index;
    }

    /** As many messages as a frame holds, from that index on. */
    Frames.Batch batch(Frames frames, int index) {
        return batches.computeIfAbsent(
                new Key(frames, index), key -> frames.messages(messages.subList(index, messages.size())));
    }
}
