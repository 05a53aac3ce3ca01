package parley.door;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Counts refused handshakes, and says one of each cause a minute: clients that repeat a refused request must not fill
 * the log. Any thread.
 */
final class RefusalLog {
    private static final Logger LOG = System.getLogger("parley.door");

    private static final long MINUTE_NANOS = 60_000_000_000L;

    private static final int LONGEST_DETAIL = 200;

    private static final class CauseCount {
        final LongAdder all = new LongAdder();
        final AtomicInteger unsaid = new AtomicInteger();
        final AtomicLong saidAt;

        CauseCount(long saidAt) {
            this.saidAt = new AtomicLong(saidAt);
        }
    }

    private final Map<Cause, CauseCount> tallies;

    RefusalLog(long nowNanos) {
        this.tallies = Stream.of(Cause.values())
                .collect(
                        Collectors.toUnmodifiableMap(cause -> cause, cause -> new CauseCount(nowNanos - MINUTE_NANOS)));
    }

    void refused(Admission.Refusal refusal, @Nullable InetAddress address, long nowNanos) {
        CauseCount tally = tally(refusal.cause());
        tally.all.increment();
        int unsaid = tally.unsaid.incrementAndGet();
        long saidAt = tally.saidAt.get();
        if (nowNanos - saidAt >= MINUTE_NANOS && tally.saidAt.compareAndSet(saidAt, nowNanos)) {
            tally.unsaid.addAndGet(-unsaid);
            LOG.log(
                    Level.INFO,
                    "refused a handshake" + (address == null ? "" : " from " + address.getHostAddress()) + " with "
                            + refusal.status() + ": " + refusal.reason() + detail(refusal)
                            + (unsaid > 1 ? " (and " + (unsaid - 1) + " more since it was last said)" : ""));
        }
    }

    long count(Cause cause) {
        return tally(cause).all.sum();
    }

    /** What it says besides, shortened and in one line: it may be the client's words. */
    private static String detail(Admission.Refusal refusal) {
        String all = refusal.detail().replaceAll("\\p{Cntrl}", "?");
        String some = all.length() <= LONGEST_DETAIL ? all : all.substring(0, LONGEST_DETAIL) + "...";
        return some.isEmpty() ? "" : "; " + some;
    }

    private CauseCount tally(Cause cause) {
        CauseCount tally = tallies.get(cause);
        if (tally == null) {
            throw new AssertionError(cause);
        }
        return tally;
    }
}
