package parley.door;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import parley.access.BadTokenException;
import parley.access.Grant;

/**
 * The door for requests of HTTP that are no handshakes: which clients may ask, how often, and with which rights. Any
 * thread.
 */
public final class HttpDoor {
    private static final String BEARER = "bearer ";
    private static final Map<String, String> SOON = Map.of("Retry-After", "1");
    private static final Map<String, String> LATER = Map.of("Retry-After", "5");

    /** The client that was let in, or why it was not. */
    public sealed interface Verdict {}

    /**
     * A client that was let in.
     *
     * @param parameters those of the query
     * @param address where that is, as far as it is known
     * @param isLimited whether how often it asks is limited
     */
    public record Caller(
            Grant grant,
            Map<String, String> parameters,
            @Nullable InetAddress address,
            boolean isLimited) implements Verdict {}

    /**
     * Why not to answer.
     *
     * @param code the word for it
     * @param reason a sentence that says what is wrong and what is allowed
     * @param headers those that belong to the status
     */
    public record Refusal(int status, String code, String reason, Map<String, String> headers) implements Verdict {}

    private final Admission admission;
    private final Access access;
    private final byte[] key;
    private final UnaryOperator<Grant> withoutKey;
    private final @Nullable AddressRates rates;
    private final LongSupplier nanoClock;

    /**
     * Makes it.
     *
     * @param key what lets a backend do everything; empty for nothing
     * @param withoutKey what a client may do over HTTP of what it may do in a session
     * @param perSecond how many requests a second may come from one address; 0 for any number
     */
    public HttpDoor(
            Admission admission,
            Access access,
            String key,
            UnaryOperator<Grant> withoutKey,
            int perSecond,
            LongSupplier nanoClock) {
        this.admission = admission;
        this.access = access;
        this.key = key.getBytes(StandardCharsets.UTF_8);
        this.withoutKey = withoutKey;
        this.rates = perSecond == 0 ? null : new AddressRates(perSecond);
        this.nanoClock = nanoClock;
    }

    /** Decides about a request. */
    public Verdict ask(Request request) {
        if (admission.isClosed()) {
            return new Refusal(503, "unavailable", "the server stops; ask again soon", LATER);
        }
        if (!admission.isOriginAllowed(request)) {
            return new Refusal(
                    403,
                    "forbidden",
                    "this origin is not allowed; allowed are the host asked for and the setting origins",
                    Map.of());
        }
        InetAddress address = admission.address(request);
        Map<String, String> parameters;
        try {
            parameters = Query.parse(request.query());
        } catch (IllegalArgumentException e) {
            return new Refusal(400, "bad-query", "the query has a broken %-escape, or one that is not UTF-8", Map.of());
        }
        if (hasKey(request)) {
            return new Caller(Grant.OPERATOR, parameters, address, false);
        }
        if (rates != null && address != null && !rates.take(address, nanoClock.getAsLong())) {
            return tooMany();
        }
        return known(request, parameters, address);
    }

    private Verdict known(Request request, Map<String, String> parameters, @Nullable InetAddress address) {
        if (!access.isReady()) {
            return new Refusal(503, "unavailable", "the keys for tokens have not been read; ask again soon", LATER);
        }
        Grant grant;
        try {
            grant = withoutKey.apply(access.grant(request, parameters));
        } catch (BadTokenException e) {
            String reason = String.valueOf(e.getMessage());
            return switch (e.problem()) {
                case REFUSED -> new Refusal(403, "forbidden", reason, Map.of());
                case FAILED -> new Refusal(503, "unavailable", reason, LATER);
                default -> unauthorized(reason);
            };
        }
        String name = grant.name() == null ? null : "name " + grant.name().value();
        if (rates != null && name != null && !rates.take(name, nanoClock.getAsLong())) {
            return tooMany();
        }
        return new Caller(grant, parameters, address, true);
    }

    /** Whether a caller may do one thing more in the same request. */
    public boolean mayGoOn(Caller caller) {
        InetAddress address = caller.address();
        return rates == null || !caller.isLimited() || address == null || rates.take(address, nanoClock.getAsLong());
    }

    /** For a caller that may not do something, but could show that it may with something else in its Authorization. */
    public Refusal forbidden(Caller caller, String reason) {
        boolean isAnonymous = access == Access.ANONYMOUS && caller.isLimited();
        return isAnonymous && key.length > 0 ? unauthorized(reason) : new Refusal(403, "forbidden", reason, Map.of());
    }

    /** Whether a request comes with the API key. */
    public boolean hasKey(Request request) {
        String authorization = request.headers().value("Authorization");
        return key.length > 0
                && authorization != null
                && authorization.toLowerCase(Locale.ROOT).startsWith(BEARER)
                && MessageDigest.isEqual(
                        key, authorization.substring(BEARER.length()).strip().getBytes(StandardCharsets.UTF_8));
    }

    /** For a caller whose token has ended since it was let in. */
    public static Refusal expired() {
        return unauthorized("the token has expired; ask again with another one");
    }

    private static Refusal unauthorized(String reason) {
        Map<String, String> headers = new HashMap<>();
        headers.put("WWW-Authenticate", "Bearer realm=\"parley\""); // RFC 6750 section 3
        return new Refusal(401, "unauthorized", reason, headers);
    }

    private static Refusal tooMany() {
        return new Refusal(
                429,
                "rate-limited",
                "too many requests a second from this address, or with tokens of this name; ask again later",
                SOON);
    }
}
