package parley.client;

/**
 * The server has a message. Immutable.
 *
 * @param id of the message
 * @param seq its number in the room
 * @param isDuplicate whether the room had a message of that id already, which then is the one that {@code seq} names
 */
public record Receipt(String id, long seq, boolean isDuplicate) {}
