package parley.standalone;

import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
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
import org.glassfish.grizzly.http.Protocol;
import org.glassfish.grizzly.memory.Buffers;
import org.jspecify.annotations.Nullable;
import parley.app.Arrival;
import parley.app.HandshakeRules;
import parley.app.Parley;
import parley.door.Admission;
import parley.door.Request;

/**
 * The door in Grizzly's chain, before Tyrus's filter: handshakes that may not come in are answered with a status. The
 * others go on as Tyrus reads them, with what was decided noted on the thread. Called by the selectors.
 */
final class HandshakeFilter extends BaseFilter {
    private final Parley parley;
    private final String context;
    private final Compression compression;

    /**
     * Makes the door.
     *
     * @param context the path before the endpoints' own
     */
    HandshakeFilter(Parley parley, String context, Compression compression) {
        this.parley = parley;
        this.context = context;
        this.compression = compression;
    }

    @Override
    public NextAction handleRead(FilterChainContext ctx) {
        HttpContent content = ctx.getMessage();
        if (!(content.getHttpHeader() instanceof HttpRequestPacket request) || !request.isUpgrade()) {
            return ctx.getInvokeAction();
        }
        HandshakeRules.Lines headers = name -> lines(request, name);
        boolean hasBody = request.getContentLength() > 0 || request.getHeader("Transfer-Encoding") != null;
        Optional<Admission.Refusal> fault = HandshakeRules.fault(
                request.getMethod().toString(), request.getProtocol().getProtocolString(), hasBody, headers);
        Connection<?> connection = ctx.getConnection();
        Request asked = request(connection, request, context);
        if (fault.isPresent()) {
            parley.admission().refused(fault.get(), parley.admission().address(asked));
            return refuse(ctx, request, fault.get());
        }
        ClientLine line = new ClientLine(
                tcp(connection),
                request.isSecure(),
                () -> compression.agree(lines(request, "Sec-WebSocket-Extensions")));
        Arrival arrival = parley.arrive(asked, line);
        if (arrival.verdict() instanceof Admission.Refusal refusal) {
            return refuse(ctx, request, refusal);
        }
        HandshakeRules.forContainer(headers).forEach(request::setHeader);
        // Tyrus makes a URI of it and fails when it finds what browsers leave as it is, such as '|'.
        request.getQueryStringDC().recycle();
        arrival.note(); // and Tyrus's filter, the next, forgets it
        return ctx.getInvokeAction();
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
        List<String> values = lines(request, name);
        return values.isEmpty() ? null : String.join(",", values);
    }

    private static List<String> lines(HttpRequestPacket request, String name) {
        List<String> values = new ArrayList<>();
        request.getHeaders().values(name).forEach(values::add);
        return values;
    }

    /** Answers and closes: for Grizzly a request with an upgrade never ends, and what came next would belong to it. */
    static NextAction refuse(FilterChainContext ctx, HttpRequestPacket request, Admission.Refusal refusal) {
        Buffer body = Buffers.wrap(null, refusal.reason() + "\n", StandardCharsets.UTF_8);
        request.setIgnoreContentModifiers(false); // as above
        HttpResponsePacket response = request.getResponse();
        response.setProtocol(Protocol.HTTP_1_1);
        response.setStatus(Statuses.of(refusal.status()));
        response.setHeader("Connection", "close");
        response.setHeader("Content-Type", "text/plain; charset=utf-8");
        response.setContentLength(body.remaining());
        refusal.headers().forEach(response::setHeader);
        HandshakeRules.headers(refusal).forEach(response::setHeader);
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
        return ctx.getStopAction();
    }
}
