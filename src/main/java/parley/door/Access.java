package parley.door;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import parley.access.BadTokenException;
import parley.access.BadTokenException.Problem;
import parley.access.Grant;
import parley.access.Tickets;
import parley.access.Tokens;
import parley.protocol.MemberName;
import parley.protocol.UserId;
import parley.session.Renewal;

/**
 * Who may enter, and with which rights: the one question of the door, whatever answers it. The modes of {@code
 * access.mode} are implementations; tickets, and the admitters of an application, are put around one of them. The modes
 * are no {@code parley.api.Admitter}: that is shown a servlet's request, which the standalone program does not have,
 * and decides about one client, where a mode also renews, says when it is ready and has tickets. Any thread.
 */
public interface Access extends Renewal {
    /** Before a token among the subprotocols: browsers cannot set headers. */
    String TOKEN_SUBPROTOCOL = "parley.token.";

    /**
     * What the client may do that makes this handshake. A ticket is as good as before.
     *
     * @param parameters the parameters of its query
     * @throws BadTokenException when it may not enter
     */
    Grant grant(Request request, Map<String, String> parameters) throws BadTokenException;

    /**
     * The client comes in, with what it was granted: a ticket is used up.
     *
     * @throws BadTokenException when another client was quicker with the same ticket
     */
    default void enter(Request request, Map<String, String> parameters) throws BadTokenException {}

    @Override
    default Grant renew(String token) throws BadTokenException {
        return NONE.renew(token);
    }

    /** Whether it can tell yet. */
    default boolean isReady() {
        return true;
    }

    /** Everybody may enter. */
    Access ANONYMOUS = (request, parameters) -> Grant.ANYONE;

    /** Whom the server has authenticated may enter, and is called as the server calls it. */
    Access PRINCIPAL = (request, parameters) -> {
        if (request.principal() == null) {
            throw new BadTokenException(Problem.MISSING, "log in first");
        }
        MemberName name = MemberName.parse(request.principal());
        UserId user = UserId.parse(request.principal());
        if (name == null || user == null) {
            throw new BadTokenException(Problem.CLAIM, "the name of the login is not " + MemberName.RULE);
        }
        return Grant.of(user, name);
    };

    /** Who brings a ticket may enter too, once with each. */
    default Access withTickets(Tickets tickets) {
        return this == ANONYMOUS ? this : new TicketAccess(this, tickets);
    }

    /**
     * Who brings a token may enter.
     *
     * @param cookie the name of the cookie that may have it; empty for none
     */
    static Access tokens(Tokens tokens, String cookie) {
        return new Access() {
            @Override
            public Grant grant(Request request, Map<String, String> parameters) throws BadTokenException {
                String token = token(request, parameters, cookie);
                if (token == null || token.isEmpty()) {
                    throw new BadTokenException(
                            Problem.MISSING,
                            "a token is needed: in the header Authorization: Bearer, as the"
                                    + " parameter token, or as a subprotocol " + TOKEN_SUBPROTOCOL + "<token>; or a"
                                    + " ticket of POST /tickets as the parameter ticket of a connection");
                }
                return tokens.check(token);
            }

            @Override
            public Grant renew(String token) throws BadTokenException {
                return tokens.check(token);
            }

            @Override
            public boolean isReady() {
                return tokens.isReady();
            }
        };
    }

    private static @Nullable String token(Request request, Map<String, String> parameters, String cookie) {
        String authorization = request.headers().value("Authorization");
        if (authorization != null && authorization.toLowerCase(Locale.ROOT).startsWith("bearer ")) {
            return authorization.substring("bearer ".length()).strip();
        }
        String subprotocols = request.headers().value("Sec-WebSocket-Protocol");
        for (String subprotocol : subprotocols == null ? new String[0] : subprotocols.split(",")) {
            if (subprotocol.strip().startsWith(TOKEN_SUBPROTOCOL)) {
                return subprotocol.strip().substring(TOKEN_SUBPROTOCOL.length());
            }
        }
        String parameter = parameters.get("token");
        return parameter == null && !cookie.isEmpty() && isOfOurPage(request) ? cookie(request, cookie) : parameter;
    }

    /**
     * Whether a cookie shows that the user wants this. A browser sends it whichever page makes the request: with an
     * Origin, which the door has looked at, or without one, and then it says itself which page that is (Fetch Metadata
     * Request Headers section 2.4). Programs that say neither can send an Authorization.
     */
    private static boolean isOfOurPage(Request request) {
        String site = request.headers().value("Sec-Fetch-Site");
        return request.headers().value("Origin") != null || "same-origin".equals(site) || "none".equals(site);
    }

    private static @Nullable String cookie(Request request, String name) {
        String cookies = request.headers().value("Cookie");
        // HTTP/2 has a line for each (RFC 9113 section 8.2.3), and lines are joined by commas here.
        for (String pair : cookies == null ? new String[0] : cookies.split("[;,]")) {
            String[] parts = pair.strip().split("=", 2);
            if (parts.length == 2 && parts[0].equals(name)) {
                return parts[1].replace("\"", "");
            }
        }
        return null;
    }
}
