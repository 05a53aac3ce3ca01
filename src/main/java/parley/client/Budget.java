package parley.client;

/** A token bucket as the server has one, at a share of its rate. Used on the client's strand. */
final class Budget {
    /** The share of the server's rates that is used, since commands may arrive closer together than they were sent. */
    private static final double SHARE = 0.9;
    /** How many seconds' worth of its rates a server allows at once. */
    private static final int BURST_SECONDS = 5;

    private final ClientTimers timers;
    /** By millisecond; infinite for any rate. */
    private final double rate;

    private double left;
    private long at;

    /**
     * A full one.
     *
     * @param perSecond what the server allows; 0 for any rate
     */
    Budget(ClientTimers timers, long perSecond) {
        this.timers = timers;
        this.rate = perSecond > 0 ? perSecond * SHARE / 1000 : Double.POSITIVE_INFINITY;
        this.left = most();
        this.at = timers.now();
    }

    private double most() {
        return rate * BURST_SECONDS * 1000;
    }

    /** In how many milliseconds that much may be spent. */
    long millisUntil(long amount) {
        if (Double.isInfinite(rate)) {
            return 0;
        }
        long now = timers.now();
        left = Math.min(most(), left + (now - at) * rate);
        at = now;
        double missing = Math.min(amount, most()) - left;
        return missing > 1e-9 ? (long) Math.ceil(missing / rate) : 0;
    }

    void spend(long amount) {
        left -= Math.min(amount, most());
    }

    /** The server has none left. */
    void empty() {
        millisUntil(0);
        left = Math.min(left, 0);
    }
}
