package parley.room;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Entries of presence that have lost their last connection here, or with another node, and may come back. Guarded by
 * the room's lock.
 *
 * <p>Their time begins when the sweep first sees them, so they end in the order in which they went away. They are
 * bounded by number in a room and by bytes in all rooms: beyond that an entry is gone at once.
 */
final class Aways {
    /** Of one besides its key and name, about: with what presence keeps of it. */
    private static final int OVERHEAD = 384;

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
    private final SharedBytes bytes;

    /** By key, in the order in which they went. */
    private final Map<String, Away> all = new LinkedHashMap<>();
    /** Whether the sweep has still to see some, which are the last. */
    private boolean areUnseen;

    private boolean isClosed;

    /**
     * @param nanos how long one may be away; 0 for not at all
     * @param most how many may be at once
     * @param bytes those of all rooms
     */
    Aways(long nanos, int most, SharedBytes bytes) {
        this.nanos = nanos;
        this.most = most;
        this.bytes = bytes;
    }

    /** Notes that one has gone away. */
    void add(String key, Away away) {
        remove(key);
        if (nanos > 0 && !isClosed && all.size() < most && bytes.take(bytesOf(key, away))) {
            all.put(key, away);
            areUnseen = true;
        }
    }

    /** Forgets one that has come back. */
    void remove(String key) {
        Away away = all.remove(key);
        if (away != null) {
            bytes.take(-bytesOf(key, away));
        }
    }

    /** Forgets all, and takes no more. */
    void close() {
        isClosed = true;
        List.copyOf(all.keySet()).forEach(this::remove);
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
        for (Iterator<Map.Entry<String, Away>> next = all.entrySet().iterator(); next.hasNext(); ) {
            Map.Entry<String, Away> one = next.next();
            Away away = one.getValue();
            if (away.until == 0) {
                away.until = Math.max(1, nowNanos + nanos);
            } else if (nowNanos - away.until >= 0) {
                over.add(one.getKey());
            } else if (!areUnseen) {
                break;
            }
        }
        areUnseen = false;
        over.forEach(this::remove);
        return over;
    }

    private static long bytesOf(String key, Away away) {
        return OVERHEAD + 2L * (key.length() + (away.name == null ? 0 : away.name.length()));
    }
}
