package parley.standalone;

import java.util.ArrayList;
import java.util.List;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.http.HttpHeader;
import org.glassfish.grizzly.http.HttpServerFilter;
import org.glassfish.grizzly.http.server.NetworkListener;
import parley.app.HandshakeRules;

/**
 * Reads requests as Grizzly does, but passes over an {@code Upgrade} to anything other than WebSocket, as a server may
 * (RFC 9110 section 7.8). Grizzly takes what follows any such head for another protocol, so that a body never ended:
 * Java's own client asks for HTTP/2 so with its first request. Called by the selectors.
 */
final class RequestCodec extends HttpServerFilter {
    /** The rest of a body that was not asked for, which is skipped so that the client reads the answer. */
    private static final long MOST_SKIPPED = 1 << 20;

    RequestCodec(NetworkListener listener) {
        super(
                listener.isChunkingEnabled(),
                listener.getMaxHttpHeaderSize(),
                null,
                listener.getKeepAlive(),
                null,
                listener.getMaxRequestHeaders(),
                listener.getMaxResponseHeaders());
        setMaxPayloadRemainderToSkip(MOST_SKIPPED);
    }

    @Override
    protected void onIncomingUpgrade(FilterChainContext ctx, HttpHeader head) {
        if (HandshakeRules.wantsWebSocket(name -> lines(head, name))) {
            super.onIncomingUpgrade(ctx, head);
        } else {
            head.getUpgradeDC().recycle();
        }
    }

    private static List<String> lines(HttpHeader head, String name) {
        List<String> values = new ArrayList<>();
        head.getHeaders().values(name).forEach(values::add);
        return values;
    }
}
