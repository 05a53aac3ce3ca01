package parley.http;

import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * A whole answer to a request. Immutable.
 *
 * @param status the HTTP status (RFC 9110 section 15)
 * @param headers what goes with it, {@code Content-Type} among them; the server adds the length
 * @param body the bytes; not to be changed. A server leaves them out when the method is HEAD
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Answer(int status, Map<String, String> headers, byte[] body) {
    /** An answer of text in UTF-8. */
    public static Answer of(int status, Map<String, String> headers, String body) {
        return new Answer(status, headers, body.getBytes(StandardCharsets.UTF_8));
    }
}
