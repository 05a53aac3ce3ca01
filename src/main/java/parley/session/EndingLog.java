package parley.session;

import java.lang.System.Logger;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Writes one line for each connection that ended, and no more than {@value #LINES} a second for one reason: ten
 * thousand clients that vanish together are one event to an operator. Any thread, but the sweep alone sweeps.
 */
final class EndingLog {
    static final int LINES = 10;

    private static final long SECOND_NANOS = 1_000_000_000L;

    private final Logger log;
    private final Map<Ending, AtomicInteger> ended =
            Stream.of(Ending.values()).collect(Collectors.toUnmodifiableMap(why -> why, why -> new AtomicInteger()));
    private long sweptAtNanos;

    EndingLog(Logger log, long nowNanos) {
        this.log = log;
        this.sweptAtNanos = nowNanos;
    }

    /**
     * A connection has ended.
     *
     * @param words what its close frame says
     */
    void ended(Client client, Ending why, String words, @Nullable Throwable cause) {
        if (count(why).incrementAndGet() > LINES) {
            return;
        }
        if (why == Ending.FAULT) {
            log.log(why.level(), client + " ended: a fault of the server's own", cause);
        } else {
            log.log(why.level(), () -> client + " ended: " + why.describe(words, cause));
        }
    }

    /** Says once a second what was left out. */
    void sweep(long nowNanos) {
        if (nowNanos - sweptAtNanos < SECOND_NANOS) {
            return;
        }
        sweptAtNanos = nowNanos;
        for (Ending why : Ending.values()) {
            int more = count(why).getAndSet(0) - LINES;
            if (more > 0) {
                log.log(why.level(), more + " more connections ended: " + why.describe(why.reason(), null));
            }
        }
    }

    private AtomicInteger count(Ending why) {
        return Objects.requireNonNull(ended.get(why));
    }
}
