package parley.room;

import java.util.concurrent.atomic.LongAdder;

/**
 * What is counted in all rooms together. Any thread may call any method.
 *
 * <p>One for all rooms: when each had its own, and was added up as it was given up, what a thread had taken and was
 * just about to count was lost.
 */
final class Tally {
    /** Each reads 101 messages or fewer at a time; stores read with a thread or two. */
    private static final int MOST_COUNTS = 8;

    private final LongAdder published = new LongAdder();
    private final LongAdder reactions = new LongAdder();
    private final LongAdder offered = new LongAdder();
    private final LongAdder delivered = new LongAdder();
    private final LongAdder missed = new LongAdder();
    private final LongAdder marks = new LongAdder();
    private final PresenceBytes presence = PresenceBytes.ofHeap();
    private final StoreTurns unreadCounts = new StoreTurns(MOST_COUNTS);

    void published(long messages) {
        published.add(messages);
    }

    /** As many of these are reactions. */
    void reacted(long entries) {
        reactions.add(entries);
    }

    /** So many messages more, in messages times members, are before members. */
    void offered(long messages) {
        offered.add(messages);
    }

    void delivered(long messages) {
        delivered.add(messages);
    }

    void missed(long messages) {
        missed.add(messages);
    }

    /** A read mark was raised. */
    void marked() {
        marks.increment();
    }

    /** How many read marks were raised. */
    long marks() {
        return marks.sum();
    }

    /** What presence keeps besides connections. */
    PresenceBytes presence() {
        return presence;
    }

    /** The turns of rooms that have unread messages counted by their stores. */
    StoreTurns unreadCounts() {
        return unreadCounts;
    }

    /** The counts so far; while they go up, what was offered is not less than the rest. */
    Counts counts() {
        long taken = delivered.sum();
        long skipped = missed.sum();
        return new Counts(published.sum(), reactions.sum(), offered.sum(), taken, skipped);
    }
}
