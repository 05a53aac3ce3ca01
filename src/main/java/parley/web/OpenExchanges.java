package parley.web;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The requests that are being answered later. Servers differ in whether they give up a client that neither sends nor
 * reads, so the sweep does. Any thread.
 */
final class OpenExchanges {
    /** Longer than a store takes, or a body over a slow line. */
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private final Set<ServletExchange> all = ConcurrentHashMap.newKeySet();

    void add(ServletExchange exchange) {
        all.add(exchange);
    }

    void remove(ServletExchange exchange) {
        all.remove(exchange);
    }

    /** Gives up those that have taken too long. */
    void sweep() {
        long now = System.nanoTime();
        all.forEach(exchange -> exchange.sweep(now, PATIENCE_NANOS));
    }
}
