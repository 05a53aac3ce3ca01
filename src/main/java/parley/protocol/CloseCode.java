package parley.protocol;

/**
 * The close codes that Parley sends (RFC 6455 section 7.4.1 and the registry it set up).
 *
 * <p>The table in {@code docs/protocol.md} says when each is sent and whether a client should come back.
 */
public enum CloseCode {
    NORMAL(1000),
    GOING_AWAY(1001),
    PROTOCOL_ERROR(1002),
    UNSUPPORTED_DATA(1003),
    POLICY_VIOLATION(1008),
    MESSAGE_TOO_BIG(1009),
    INTERNAL_ERROR(1011),
    TRY_AGAIN_LATER(1013);

    private final int number;

    CloseCode(int number) {
        this.number = number;
    }

    /** The number that goes into the close frame. */
    public int number() {
        return number;
    }
}
