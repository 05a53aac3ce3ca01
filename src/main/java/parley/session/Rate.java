package parley.session;

/**
 * A token bucket: so many a second, five times that in a burst. For one thread at a time, as the one that brings a
 * connection's messages is.
 */
public final class Rate {
    /** How many seconds' worth may be saved up. */
    public static final int BURST_SECONDS = 5;
    /** How long a client may keep being over its rate. */
    private static final long PATIENCE_NANOS = 5_000_000_000L;

    /** What to do with a command. */
    public enum Allowance {
        ALLOWED,
        /** Over the rate: the command is not carried out. */
        LIMITED,
        /** Over the rate for seconds on end. */
        FLOODING
    }

    private final long perSecond;
    private double tokens;
    private long filledAt;
    /** Whether the bucket ran empty and has not had a second's worth since; and from when on. */
    private boolean isOver;

    private long overSince;

    /** Starts with a full bucket. */
    public Rate(long perSecond, long nowNanos) {
        this.perSecond = perSecond;
        this.tokens = (double) perSecond * BURST_SECONDS;
        this.filledAt = nowNanos;
    }

    /** Takes one. */
    public Allowance take(long nowNanos) {
        return take(1, nowNanos);
    }

    /**
     * Takes that many for something that has been done already, whether they are there or not: time has to make up for
     * what is owed before anything is allowed again.
     *
     * @param most how many may be owed; a burst in any case
     * @return flooding when more are owed
     */
    Allowance charge(long amount, long most, long nowNanos) {
        fill(nowNanos);
        tokens -= amount;
        if (tokens >= 0) {
            return Allowance.ALLOWED;
        }
        return tokens < -Math.max((double) perSecond * BURST_SECONDS, most) ? Allowance.FLOODING : Allowance.LIMITED;
    }

    private void fill(long nowNanos) {
        tokens = Math.min((double) perSecond * BURST_SECONDS, tokens + (nowNanos - filledAt) * 1e-9 * perSecond);
        filledAt = nowNanos;
    }

    /** Takes that many, at most {@value #BURST_SECONDS} seconds' worth. */
    Allowance take(long amount, long nowNanos) {
        fill(nowNanos);
        if (tokens >= perSecond + amount) { // and those to take: at one a second a single token is no recovery
            isOver = false;
        }
        if (tokens >= amount) {
            tokens -= amount;
            return Allowance.ALLOWED;
        }
        if (!isOver) {
            isOver = true;
            overSince = nowNanos;
        }
        return nowNanos - overSince >= PATIENCE_NANOS ? Allowance.FLOODING : Allowance.LIMITED;
    }
}
