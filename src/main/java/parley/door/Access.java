package parley.door;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import parley.access.BadTokenException;
import parley.access.BadTokenException.Problem;
import parley.access.Grant;
import parley.access.Tokens;
import parley.protocol.MemberName;
import parley.session.Renewal;

/** Who may enter, and with which rights. Any thread. */
public interface Access extends Renewal {
    /** Before a token among the subprotocols: browsers cannot set headers. */
    String TOKEN_SUBPROTOCOL = "parley.token.";

    /**
     * What the client may do that makes this handshake.
     *
     * @param parameters the parameters of its query
     * @throws BadTokenException when it may not enter
     */
    Grant grant(Request request, Map<String, String> parameters) throws BadTokenException;

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
        if (name == null) {
            throw new BadTokenException(Problem.CLAIM, "the name of the login is not " + MemberName.RULE);
        }
        return Grant.of(name);
    };

    /** Who brings a token may enter. */
    static Access tokens(Tokens tokens) {
        return new Access() {
            @Override
            public Grant grant(Request request, Map<String, String> parameters) throws BadTokenException {
                String token = token(request, parameters);
                if (token == null || token.isEmpty()) {
                    throw new BadTokenException(
                            Problem.MISSING,
                            "a token is needed: in the header Authorization: Bearer, as the"
                                    + " parameter token, or as a subprotocol " + TOKEN_SUBPROTOCOL + "<token>");
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

    private static @Nullable String token(Request request, Map<String, String> parameters) {
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
        return parameters.get("token");
    }
}
