package parley.room;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/** What all rooms in memory have of values of keys together. Any thread. */
public final class KeyTotals {
    private final LogBudget budget;
    private final AtomicLong bytes = new AtomicLong();
    /** The bytes of snapshots. */
    private final AtomicLong held = new AtomicLong();

    private final LongAdder values = new LongAdder();
    private final LongAdder conflicts = new LongAdder();
    private final LongAdder refused = new LongAdder();

    KeyTotals(LogBudget budget) {
        this.budget = budget;
    }

    /** A value has come, or gone: then the bytes are negative. They count among those of the logs too. */
    void add(int count, long itsBytes) {
        values.add(count);
        bytes.addAndGet(itsBytes);
        budget.add(itsBytes);
    }

    /** A snapshot has more bytes of values and of what is sent of them, or less. */
    void hold(long its) {
        held.addAndGet(its);
        budget.add(its);
    }

    /** Whether they, and snapshots of them, have half of what the logs may have, which have to have room too: no room forgets a value. */
    boolean areFull() {
        return bytes.get() + held.get() > budget.limit() / 2;
    }

    /** A value was not set, since another was there than its sender expected. */
    void conflicted() {
        conflicts.increment();
    }

    /** A value was not set, since its room, or the server, keeps as many as it may. */
    void refused() {
        refused.increment();
    }

    /** How many keys have a value. */
    public long count() {
        return values.sum();
    }

    /** The bytes of the values. */
    public long bytes() {
        return bytes.get();
    }

    /** The bytes of the snapshots that members and requests read. */
    long heldBytes() {
        return held.get();
    }

    /** How often a value was not set, since another was there than its sender expected. */
    public long conflictCount() {
        return conflicts.sum();
    }

    /** How often a value was not set, since its room, or the server, keeps as many as it may. */
    public long refusedCount() {
        return refused.sum();
    }
}
