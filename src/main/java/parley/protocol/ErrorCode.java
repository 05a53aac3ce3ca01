package parley.protocol;

import java.util.Locale;

/**
 * Why a command was not carried out, in a word that a program can read. {@code docs/protocol.md} lists what each means.
 */
public enum ErrorCode {
    BAD_JSON,
    UNKNOWN_TYPE,
    MISSING_FIELD,
    BAD_ROOM,
    BAD_NAME,
    NOT_A_MEMBER,
    OTHER_EPOCH,
    FORBIDDEN,
    NOT_FOUND,
    CONFLICT,
    TOO_LARGE,
    RATE_LIMITED,
    TOO_MANY_ROOMS,
    ROOM_FULL,
    UNAVAILABLE,
    NOT_IMPLEMENTED;

    /** The word on the wire. */
    public String word() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
