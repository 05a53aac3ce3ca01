package parley.standalone;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.jspecify.annotations.Nullable;

/**
 * TCP connections that have not made a handshake: those that read the page, and those that ask slowly or nothing at
 * all. Each has so long for its next request, however it spends it, and there are only so many. Any thread.
 */
final class UnhandledConnections extends BaseFilter {
    private final int most;
    private final long patienceNanos;

    /** When each was accepted, or asked last; the one who was longest ago comes first. Guarded by itself. */
    private final Map<Connection<?>, Long> since = new LinkedHashMap<>();

    UnhandledConnections(int most, Duration patience) {
        this.most = most;
        this.patienceNanos = patience.toNanos();
    }

    @Override
    public NextAction handleAccept(FilterChainContext ctx) throws IOException {
        Connection<?> oldest = add(ctx.getConnection());
        if (oldest != null) {
            oldest.terminateSilently();
        }
        return ctx.getInvokeAction();
    }

    @Override
    public NextAction handleClose(FilterChainContext ctx) throws IOException {
        handled(ctx.getConnection());
        return ctx.getInvokeAction();
    }

    /** One that has been answered, and may stay a while to read that and to ask for more. Was taken out meanwhile. */
    void answered(Connection<?> connection) {
        if (connection.isOpen()) {
            synchronized (since) {
                since.put(connection, System.nanoTime()); // if it closes right now, the sweep finds it
            }
        }
    }

    /** One that has made its handshake, is being answered, or is gone. */
    void handled(Connection<?> connection) {
        synchronized (since) {
            since.remove(connection);
        }
    }

    /** Closes those whose time is over. For the sweep. */
    void sweep() {
        long now = System.nanoTime();
        List<Connection<?>> late = new ArrayList<>();
        synchronized (since) {
            for (Map.Entry<Connection<?>, Long> one : since.entrySet()) {
                if (now - one.getValue() < patienceNanos) {
                    break;
                }
                late.add(one.getKey());
            }
            late.forEach(since::remove);
        }
        late.forEach(Connection::terminateSilently);
    }

    private @Nullable Connection<?> add(Connection<?> connection) {
        synchronized (since) {
            since.put(connection, System.nanoTime());
            if (since.size() <= most) {
                return null;
            }
            Connection<?> oldest = since.keySet().iterator().next();
            since.remove(oldest);
            return oldest;
        }
    }
}
