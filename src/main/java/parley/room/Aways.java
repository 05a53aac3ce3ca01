package parley.room;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Entries of presence that have lost their last connection here, or with another node, and may come back. Guarded by the
 * room's lock.
 *
 * <p>Their time begins when the sweep first sees them, so they end in the order in which they went away.
 */
final class Aways {
    /** One that is away: what it was called last, and when it took that name. */
    static final class Away {
        final @Nullable String name;
        final long namedAt;
        /** When its time is over; 0 before the sweep has seen it. */
        private long until;

        Away(@Nullable String name, long namedAt) {
            this.name = name;
            this.namedAt = namedAt;
        }
    }

    private final long nanos;
    private final int most;

    /** By key, in the order in which they went. */
    private final Map<String, Away> all = new LinkedHashMap<>();

    /**
     * @param nanos how long one may be away; 0 for not at all
     * @param most how many may be at once: more are gone at once
     */
    Aways(long nanos, int most) {
        this.nanos = nanos;
        this.most = most;
    }

    /** Notes that one has gone away. */
    void add(String key, Away away) {
        if (nanos > 0 && all.size() < most) {
            all.remove(key);
            all.put(key, away);
        }
    }

    /** Forgets one that has come back. */
    void remove(String key) {
        all.remove(key);
    }

    @Nullable
    Away get(String key) {
        return all.get(key);
    }

    int count() {
        return all.size();
    }

    Map<String, Away> all() {
        return all;
    }

    /** Forgets those whose time is over, and returns their keys. */
    List<String> end(long nowNanos) {
        List<String> over = new ArrayList<>();
        for (Map.Entry<String, Away> one : all.entrySet()) {
            Away away = one.getValue();
            if (away.until == 0) {
                away.until = Math.max(1, nowNanos + nanos);
            } else if (nowNanos - away.until >= 0) {
                over.add(one.getKey());
            }
        }
        over.forEach(all::remove);
        return over;
    }
}
