package parley.door;

import parley.access.BadTokenException;
import parley.protocol.CloseCode;

/** Why a handshake is refused, for counters. */
public enum Cause {
    /** The server stops. */
    CLOSED(503, CloseCode.GOING_AWAY),
    /** The server does not know yet whom to let in. */
    STARTING(503, CloseCode.TRY_AGAIN_LATER),
    /** As many connections as there may be. */
    FULL(503, CloseCode.TRY_AGAIN_LATER),
    /** More handshakes a second than there may be. */
    RATE(503, CloseCode.TRY_AGAIN_LATER),
    /** As many connections as there may be from one address. */
    ADDRESS_FULL(429, CloseCode.TRY_AGAIN_LATER),
    /** More handshakes a second than there may be from one address. */
    ADDRESS_RATE(429, CloseCode.TRY_AGAIN_LATER),
    /** A page of another host. */
    ORIGIN(403, CloseCode.POLICY_VIOLATION),
    /** No token, or nobody has logged in. */
    TOKEN_MISSING(401, CloseCode.POLICY_VIOLATION),
    /** A token that has ended. */
    TOKEN_EXPIRED(401, CloseCode.POLICY_VIOLATION),
    /** A token that begins later. */
    TOKEN_TOO_EARLY(401, CloseCode.POLICY_VIOLATION),
    /** A token that another key has signed. */
    TOKEN_SIGNATURE(401, CloseCode.POLICY_VIOLATION),
    /** A token for which there is no key. */
    TOKEN_KEY(401, CloseCode.POLICY_VIOLATION),
    /** A token of another issuer or for another audience. */
    TOKEN_PARTY(401, CloseCode.POLICY_VIOLATION),
    /** A token with a claim that is not what it has to be, or a login whose name cannot be. */
    TOKEN_CLAIM(401, CloseCode.POLICY_VIOLATION),
    /** A token that cannot be read. */
    TOKEN_UNREADABLE(401, CloseCode.POLICY_VIOLATION),
    /** A ticket that has opened a connection before. */
    TICKET_USED(401, CloseCode.POLICY_VIOLATION),
    /** The application that Parley is in says no. */
    APPLICATION_REFUSES(403, CloseCode.POLICY_VIOLATION),
    /** The application that Parley is in fails to say whether. */
    APPLICATION_FAILS(503, CloseCode.TRY_AGAIN_LATER),
    /** A room that the token does not open. */
    FORBIDDEN(403, CloseCode.POLICY_VIOLATION),
    /** There is nothing at that path. */
    NOT_FOUND(404, CloseCode.POLICY_VIOLATION),
    /** A request that the server fails at. */
    UNREADABLE(400, CloseCode.POLICY_VIOLATION),
    /** A name, a room or a parameter that cannot be; or no handshake at all. */
    BAD_REQUEST(400, CloseCode.POLICY_VIOLATION);

    private final int status;
    private final CloseCode code;

    Cause(int status, CloseCode code) {
        this.status = status;
        this.code = code;
    }

    /** The status of HTTP that goes with it. */
    int status() {
        return status;
    }

    /** The close code that goes with it. */
    CloseCode code() {
        return code;
    }

    static Cause of(BadTokenException.Problem problem) {
        return switch (problem) {
            case MISSING -> TOKEN_MISSING;
            case EXPIRED -> TOKEN_EXPIRED;
            case TOO_EARLY -> TOKEN_TOO_EARLY;
            case SIGNATURE -> TOKEN_SIGNATURE;
            case KEY -> TOKEN_KEY;
            case PARTY -> TOKEN_PARTY;
            case CLAIM -> TOKEN_CLAIM;
            case UNREADABLE -> TOKEN_UNREADABLE;
            case USED -> TICKET_USED;
            case BUSY -> RATE;
            case REFUSED -> APPLICATION_REFUSES;
            case FAILED -> APPLICATION_FAILS;
        };
    }
}
