package parley.app;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import com.typesafe.config.Config;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import parley.access.AccessSettings;
import parley.access.TicketSettings;
import parley.protocol.Utf8;

/** The part of the table of settings that says who may enter, and what each may do. */
final class AccessKeys {
    private static final int SHORTEST_SECRET = 32;

    static final Setting<AccessMode> ACCESS = Setting.choice(
            "access.mode",
            AccessMode.ANONYMOUS,
            AccessMode.class,
            "Which clients may enter. anonymous: all. token: those that bring a JSON Web Token. principal: those that"
                    + " the server has authenticated; only on a server.");
    static final Setting<String> SECRET = Setting.secret(
            "access.secret",
            "at least 32 bytes of text",
            "The secret that tokens are signed with (HS256, HS384, HS512).");
    static final Setting<String> PUBLIC_KEY = Setting.text(
            "access.public-key",
            "a PEM file",
            "The public key to check tokens with: of RSA (RS256, PS256 and so on), of the curves P-256, P-384, P-521"
                    + " (ES256 and so on) or Ed25519 (EdDSA).");
    static final Setting<String> JWKS = Setting.text(
            "access.jwks",
            "a file, or an address with http or https",
            "A set of public keys (RFC 7517) to check tokens with.");
    static final Setting<Duration> JWKS_REFRESH = Setting.time(
            "access.jwks-refresh",
            "10m",
            ofSeconds(1),
            ofDays(1),
            "1s to 1d",
            "How long a set of keys is used before it is read again. A token with a key that is not in it makes it be"
                    + " read at once, at most every 10s.");
    static final Setting<String> ISSUER =
            Setting.text("access.issuer", "text; none for any", "The issuer (iss) that a token must name.");
    static final Setting<String> AUDIENCE =
            Setting.text("access.audience", "text; none for any", "The audience (aud) that a token must name.");
    static final Setting<Duration> LEEWAY = Setting.time(
            "access.leeway",
            "30s",
            Duration.ZERO,
            ofMinutes(10),
            "0s to 10m",
            "How far the clocks of the tokens' issuer and of this machine may be apart.");

    static final Setting<String> COOKIE = new Setting<>(
            "access.cookie",
            "",
            "the name of a cookie, such as __Host-token; none for no cookie",
            "A cookie whose value is the token, for pages whose site sets it. It counts for requests of pages of the same"
                    + " host and of origins, and not with origins that any page can have (*, null). Only with"
                    + " access.mode=token.",
            AccessKeys::cookie);
    static final Setting<Duration> TICKET_LIFETIME = Setting.time(
            "access.ticket-lifetime",
            "30s",
            ofSeconds(1),
            ofMinutes(10),
            "1s to 10m",
            "How long a ticket of POST /tickets opens a connection: more gives slow clients time, less makes one that"
                    + " a log or a history of addresses keeps useless sooner.");
    static final Setting<String> TICKET_KEY = new Setting<>(
            "access.ticket-key",
            "",
            "at least 32 bytes of text, as 'openssl rand -base64 48' makes them; none for one of its own",
            "The secret that tickets are signed with. Servers behind one load balancer need the same one. Without it,"
                    + " one that follows from access.secret, so that servers with that need none; else one made at"
                    + " the start, whose tickets no other server takes.",
            true,
            AccessKeys::secret);

    static final Setting<String> API_KEY = new Setting<>(
            "access.api-key",
            "",
            "at least 32 bytes of text, as 'openssl rand -base64 48' makes them; none for no such key",
            "A key for backends. A client that sends it in the header Authorization: Bearer may do everything over"
                    + " HTTP, on behalf of any name. It does not open WebSockets.",
            true,
            AccessKeys::secret);
    static final Setting<HttpPublish> HTTP_PUBLISH = Setting.choice(
            "http.publish",
            HttpPublish.AUTHORIZED,
            HttpPublish.class,
            "Which clients may publish over HTTP with access.mode=anonymous. authorized: those with access.api-key."
                    + " everyone: all. In the other modes the token or the login decides.");
    /** In the order of the reference. */
    static final List<Setting<?>> ALL = List.of(
            ACCESS,
            SECRET,
            PUBLIC_KEY,
            JWKS,
            JWKS_REFRESH,
            ISSUER,
            AUDIENCE,
            LEEWAY,
            COOKIE,
            TICKET_LIFETIME,
            TICKET_KEY,
            API_KEY,
            HTTP_PUBLISH);

    private AccessKeys() {}

    private static String secret(Config config, String key) {
        String value = config.getString(key);
        if (!value.isEmpty() && Utf8.length(value) < SHORTEST_SECRET) {
            throw new IllegalArgumentException("it is too short");
        }
        return value;
    }

    /** A token of RFC 9110 section 5.6.2, which the name of a cookie is (RFC 6265 section 4.1.1). */
    private static String cookie(Config config, String key) {
        String name = config.getString(key);
        if (!name.matches("[A-Za-z0-9!#$%&'*+.^_`|~-]{0,64}")) {
            throw new IllegalArgumentException();
        }
        return name;
    }

    /** Stops where settings contradict each other. */
    static void check(Config config) {
        long sources = Stream.of(SECRET, PUBLIC_KEY, JWKS)
                .filter(key -> !key.read(config).isEmpty())
                .count();
        boolean isToken = ACCESS.read(config) == AccessMode.TOKEN;
        if (isToken ? sources != 1 : sources != 0) {
            throw new SettingsException("'" + ACCESS.key() + "' is '" + config.getString(ACCESS.key()) + "' and "
                    + (isToken ? "needs one of '" : "does not go with '") + SECRET.key() + "', '"
                    + PUBLIC_KEY.key() + "', '" + JWKS.key() + "'"
                    + (isToken ? ", to check tokens with." : "."));
        }
        if (COOKIE.read(config).isEmpty()) {
            return;
        }
        if (!isToken) {
            throw new SettingsException("'" + COOKIE.key() + "' names a cookie with a token, and '" + ACCESS.key()
                    + "' is '" + config.getString(ACCESS.key()) + "': it goes with 'token' alone.");
        }
        if (Keys.ORIGINS.read(config).haveAnyPage()) {
            throw new SettingsException("'" + COOKIE.key() + "' does not go with '" + Keys.ORIGINS.key() + "' '"
                    + config.getString(Keys.ORIGINS.key()) + "': with * or null any page could act for the user whose"
                    + " browser has the cookie. Name the hosts.");
        }
    }

    /** What tokens are checked with. */
    static AccessSettings tokens(Config config) {
        return new AccessSettings(
                SECRET.read(config),
                Settings.file(config, PUBLIC_KEY),
                JWKS.read(config),
                JWKS_REFRESH.read(config),
                ISSUER.read(config),
                AUDIENCE.read(config),
                LEEWAY.read(config));
    }

    /** How tickets are made. */
    static TicketSettings tickets(Config config) {
        return new TicketSettings(TICKET_LIFETIME.read(config), TICKET_KEY.read(config), SECRET.read(config));
    }
}
