package parley.session;

/**
 * When clients are to come back after a shutdown: each after a random time in this range, so that they do not come all at once.
 *
 * @param min milliseconds
 * @param max milliseconds
 */
record Spread(int min, int max) {
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

    /** Says it in a close frame's reason. */
    String inWords() {
        return "; retry " + min + "-" + max + " ms";
    }
}
