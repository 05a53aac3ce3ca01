package parley.room;

/**
 * Since when a room has had no members and no new messages: as the sweep has found it, which looks now and then. Under
 * the room's lock.
 */
final class Desertion {
    private boolean isDeserted;
    private long sinceNanos;
    /** When something had been published last by then. */
    private long publishedAt;

    /** Somebody joins. */
    void endsLocked() {
        isDeserted = false;
    }

    /** The sweep finds the room empty: how long it has been, and nothing was published. */
    long lastsLocked(long nowNanos, long lastPublishedAt) {
        if (!isDeserted || publishedAt != lastPublishedAt) {
            isDeserted = true;
            sinceNanos = nowNanos;
            publishedAt = lastPublishedAt;
        }
        return nowNanos - sinceNanos;
    }
}
