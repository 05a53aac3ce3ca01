package parley.http;

import java.util.HashMap;
import java.util.Map;
import parley.protocol.HttpJson;

/** Answers that say why a request was not carried out (RFC 9457), with the protocol's word for it. */
final class Problem {
    private static final Map<String, String> HEADERS =
            Map.of("Content-Type", "application/problem+json", "Cache-Control", "no-store");

    private Problem() {}

    /**
     * Makes one.
     *
     * @param code a word for programs
     * @param detail a sentence: what was wrong, and what is allowed
     */
    static Answer of(int status, String code, String detail) {
        return of(status, code, detail, Map.of());
    }

    /** With headers that belong to the status. */
    static Answer of(int status, String code, String detail, Map<String, String> more) {
        Map<String, String> headers = new HashMap<>(HEADERS);
        headers.putAll(more);
        return Answer.of(status, headers, HttpJson.problem(status, code, detail));
    }
}
