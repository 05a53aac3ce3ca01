package parley.door;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import parley.session.AddressLimit;

/**
 * How many connections there are from each address, and whether that is as many as may be. A household has a whole /64
 * of IPv6 (RFC 6177), so that counts as one. Any thread.
 */
public final class AddressCounts implements AddressLimit {
    private static final int PREFIX = 8;

    private final int most;

    /**
     * An entry of none is taken out, so that the map has never more entries than there are connections. Keys are text,
     * not records of our own: the JDK (17) keeps the class of the record that was compared last for ever, and an
     * application that has been undeployed with it.
     */
    private final ConcurrentHashMap<String, Integer> counts = new ConcurrentHashMap<>();

    /**
     * Counts from none.
     *
     * @param most how many there may be from one address; 0 for any number
     */
    public AddressCounts(int most) {
        this.most = most;
    }

    @Override
    public boolean enter(@Nullable InetAddress address) {
        return address == null || counts.merge(key(address), 1, Integer::sum) <= most || most == 0;
    }

    @Override
    public void leave(@Nullable InetAddress address) {
        if (address != null) {
            counts.computeIfPresent(key(address), (key, count) -> count == 1 ? null : count - 1);
        }
    }

    /** Whether there are as many from there as may be. */
    boolean isFull(@Nullable InetAddress address) {
        return most > 0 && address != null && counts.getOrDefault(key(address), 0) >= most;
    }

    /** How many addresses there are. */
    int addresses() {
        return counts.size();
    }

    /** By what an address differs from others. */
    static String key(InetAddress address) {
        return address instanceof Inet6Address
                ? Arrays.toString(Arrays.copyOf(address.getAddress(), PREFIX))
                : address.getHostAddress();
    }
}
