package parley.room;

/**
 * A place in memory, and the number there at the same moment: without the lock one might be let go of before the
 * other is looked up.
 *
 * @param seq behind the newest message, the next number that could be
 */
record Spot(long place, long seq) {}
