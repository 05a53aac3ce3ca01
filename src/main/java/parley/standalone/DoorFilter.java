package parley.standalone;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.Grizzly;
import org.glassfish.grizzly.attributes.Attribute;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.http.HttpContent;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.grizzly.http.HttpResponsePacket;
import org.glassfish.grizzly.http.Protocol;
import org.glassfish.grizzly.memory.Buffers;
import org.glassfish.tyrus.container.grizzly.server.GrizzlyServerFilter;
import org.glassfish.tyrus.spi.ServerContainer;
import org.jspecify.annotations.Nullable;
import parley.app.Arrival;
import parley.app.Parley;
import parley.session.Admission;
import parley.session.Request;

/**
 * Tyrus' filter in Grizzly's chain, with a door before it: handshakes that may not come in are answered with a status, the
 * others get their connection noted, so that it can be cut. Called by the selectors.
 */
final class DoorFilter extends GrizzlyServerFilter {
    private final Attribute<Boolean> upgraded =
            Grizzly.DEFAULT_ATTRIBUTE_BUILDER.createAttribute(DoorFilter.class.getName() + ".upgraded");

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
        if (upgraded.isSet(connection)
                || !(content.getHttpHeader() instanceof HttpRequestPacket request)
                || !"websocket".equalsIgnoreCase(request.getUpgrade())
                || !request.getRequestURI().startsWith(context + "/")) {
            return super.handleRead(ctx);
        }
        String address = address(connection);
        Admission.Verdict verdict = parley.judge(new Request(
                request.getRequestURI().substring(context.length()),
                request.getQueryString(),
                request.getHeader("Origin"),
                request.getHeader("Host")));
        if (verdict instanceof Admission.Refusal refusal) {
            refuse(ctx, request, refusal);
            return ctx.getStopAction();
        }
        upgraded.set(connection, true);
        new Arrival(address, verdict, new Line(connection)).note();
        try {
            return super.handleRead(ctx);
        } finally {
            Arrival.forget();
        }
    }

    private static void refuse(FilterChainContext ctx, HttpRequestPacket request, Admission.Refusal refusal) {
        Buffer body = Buffers.wrap(null, refusal.reason() + "\n", StandardCharsets.UTF_8);
        HttpResponsePacket response = request.getResponse();
        response.setProtocol(Protocol.HTTP_1_1);
        response.setStatus(refusal.status());
        response.setHeader("Content-Type", "text/plain; charset=utf-8");
        response.setContentLength(body.remaining());
        if (refusal.status() == 503) {
            response.setHeader("Retry-After", Admission.RETRY_AFTER_SECONDS);
        }
        ctx.write(HttpContent.builder(response).content(body).last(true).build());
    }

    private static @Nullable String address(Connection<?> connection) {
        return connection.getPeerAddress() instanceof InetSocketAddress peer
                ? peer.getAddress().getHostAddress() + ":" + peer.getPort()
                : null;
    }
}
