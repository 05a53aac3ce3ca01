package parley.room;

/**
 * The beginning of a history of the room, which ends when its messages are lost.
 *
 * @param place of its first message that members take who were in the history before
 * @param seq the number behind which that message comes
 */
record Beginning(String epoch, long place, long seq) {}
