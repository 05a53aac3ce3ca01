package parley.room;

import java.util.concurrent.atomic.LongAdder;

/**
 * What is counted in all rooms together. Any thread may call any method.
 *
 * <p>One for all rooms: when each had its own, and was added up as it was given up, what a thread had taken and was
 * just about to count was lost.
 */
final class Tally {
    /** The part of the heap that states may fill. */
    private static final int HEAP_FOR_STATES = 32;

    private final LongAdder published = new LongAdder();
    private final LongAdder offered = new LongAdder();
    private final LongAdder delivered = new LongAdder();
    private final LongAdder missed = new LongAdder();
    private final StateBytes states = new StateBytes(Runtime.getRuntime().maxMemory() / HEAP_FOR_STATES);

    void published(long messages) {
        published.add(messages);
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

    /** The states that members show. */
    StateBytes states() {
        return states;
    }

    /** The counts so far; while they go up, what was offered is not less than the rest. */
    Counts counts() {
        long taken = delivered.sum();
        long skipped = missed.sum();
        return new Counts(published.sum(), offered.sum(), taken, skipped);
    }
}
