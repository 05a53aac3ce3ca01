package parley.http;

import java.util.HashMap;
import java.util.Map;
import parley.door.HttpDoor;
import parley.protocol.ErrorCode;
import parley.protocol.HttpJson;

/** Answers that say why a request was not carried out (RFC 9457), with the protocol's word for it. */
final class Problem {
    static final Map<String, String> RETRY = Map.of("Retry-After", "5");

    private Problem() {}

    /**
     * Makes one.
     *
     * @param code a word for programs
     * @param detail a sentence: what was wrong, and what is allowed
     */
    static Answer of(int status, String code, String detail) {
        return of(status, HttpJson.problem(status, code, detail), Map.of());
    }

    /** What the door says. */
    static Answer of(HttpDoor.Refusal refusal) {
        return of(
                refusal.status(),
                HttpJson.problem(refusal.status(), refusal.code(), refusal.reason()),
                refusal.headers());
    }

    /** With a body, and headers that belong to the status. */
    static Answer of(int status, String json, Map<String, String> more) {
        Map<String, String> headers = new HashMap<>(more);
        headers.put("Content-Type", "application/problem+json");
        headers.put("Cache-Control", "no-store");
        return Answer.of(status, headers, json);
    }

    /** The server cannot do it now. */
    static Answer unavailable(String detail) {
        String code = ErrorCode.UNAVAILABLE.word();
        return of(503, HttpJson.problem(503, code, detail), RETRY);
    }

    /** The status that goes with the protocol's word, for what is wrong with a body. */
    static int status(ErrorCode code) {
        return switch (code) {
            case BAD_JSON -> 400;
            case UNKNOWN_TYPE, MISSING_FIELD, BAD_ROOM, BAD_NAME -> 422;
            case NOT_A_MEMBER, FORBIDDEN -> 403;
            case NOT_FOUND -> 404;
            case OTHER_EPOCH -> 409;
            case CONFLICT -> 412;
            case TOO_LARGE -> 413;
            case RATE_LIMITED -> 429;
            case NOT_IMPLEMENTED -> 501;
            case TOO_MANY_ROOMS, ROOM_FULL, UNAVAILABLE -> 503;
        };
    }
}
