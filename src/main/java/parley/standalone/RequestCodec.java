package parley.standalone;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.http.HttpContent;
import org.glassfish.grizzly.http.HttpHeader;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.HttpResponsePacket;
import org.glassfish.grizzly.http.HttpServerFilter;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.glassfish.grizzly.http.util.Header;
import org.glassfish.grizzly.http.util.HttpStatus;
import org.glassfish.grizzly.http.util.MimeHeaders;
import org.glassfish.grizzly.memory.Buffers;
import parley.app.HandshakeRules;

/**
 * Reads requests as Grizzly does, but passes over an {@code Upgrade} to anything other than WebSocket, as a server may
 * (RFC 9110 section 7.8). Grizzly takes what follows any such head for another protocol, so that a body never ended:
 * Java's own client asks for HTTP/2 so with its first request. A request with two lengths is refused, and its connection
 * closed: where it ends is not known, and what follows may be another client's in a proxy's eyes (RFC 9112 sections 6.1
 * and 6.3). Called by the selectors.
 */
final class RequestCodec extends HttpServerFilter {
    /** The rest of a body that was not asked for, which is skipped so that the client reads the answer. */
    private static final long MOST_SKIPPED = 1 << 20;

    /** Marks a request with a Content-Length: Grizzly drops that at a Transfer-Encoding. */
    private static final String HAS_LENGTH = "parley.has-length";

    /** Marks a request with two lengths. */
    private static final String HAS_TWO_LENGTHS = "parley.two-lengths";

    private static final String TWO_LENGTHS =
            "a request has Content-Length or Transfer-Encoding, and not both (RFC 9112 section 6.3)\n";

    private final String unreadable;

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
        unreadable = "the request cannot be read; send HTTP/1.1 (RFC 9112) with exactly one Host, well-formed"
                + " headers, and an address and headers of together at most " + listener.getMaxHttpHeaderSize()
                + " bytes\n";
    }

    @Override
    protected void onIncomingUpgrade(FilterChainContext ctx, HttpHeader head) {
        if (HandshakeRules.wantsWebSocket(name -> lines(head, name))) {
            super.onIncomingUpgrade(ctx, head);
        } else {
            head.getUpgradeDC().recycle();
        }
    }

    @Override
    protected boolean parseHeaderFromBytes(
            HttpHeader head, MimeHeaders headers, HeaderParsingState state, byte[] input, int end) {
        boolean isWhole = super.parseHeaderFromBytes(head, headers, state, input, end);
        noteLength(head, headers);
        return isWhole;
    }

    @Override
    protected boolean parseHeaderFromBuffer(
            HttpHeader head, MimeHeaders headers, HeaderParsingState state, Buffer input) {
        boolean isWhole = super.parseHeaderFromBuffer(head, headers, state, input);
        noteLength(head, headers);
        return isWhole;
    }

    private static void noteLength(HttpHeader head, MimeHeaders headers) {
        if (headers.contains(Header.ContentLength)) {
            ((HttpRequestPacket) head).setAttribute(HAS_LENGTH, true);
        }
    }

    @Override
    protected boolean onHttpHeaderParsed(HttpHeader head, Buffer rest, FilterChainContext ctx) {
        HttpRequestPacket request = (HttpRequestPacket) head;
        boolean hasLength = request.getAttribute(HAS_LENGTH) != null;
        boolean isRefused = super.onHttpHeaderParsed(head, rest, ctx);
        if (hasLength && !lines(head, "Transfer-Encoding").isEmpty()) {
            request.setAttribute(HAS_TWO_LENGTHS, true);
            throw new IllegalStateException(TWO_LENGTHS); // Grizzly answers 400 then, and closes
        }
        return isRefused;
    }

    @Override
    protected HttpContent customizeErrorResponse(HttpResponsePacket response) {
        if (!HttpStatus.BAD_REQUEST_400.statusMatches(response.getStatus())) {
            return super.customizeErrorResponse(response);
        }
        boolean hasTwoLengths = response.getRequest().getAttribute(HAS_TWO_LENGTHS) != null;
        Buffer body = Buffers.wrap(null, hasTwoLengths ? TWO_LENGTHS : unreadable, StandardCharsets.UTF_8);
        response.setHeader("Content-Type", "text/plain; charset=utf-8");
        response.setContentLength(body.remaining());
        return HttpContent.builder(response).content(body).last(true).build();
    }

    private static List<String> lines(HttpHeader head, String name) {
        List<String> values = new ArrayList<>();
        head.getHeaders().values(name).forEach(values::add);
        return values;
    }
}
