package parley.room;

/**
 * How much clients may watch.
 *
 * @param rooms how many rooms one client may watch, patterns counted as well
 * @param roomsInAll how many rooms all clients may watch together, a room counted once for each
 * @param held how many rooms may be kept open because they are watched
 * @param open with how many rooms that are open stores are not asked of others: that opens them for a while
 * @param lastBytes how many bytes the last messages of watched rooms may have together; those beyond are left out
 */
public record WatchLimits(int rooms, int roomsInAll, int held, int open, long lastBytes) {
    /** How many patterns one client may watch. */
    public static final int PATTERNS = 10;
    /** How many patterns all clients may watch together: each new room is compared with all of them. */
    static final int PATTERNS_IN_ALL = 10_000;

    /** What holds where nothing else is said. */
    public static final WatchLimits DEFAULT = new WatchLimits(1_000, 200_000, 5_000, 9_000, 16L << 20);

    public WatchLimits {
        if (rooms < 1 || roomsInAll < rooms || held < 1) {
            throw new IllegalArgumentException("all clients may watch at least as many rooms as one");
        }
    }
}
