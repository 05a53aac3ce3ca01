package parley.cluster;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/** Log lines about what goes wrong again and again: one a minute of each kind. Any thread. */
final class Complaints {
    private static final Logger LOG = System.getLogger("parley.cluster");
    private static final long BETWEEN_NANOS = 60_000_000_000L;

    private final LongSupplier nanoTime;
    /** When each kind was logged last. */
    private final Map<String, Long> logged = new ConcurrentHashMap<>();

    Complaints(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * Logs a line, unless one of its kind was logged a moment ago.
     *
     * @param kind one of a few that the code names
     */
    void log(Level level, String kind, String detail) {
        long now = nanoTime.getAsLong();
        AtomicBoolean isDue = new AtomicBoolean();
        logged.compute(kind, (same, before) -> {
            isDue.set(before == null || now - before >= BETWEEN_NANOS);
            return before == null || isDue.get() ? Long.valueOf(now) : before;
        });
        if (isDue.get()) {
            LOG.log(level, "the cluster: " + kind + ": " + detail);
        }
    }

    void log(String kind, Exception e) {
        log(Level.ERROR, kind, String.valueOf(e.getMessage()));
    }
}
