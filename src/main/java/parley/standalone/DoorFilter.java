package parley.standalone;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.EmptyCompletionHandler;
import org.glassfish.grizzly.WriteResult;
import org.glassfish.grizzly.filterchain.BaseFilter;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.http.HttpContent;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.HttpResponsePacket;
import org.glassfish.grizzly.http.Method;
import org.glassfish.grizzly.http.Protocol;
import org.glassfish.grizzly.memory.Buffers;
import org.glassfish.tyrus.core.RequestContext;
import org.glassfish.tyrus.core.TyrusUpgradeResponse;
import org.glassfish.tyrus.core.Utils;
import org.glassfish.tyrus.spi.UpgradeRequest;
import org.glassfish.tyrus.spi.UpgradeResponse;
import org.glassfish.tyrus.spi.WebSocketEngine;
import org.jspecify.annotations.Nullable;
import parley.app.Arrival;
import parley.app.Parley;
import parley.door.Admission;
import parley.door.Request;
import parley.protocol.CloseCode;

/**
 * The door in Grizzly's chain: handshakes that may not come in are answered with a status, for the others Tyrus makes a session, and
 * their connection leaves HTTP. Called by the selectors.
 */
final class DoorFilter extends BaseFilter {
    private static final Admission.Refusal NO_HANDSHAKE = new Admission.Refusal(
            Admission.Cause.BAD_REQUEST,
            400,
            CloseCode.PROTOCOL_ERROR,
            "a handshake is a GET of HTTP/1.1 without a body, with Host, Connection: Upgrade, Upgrade: websocket,"
                    + " Sec-WebSocket-Key and Sec-WebSocket-Version: 13");

    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9+/]{22}==");

    private final WebSocketEngine engine;
    private final Parley parley;
    private final String context;
    private final int longestMessage;
    private final UnhandledConnections unhandled;
    private final FrameFilter frames = new FrameFilter();

    /**
     * Makes the door.
     *
     * @param context the path before the endpoints' own
     * @param longestMessage the longest frame that is read, in bytes
     * @param unhandled where a connection is taken out after its handshake
     */
    DoorFilter(
            WebSocketEngine engine, Parley parley, String context, int longestMessage, UnhandledConnections unhandled) {
        this.unhandled = unhandled;
        this.engine = engine;
        this.parley = parley;
        this.context = context;
        this.longestMessage = longestMessage;
    }

    @Override
    public NextAction handleRead(FilterChainContext ctx) throws IOException {
        HttpContent content = ctx.getMessage();
        if (!(content.getHttpHeader() instanceof HttpRequestPacket request)) {
            return ctx.getInvokeAction();
        }
        if (!"websocket".equalsIgnoreCase(request.getUpgrade())) {
            // Any other upgrade is ignored (RFC 9110 section 7.8), such as the h2c that the JDK's client asks for.
            // Without
            // this Grizzly would leave the Content-Type out; it closes the connection after the answer all the same.
            request.setIgnoreContentModifiers(false);
            return ctx.getInvokeAction();
        }
        Arrival arrival = isHandshake(request) ? arrive(ctx.getConnection(), request) : null;
        if (arrival == null) {
            parley.admission().refused(NO_HANDSHAKE, null);
            refuse(ctx, request, NO_HANDSHAKE);
        } else if (arrival.verdict() instanceof Admission.Refusal refusal) {
            refuse(ctx, request, refusal);
        } else {
            open(ctx, content, request, arrival);
        }
        return ctx.getStopAction();
    }

    private void open(FilterChainContext ctx, HttpContent content, HttpRequestPacket request, Arrival arrival) {
        Connection<?> connection = ctx.getConnection();
        UpgradeResponse response = new TyrusUpgradeResponse();
        arrival.note();
        try {
            WebSocketEngine.UpgradeInfo upgrade = engine.upgrade(upgradeRequest(request), response);
            if (upgrade.getStatus() != WebSocketEngine.UpgradeStatus.SUCCESS) {
                throw new IllegalStateException("the container does not take " + request.getRequestURI());
            }
            answer(ctx, request, response);
            FrameWatch watch = new FrameWatch(longestMessage, tcp(connection));
            watch.passTo(upgrade.createConnection(watch.writer(), reason -> connection.closeSilently()));
            frames.take(connection, ctx.getFilterChain(), watch);
            unhandled.handled(connection);
            if (content.getContent().hasRemaining()) {
                FrameFilter.pass(content.getContent(), watch); // from a client that did not wait for the answer
            }
        } finally {
            Arrival.forget();
        }
    }

    /** Without the query: Tyrus makes a URI of it and fails when it finds what browsers leave as it is, such as '|'. */
    private static UpgradeRequest upgradeRequest(HttpRequestPacket request) {
        RequestContext context = RequestContext.Builder.create()
                .requestURI(URI.create(request.getRequestURI()))
                .secure(request.isSecure())
                .parameterMap(Map.of())
                .tyrusProperties(Map.of())
                .build();
        for (String name : request.getHeaders().names()) {
            for (String value : request.getHeaders().values(name)) {
                context.getHeaders()
                        .computeIfAbsent(name, first -> new ArrayList<>())
                        .addAll(Utils.parseHeaderValue(value.strip()));
            }
        }
        return context;
    }

    private static void answer(FilterChainContext ctx, HttpRequestPacket request, UpgradeResponse upgrade) {
        HttpResponsePacket response = request.getResponse();
        response.setProtocol(Protocol.HTTP_1_1);
        response.setStatus(upgrade.getStatus());
        upgrade.getHeaders().forEach((name, values) -> response.setHeader(name, String.join(", ", values)));
        ctx.write(HttpContent.builder(response).build());
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
                && KEY.matcher(key.strip()).matches()
                && request.getContentLength() <= 0
                && request.getHeader("Transfer-Encoding") == null;
    }

    private Arrival arrive(Connection<?> connection, HttpRequestPacket request) {
        return parley.arrive(request(connection, request, context), container -> {
            Connection<SocketAddress> tcp = tcp(connection);
            LineTransport.Way way =
                    request.isSecure() ? LineTransport.Way.encrypted(tcp) : LineTransport.Way.plain(tcp);
            return new LineTransport(tcp, way, container);
        });
    }

    @SuppressWarnings("unchecked") // of TCP, as all are here
    private static Connection<SocketAddress> tcp(Connection<?> connection) {
        return (Connection<SocketAddress>) connection;
    }

    /** What a request says, as Parley asks for it. */
    static Request request(Connection<?> connection, HttpRequestPacket request, String context) {
        String uri = request.getRequestURI();
        return new Request(
                uri.startsWith(context + "/") ? uri.substring(context.length()) : "",
                request.getQueryString(),
                name -> header(request, name),
                connection.getPeerAddress() instanceof InetSocketAddress peer ? peer : null,
                null);
    }

    private static @Nullable String header(HttpRequestPacket request, String name) {
        List<String> values = new ArrayList<>();
        request.getHeaders().values(name).forEach(values::add);
        return values.isEmpty() ? null : String.join(",", values);
    }

    /** Answers and closes: for Grizzly a request with an upgrade never ends, and what came next would belong to it. */
    private void refuse(FilterChainContext ctx, HttpRequestPacket request, Admission.Refusal refusal) {
        Buffer body = Buffers.wrap(null, refusal.reason() + "\n", StandardCharsets.UTF_8);
        request.setIgnoreContentModifiers(false); // as above
        HttpResponsePacket response = request.getResponse();
        response.setProtocol(Protocol.HTTP_1_1);
        response.setStatus(refusal.status());
        response.setHeader("Connection", "close");
        response.setHeader("Content-Type", "text/plain; charset=utf-8");
        response.setContentLength(body.remaining());
        refusal.headers().forEach(response::setHeader);
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
}
