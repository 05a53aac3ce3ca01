package parley.standalone;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.EmptyCompletionHandler;
import org.glassfish.grizzly.Grizzly;
import org.glassfish.grizzly.WriteResult;
import org.glassfish.grizzly.attributes.Attribute;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.http.HttpContent;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.HttpResponsePacket;
import org.glassfish.grizzly.http.Method;
import org.glassfish.grizzly.http.Protocol;
import org.glassfish.grizzly.memory.Buffers;
import org.glassfish.tyrus.container.grizzly.server.GrizzlyServerFilter;
import org.glassfish.tyrus.spi.ServerContainer;
import org.jspecify.annotations.Nullable;
import parley.app.Arrival;
import parley.app.Parley;
import parley.protocol.CloseCode;
import parley.session.Admission;
import parley.session.Request;

/**
 * Tyrus' filter in Grizzly's chain, with a door before it: handshakes that may not come in are answered with a status, the
 * others get their connection noted, so that it can be cut. Called by the selectors.
 */
final class DoorFilter extends GrizzlyServerFilter {
    private final Attribute<Boolean> upgraded =
            Grizzly.DEFAULT_ATTRIBUTE_BUILDER.createAttribute(DoorFilter.class.getName() + ".upgraded");

    private static final Admission.Refusal NO_HANDSHAKE = new Admission.Refusal(
            400,
            CloseCode.PROTOCOL_ERROR,
            "a handshake is a GET of HTTP/1.1 without a body, with Host, Connection: Upgrade, Upgrade: websocket,"
                    + " Sec-WebSocket-Key and Sec-WebSocket-Version: 13");

    private final Parley parley;
    private final String context;

    DoorFilter(ServerContainer container, Parley parley, String context) {
        super(container, context);
        this.parley = parley;
        this.context = context;
    }

    /** A client's TCP connection. */
    private record Line(Connection<?> connection) implements Arrival.Line {
        @Override
        public void cut() {
            connection.terminateSilently();
        }

        @Override
        public boolean isOpen() {
            return connection.isOpen();
        }
    }

    @Override
    public NextAction handleRead(FilterChainContext ctx) throws IOException {
        HttpContent content = ctx.getMessage();
        Connection<?> connection = ctx.getConnection();
        if (upgraded.isSet(connection) || !(content.getHttpHeader() instanceof HttpRequestPacket request)) {
            return super.handleRead(ctx);
        }
        if (!"websocket".equalsIgnoreCase(request.getUpgrade())) {
            // Any other upgrade is ignored (RFC 9110 section 7.8), such as the h2c that the JDK's client asks for.
            // Without this
            // Grizzly would leave the Content-Type out; it closes the connection after the answer all the same.
            request.setIgnoreContentModifiers(false);
            return super.handleRead(ctx);
        }
        Admission.Verdict verdict = isHandshake(request) ? judge(request) : NO_HANDSHAKE;
        if (verdict instanceof Admission.Refusal refusal) {
            refuse(ctx, request, refusal);
            return ctx.getStopAction();
        }
        upgraded.set(connection, true);
        // Tyrus makes a URI of it and cuts the connection when it finds what browsers leave as it is, such as '|'.
        request.setQueryString(null);
        new Arrival(address(connection), verdict, new Line(connection)).note();
        try {
            return super.handleRead(ctx);
        } finally {
            Arrival.forget();
        }
    }

    /** Whether it is what RFC 6455 section 4.2.1 asks for. Tyrus asks for less, and leaves what it refuses open and mute. */
    private static boolean isHandshake(HttpRequestPacket request) {
        String connection = request.getHeader("Connection");
        String key = request.getHeader("Sec-WebSocket-Key");
        return request.getMethod() == Method.GET
                && request.getProtocol() == Protocol.HTTP_1_1
                && request.getHeader("Host") != null
                && connection != null
                && connection.toLowerCase(Locale.ROOT).contains("upgrade")
                && "13".equals(request.getHeader("Sec-WebSocket-Version"))
                && key != null
                && key.strip().matches("[A-Za-z0-9+/]{22}==")
                && request.getContentLength() <= 0
                && request.getHeader("Transfer-Encoding") == null;
    }

    private Admission.Verdict judge(HttpRequestPacket request) {
        String uri = request.getRequestURI();
        return parley.judge(new Request(
                uri.startsWith(context + "/") ? uri.substring(context.length()) : "",
                request.getQueryString(),
                request.getHeader("Origin"),
                request.getHeader("Host")));
    }

    /** Answers and closes: for Grizzly a request with an upgrade never ends, and what came next would belong to it. */
    private static void refuse(FilterChainContext ctx, HttpRequestPacket request, Admission.Refusal refusal) {
        Buffer body = Buffers.wrap(null, refusal.reason() + "\n", StandardCharsets.UTF_8);
        HttpResponsePacket response = request.getResponse();
        response.setProtocol(Protocol.HTTP_1_1);
        response.setStatus(refusal.status());
        response.setHeader("Connection", "close");
        response.setHeader("Content-Type", "text/plain; charset=utf-8");
        response.setContentLength(body.remaining());
        if (refusal.status() == 503) {
            response.setHeader("Retry-After", Admission.RETRY_AFTER_SECONDS);
        }
        if (refusal == NO_HANDSHAKE) {
            response.setHeader("Sec-WebSocket-Version", "13"); // RFC 6455 section 4.2.2
        }
        Connection<?> connection = ctx.getConnection();
        ctx.write(HttpContent.builder(response).content(body).last(true).build(), new EmptyCompletionHandler<>() {
            @Override
            public void completed(WriteResult result) {
                connection.closeSilently();
            }

            @Override
            public void failed(Throwable cause) {
                connection.closeSilently();
            }
        });
    }

    private static @Nullable String address(Connection<?> connection) {
        return connection.getPeerAddress() instanceof InetSocketAddress peer
                ? peer.getAddress().getHostAddress() + ":" + peer.getPort()
                : null;
    }
}
