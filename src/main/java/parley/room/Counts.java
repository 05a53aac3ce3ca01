package parley.room;

/**
 * Counts so far. But for the first in messages times members: {@code offered == delivered + missed + what members
 * have before them}.
 *
 * <p>A member is offered the messages that come while it is in. Those from before, which it starts further back for,
 * are offered when it takes them: of these the ones that are gone by then are offered to nobody and missed by nobody,
 * although a gap may say that they are not there.
 *
 * @param published messages, changes and reactions
 * @param reactions how many of these are reactions
 */
public record Counts(long published, long reactions, long offered, long delivered, long missed) {
    /** Without reactions. */
    public Counts(long published, long offered, long delivered, long missed) {
        this(published, 0, offered, delivered, missed);
    }
}
