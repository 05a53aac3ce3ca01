package parley.door;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The proxies that are believed when they say where a client connects from. Immutable, but that it complains once.
 *
 * <p>Each proxy appends to {@code X-Forwarded-For} who connected to it, so what stands there is read from its end, for
 * as long as it is a proxy that is believed; what stands before may be anybody's invention.
 */
public final class Proxies {
    private static final Logger LOG = System.getLogger("parley.door");

    private static final int LONGEST_SHOWN = 60;

    private static final Pattern FOUR =
            Pattern.compile("(25[0-5]|2[0-4]\\d|1?\\d?\\d)(\\.(25[0-5]|2[0-4]\\d|1?\\d?\\d)){3}");
    private static final Pattern SIX = Pattern.compile("[0-9A-Fa-f:.]{2,45}");

    private record Network(byte[] address, int bits) {
        boolean has(byte[] other) {
            if (other.length != address.length) {
                return false;
            }
            for (int i = 0; i < bits; i++) {
                if (((address[i >> 3] ^ other[i >> 3]) & (0x80 >> (i & 7))) != 0) {
                    return false;
                }
            }
            return true;
        }
    }

    /** Which header they write: one that they do not write, they would pass on as the client has invented it. */
    public enum Header {
        X_FORWARDED_FOR,
        /** RFC 7239. */
        FORWARDED
    }

    private final Header header;
    private final List<Network> networks = new ArrayList<>();
    private final AtomicBoolean hasComplained = new AtomicBoolean();

    /**
     * Reads networks such as {@code 10.0.0.0/8}, and addresses.
     *
     * @throws IllegalArgumentException naming what is neither
     */
    public Proxies(List<String> texts, Header header) {
        this.header = header;
        for (String text : texts) {
            int slash = text.indexOf('/');
            InetAddress address = literal(slash < 0 ? text : text.substring(0, slash));
            int most = address == null ? 0 : address.getAddress().length * 8;
            String bits = slash < 0 ? String.valueOf(most) : text.substring(slash + 1);
            if (address == null || !bits.matches("\\d{1,3}") || Integer.parseInt(bits) > most) {
                throw new IllegalArgumentException("'" + text + "' is neither an address nor a network");
            }
            networks.add(new Network(address.getAddress(), Integer.parseInt(bits)));
        }
    }

    /** Whether that one is believed. */
    public boolean areTrusted(InetAddress address) {
        byte[] bytes = address.getAddress();
        return networks.stream().anyMatch(network -> network.has(bytes));
    }

    /**
     * Where a client connects from.
     *
     * @param peer who made the TCP connection
     */
    InetAddress client(InetAddress peer, Request.Headers headers) {
        if (!areTrusted(peer)) {
            return peer;
        }
        InetAddress client = peer;
        String[] said = forwarded(headers).split(",", -1);
        for (int i = said.length - 1; i >= 0 && areTrusted(client); i--) {
            InetAddress before = literal(withoutPort(said[i].strip()));
            if (before == null) {
                if (!said[i].isBlank() && !hasComplained.getAndSet(true)) {
                    complain(client, said[i].strip());
                }
                return client;
            }
            client = before;
        }
        return client;
    }

    private void complain(InetAddress proxy, String said) {
        String shown = said.substring(0, Math.min(said.length(), LONGEST_SHOWN)).replaceAll("\\p{Cntrl}", "?");
        LOG.log(
                Level.WARNING,
                "The proxy " + proxy.getHostAddress() + " says '" + shown + "' in " + name()
                        + ", where the address of its client has to be. All clients of that kind count as one, with the"
                        + " proxy's address, for limits.connections-per-address and others. Have the proxy write addresses."
                        + " This is logged once.");
    }

    private String name() {
        return header == Header.FORWARDED ? "Forwarded" : "X-Forwarded-For";
    }

    private String forwarded(Request.Headers headers) {
        String value = headers.value(name());
        return value == null ? "" : header == Header.FORWARDED ? ofForwarded(value) : value;
    }

    /**
     * Writes {@code Forwarded} as {@code X-Forwarded-For} would say it. What is quoted may hold anything, of the
     * client's too.
     */
    private static String ofForwarded(String forwarded) {
        List<String> addresses = new ArrayList<>();
        String address = "unknown";
        StringBuilder pair = new StringBuilder();
        boolean isQuoted = false;
        for (int i = 0; i < forwarded.length(); i++) {
            char c = forwarded.charAt(i);
            if (isQuoted && c == '\\') {
                i++;
            } else if (c == '"') {
                isQuoted = !isQuoted;
            } else if (!isQuoted && (c == ';' || c == ',')) {
                address = addressIn(pair, address);
                pair.setLength(0);
                if (c == ',') {
                    addresses.add(address);
                    address = "unknown";
                }
            } else {
                pair.append(c);
            }
        }
        addresses.add(addressIn(pair, address));
        return String.join(",", addresses);
    }

    private static String addressIn(CharSequence pair, String otherwise) {
        String text = pair.toString().strip();
        return text.toLowerCase(Locale.ROOT).startsWith("for=") ? text.substring("for=".length()) : otherwise;
    }

    private static String withoutPort(String text) {
        if (text.startsWith("[")) {
            int end = text.indexOf(']');
            return end < 0 ? "" : text.substring(1, end);
        }
        int colon = text.indexOf(':');
        return colon >= 0 && colon == text.lastIndexOf(':') ? text.substring(0, colon) : text;
    }

    /**
     * Reads an address; null when it is none. A name would be looked up, so nothing that could be one gets that far.
     */
    public static @Nullable InetAddress literal(String text) {
        boolean isSix = text.indexOf(':') >= 0 && SIX.matcher(text).matches();
        if (!isSix && !FOUR.matcher(text).matches()) {
            return null;
        }
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            return null;
        }
    }
}
