package parley.local;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Says that the application's code failed: a line a second, which then says how many more there were. Any thread. */
public final class FailureLog {
    private static final long SECOND_NANOS = 1_000_000_000L;

    private final Logger log;
    private final LongSupplier nanoClock;
    private final AtomicLong saidAtNanos;
    private final AtomicLong unsaid = new AtomicLong();

    /** Makes it. */
    public FailureLog(Logger log, LongSupplier nanoClock) {
        this.log = log;
        this.nanoClock = nanoClock;
        this.saidAtNanos = new AtomicLong(nanoClock.getAsLong() - SECOND_NANOS);
    }

    /**
     * Something failed.
     *
     * @param cause what was thrown; null for nothing
     */
    public void log(String what, @Nullable Throwable cause) {
        long last = saidAtNanos.get();
        long now = nanoClock.getAsLong();
        if (now - last < SECOND_NANOS || !saidAtNanos.compareAndSet(last, now)) {
            unsaid.incrementAndGet();
            return;
        }
        long more = unsaid.getAndSet(0);
        String line = what + (more == 0 ? "" : " (and " + more + " more times since the last such line)");
        if (cause == null) {
            log.log(Level.WARNING, line);
        } else {
            log.log(Level.WARNING, line, cause);
        }
    }
}
