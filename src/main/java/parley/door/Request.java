package parley.door;

import java.net.InetSocketAddress;
import org.jspecify.annotations.Nullable;

/**
 * What a handshake says, as far as it matters for letting it in.
 *
 * @param path the path below the context, not decoded: {@code /echo}, {@code /chat/java}
 * @param query the query string, not decoded, without the question mark
 * @param headers its headers
 * @param peer who made the TCP connection, where the container tells
 * @param principal whom the server has authenticated, or null
 */
public record Request(
        String path,
        @Nullable String query,
        Headers headers,
        @Nullable InetSocketAddress peer,
        @Nullable String principal) {

    /** The headers of a handshake. */
    @FunctionalInterface
    public interface Headers {
        /** Returns what a header says, several lines of it joined by commas (RFC 9110 section 5.3); or null. */
        @Nullable
        String value(String name);
    }

    /** Leaves out the query, which may hold a token. */
    @Override
    public String toString() {
        return "Request[" + path + " from " + peer + "]";
    }
}
