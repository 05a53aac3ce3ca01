package parley.door;

import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which pages may connect: those of the same host, and those whose origin (RFC 6454) matches a pattern. Clients that
 * are no browser send no origin and are let in. Immutable.
 *
 * <p>A pattern is {@code [scheme://]host[:port]}, or {@code *} for every origin. Without a scheme any will do; without
 * a port the scheme's own is meant, {@code *} means any. A host may be {@code *} or begin with {@code *.}, which stands
 * for one or more labels: {@code https://*.example.com} covers {@code https://a.b.example.com} and not {@code
 * https://example.com}.
 *
 * <p>Two origins have no host: {@code null}, which browsers send for pages from files, in sandboxes and after some
 * redirects, and {@code file://}, which some web views send. Each is allowed by that word.
 */
public final class Origins {
    /** The rule as a phrase for error messages. */
    public static final String RULE =
            "[scheme://]host[:port], such as https://*.example.com or localhost:*; null; file://; or *";

    private static final Pattern PARTS =
            Pattern.compile("(?:([a-z][a-z0-9+.-]*)://)?(\\[[0-9a-f:.]+]|[^/:\\[\\]@?#\\s]+)(?::(\\d{1,5}|\\*))?");

    private record Allowed(
            @Nullable String scheme, String host, @Nullable String port) {
        boolean matches(String ofScheme, String ofHost, String ofPort) {
            return (scheme == null || scheme.equals(ofScheme))
                    && matchesHost(ofHost)
                    && ("*".equals(port) || ofPort.equals(port == null ? defaultPort(ofScheme) : port));
        }

        private boolean matchesHost(String ofHost) {
            if (host.startsWith("*.")) {
                return ofHost.endsWith(host.substring(1)) && ofHost.length() >= host.length();
            }
            return host.equals("*") || host.equals(ofHost);
        }
    }

    private static final Set<String> WITHOUT_HOST = Set.of("null", "file://");

    private final Set<String> words;
    private final List<Allowed> allowed;
    private final boolean all;

    /**
     * Reads the patterns.
     *
     * @throws IllegalArgumentException naming the one that is not a pattern
     */
    public Origins(List<String> patterns) {
        this.all = patterns.contains("*");
        this.words = patterns.stream().filter(WITHOUT_HOST::contains).collect(Collectors.toUnmodifiableSet());
        this.allowed = patterns.stream()
                .filter(pattern -> !pattern.equals("*") && !WITHOUT_HOST.contains(pattern))
                .map(Origins::read)
                .toList();
    }

    private static Allowed read(String pattern) {
        Matcher parts = PARTS.matcher(pattern.toLowerCase(Locale.ROOT));
        if (!parts.matches() || parts.group(2).lastIndexOf('*') > 0) {
            throw new IllegalArgumentException("'" + pattern + "' is not a pattern for origins: " + RULE);
        }
        return new Allowed(parts.group(1), parts.group(2), parts.group(3));
    }

    /**
     * Whether a handshake may go on.
     *
     * @param origin the Origin header, null when there is none
     * @param host the Host header
     */
    public boolean allow(@Nullable String origin, @Nullable String host) {
        if (origin == null || all) {
            return true;
        }
        if (WITHOUT_HOST.contains(origin)) {
            return words.contains(origin);
        }
        Matcher parts = PARTS.matcher(origin.toLowerCase(Locale.ROOT));
        if (!parts.matches() || parts.group(1) == null) {
            return false;
        }
        String scheme = parts.group(1);
        String port = parts.group(3) == null ? defaultPort(scheme) : parts.group(3);
        return isSameHost(scheme, parts.group(2), port, host)
                || allowed.stream().anyMatch(a -> a.matches(scheme, parts.group(2), port));
    }

    /** Whether there are origins among them that any page can have. */
    public boolean haveAnyPage() {
        return all || words.contains("null") || allowed.stream().anyMatch(one -> one.host.equals("*"));
    }

    /**
     * Compares with the Host header. One without a port stands for the scheme's own: a proxy that ends TLS hides it.
     */
    private static boolean isSameHost(String scheme, String originHost, String originPort, @Nullable String host) {
        Matcher parts = PARTS.matcher(host == null ? "" : host.toLowerCase(Locale.ROOT));
        if (!parts.matches() || parts.group(1) != null) {
            return false;
        }
        String port = parts.group(3) == null ? defaultPort(scheme) : parts.group(3);
        return parts.group(2).equals(originHost) && port.equals(originPort);
    }

    private static String defaultPort(String scheme) {
        return switch (scheme) {
            case "http", "ws" -> "80";
            case "https", "wss" -> "443";
            default -> "";
        };
    }
}
