package parley.cluster;

import java.util.concurrent.atomic.LongAdder;

/** What the cluster counts, for metrics. Any thread. */
final class Counted {
    final LongAdder stored = new LongAdder();
    final LongAdder refused = new LongAdder();
    final LongAdder heard = new LongAdder();
    final LongAdder filled = new LongAdder();
    final LongAdder disconnects = new LongAdder();
    /** Numbers that a stream has given to a new message though the room had them, or later ones, already. */
    final LongAdder givenTwice = new LongAdder();
    /** Messages in streams, and from other nodes, that this node cannot read. */
    final LongAdder unreadable = new LongAdder();
}
