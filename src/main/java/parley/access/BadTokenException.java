package parley.access;

/** A token that gives no access. The message is a sentence for the client, and holds nothing of the token. */
public final class BadTokenException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What is wrong with it, for counters. */
    public enum Problem {
        /** There is none. */
        MISSING,
        /** It has ended. */
        EXPIRED,
        /** It begins later. */
        TOO_EARLY,
        /** Another key has signed it, or none. */
        SIGNATURE,
        /** No key here is of its kind, or has the id that it names. */
        KEY,
        /** It is of another issuer or for another audience. */
        PARTY,
        /** A claim is not what it has to be. */
        CLAIM,
        /** It is no token that can be read. */
        UNREADABLE,
        /** It is a ticket, and has opened a connection before. */
        USED,
        /** It is a ticket, and as many as can be remembered are taken. */
        BUSY
    }

    private final Problem problem;

    /** Makes it, with a sentence for the client. */
    public BadTokenException(Problem problem, String sentence) {
        super(sentence);
        this.problem = problem;
    }

    /** What is wrong. */
    public Problem problem() {
        return problem;
    }
}
