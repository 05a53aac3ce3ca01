package parley.app;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The servers of NATS, and the login that their addresses hold. Immutable.
 *
 * @param servers the addresses without the login
 * @param user empty for none
 * @param token empty for none
 */
record NatsAddresses(List<String> servers, String user, String password, String token) {
    private static final Pattern ADDRESS = Pattern.compile("((?:nats|tls)://)(?:([^\\s@/]*)@)?([^\\s@/]+)");

    /**
     * Reads addresses such as {@code nats://user:password@10.0.0.1:4222}. A login by itself, without a colon, is a
     * token.
     *
     * @throws IllegalArgumentException with a sentence that does not show the login
     */
    static NatsAddresses parse(List<String> addresses) {
        List<String> logins = addresses.stream()
                .map(address -> matched(address).group(2))
                .map(login -> login == null ? "" : login)
                .distinct()
                .toList();
        if (logins.size() > 1) {
            throw new IllegalArgumentException("all addresses have the same login, or none has one");
        }
        List<String> servers = addresses.stream()
                .map(NatsAddresses::matched)
                .map(address -> address.group(1) + address.group(3))
                .toList();
        String login = logins.isEmpty() ? "" : logins.get(0);
        int colon = login.indexOf(':');
        return colon < 0
                ? new NatsAddresses(servers, "", "", decoded(login))
                : new NatsAddresses(
                        servers, decoded(login.substring(0, colon)), decoded(login.substring(colon + 1)), "");
    }

    /** Whether the addresses hold a login. */
    boolean haveLogin() {
        return !user.isEmpty() || !token.isEmpty();
    }

    private static Matcher matched(String address) {
        Matcher matcher = ADDRESS.matcher(address);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "a login in an address has '@', '/' and ',' written as %40, %2F and %2C");
        }
        return matcher;
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    @Override
    public String toString() {
        return "NatsAddresses" + servers + (haveLogin() ? " with a login" : "");
    }
}
