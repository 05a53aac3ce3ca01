package parley.session;

import parley.access.BadTokenException;
import parley.access.Grant;

/** Checks the token that a connected client shows in place of the one it came in with. Any thread. */
@FunctionalInterface
public interface Renewal {
    /** Where there are no tokens. */
    Renewal NONE = token -> {
        throw new BadTokenException(BadTokenException.Problem.KEY, "this server takes no tokens");
    };

    /**
     * What a client may do from now on that shows another token.
     *
     * @throws BadTokenException when that changes nothing
     */
    Grant renew(String token) throws BadTokenException;
}
