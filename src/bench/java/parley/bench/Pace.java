package parley.bench;

/**
 * When the messages of an open loop are due. A message that could not be sent in time keeps the time it was meant for,
 * and its latency counts from there: a server that stands still for a second has not answered one message late, but all
 * of that second.
 */
final class Pace {
    private static final double NANOS = 1e9;

    private final long start;
    private final double perSecond;
    private long taken;

    Pace(long start, double perSecond) {
        this.start = start;
        this.perSecond = perSecond;
    }

    /** When the next one is due. */
    long next() {
        return start + (long) (taken * NANOS / perSecond);
    }

    /** Takes the next one, and says when it was meant for. */
    long take() {
        long due = next();
        taken++;
        return due;
    }
}
