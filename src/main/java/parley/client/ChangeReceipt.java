package parley.client;

/**
 * The server has changed a message. Immutable.
 *
 * @param seq the number of the change in the room
 * @param isDuplicate whether it had been made already: {@code seq} names the change that did so
 */
public record ChangeReceipt(long seq, boolean isDuplicate) {}
