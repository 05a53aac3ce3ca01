package parley.client;

/**
 * Why something was not done. Its message is a sentence; {@link #code} is the server's word (docs/protocol.md, section
 * "Errors"), or one of the client's own: {@code closed}, {@code left}, {@code lost}, {@code full}. Immutable.
 */
public final class ParleyException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The connection is closed for good. */
    public static final String CLOSED = "closed";
    /** The room has been left. */
    public static final String LEFT = "left";
    /** The connection was lost, and the question is not asked again. */
    public static final String LOST = "lost";
    /** Too many messages wait. */
    public static final String FULL = "full";

    static final String TOO_LARGE = "too-large";
    static final String BAD_NAME = "bad-name";
    static final String RATE_LIMITED = "rate-limited";
    static final String UNAVAILABLE = "unavailable";

    private final String code;

    ParleyException(String code, String message) {
        super(message);
        this.code = code;
    }

    /** The kind of reason, for a program. */
    public String code() {
        return code;
    }

    boolean isLost() {
        return code.equals(LOST);
    }
}
