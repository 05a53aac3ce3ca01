package parley.session;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * How many connections there are from each address. A household has a whole /64 of IPv6 (RFC 6177), so that counts as one. Any
 * thread.
 */
final class Crowd {
    private static final int PREFIX = 8;

    /**
     * An entry of none is taken out: strangers do not make it grow beyond their connections. Keys are text, not records of our own: the JDK
     * (17) keeps the class of the record that was compared last for ever, and an application that has been undeployed with it.
     */
    private final ConcurrentHashMap<String, Integer> counts = new ConcurrentHashMap<>();

    /** One more. Returns how many there are now. */
    int enter(@Nullable InetAddress address) {
        return address == null ? 0 : counts.merge(key(address), 1, Integer::sum);
    }

    /** One less. */
    void leave(@Nullable InetAddress address) {
        if (address != null) {
            counts.computeIfPresent(key(address), (key, count) -> count == 1 ? null : count - 1);
        }
    }

    /** How many there are. */
    int count(@Nullable InetAddress address) {
        return address == null ? 0 : counts.getOrDefault(key(address), 0);
    }

    /** How many addresses there are. */
    int addresses() {
        return counts.size();
    }

    /** By what an address is told from others. */
    static String key(InetAddress address) {
        return address instanceof Inet6Address
                ? Arrays.toString(Arrays.copyOf(address.getAddress(), PREFIX))
                : address.getHostAddress();
    }
}
