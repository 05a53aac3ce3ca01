package parley.session;

import org.jspecify.annotations.Nullable;

/**
 * What a handshake says, as far as it matters for letting it in.
 *
 * @param path the path below the context, not decoded: {@code /echo}, {@code /chat/java}
 * @param query the query string, not decoded, without the question mark
 * @param origin the Origin header
 * @param host the Host header
 */
public record Request(
        String path,
        @Nullable String query,
        @Nullable String origin,
        @Nullable String host) {}
