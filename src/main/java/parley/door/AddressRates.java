package parley.door;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.InetAddress;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import parley.session.Rate;

/**
 * How often each address, or other key, has asked lately: at most a rate a second, five times that in a burst.
 * Remembered are the {@value #MOST} that asked last, so that its size is bounded; who commands more than that meets the
 * rate for all. Any thread.
 */
final class AddressRates {
    static final int MOST = 10_000;

    private final int perSecond;

    @GuardedBy("this")
    private final Map<String, Rate> rates = new LinkedHashMap<>(16, 0.75f, true);

    AddressRates(int perSecond) {
        this.perSecond = perSecond;
    }

    /** Whether that address may now. */
    boolean take(InetAddress address, long nowNanos) {
        return take(AddressCounts.key(address), nowNanos);
    }

    /** Whether that key may now. */
    synchronized boolean take(String key, long nowNanos) {
        Rate rate = rates.computeIfAbsent(key, first -> new Rate(perSecond, nowNanos));
        if (rates.size() > MOST) {
            Iterator<Rate> longestAgoFirst = rates.values().iterator();
            longestAgoFirst.next();
            longestAgoFirst.remove();
        }
        return rate.take(nowNanos) == Rate.Allowance.ALLOWED;
    }
}
