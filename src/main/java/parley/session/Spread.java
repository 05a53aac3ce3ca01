package parley.session;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * When clients are to come back, after a shutdown or when they were turned away for now: each after a random time in
 * this range, so that they do not come all at once.
 *
 * @param min milliseconds
 * @param max milliseconds
 */
record Spread(int min, int max) {
    /** For clients that the server has no room for now. */
    static final Spread BUSY = new Spread(5_000, 10_000);

    private static final int SOONEST = 500;
    private static final int LATEST_AT_LEAST = 8_000;
    private static final int LATEST_AT_MOST = 300_000;
    /** A server that starts again takes in that many a second and does its work besides. */
    private static final int COMING_BACK_A_SECOND = 1_000;

    /** For that many clients. */
    static Spread of(int clients) {
        long needed = SOONEST + clients * 1000L / COMING_BACK_A_SECOND;
        return new Spread(SOONEST, (int) Math.min(LATEST_AT_MOST, Math.max(LATEST_AT_LEAST, needed)));
    }

    /** Around that time, for clients that are cut off together. */
    static Spread around(Duration time) {
        int millis = (int) time.toMillis();
        return new Spread(millis - millis / 2, millis + millis / 2);
    }

    /** A random time in the range. */
    int any() {
        return ThreadLocalRandom.current().nextInt(min, max + 1);
    }

    /** Says it in a close frame's reason. */
    String inWords() {
        return "; retry " + min + "-" + max + " ms";
    }
}
