package parley.room;

/**
 * Counts so far. But for the first in messages times members: {@code offered == delivered + missed + what members
 * have before them}.
 *
 * @param published messages
 */
public record Counts(long published, long offered, long delivered, long missed) {}
