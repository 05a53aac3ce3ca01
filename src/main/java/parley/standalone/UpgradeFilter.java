package parley.standalone;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.filterchain.FilterChainContext;
import org.glassfish.grizzly.filterchain.NextAction;
import org.glassfish.grizzly.http.HttpContent;
import org.glassfish.grizzly.http.HttpRequestPacket;
import org.glassfish.tyrus.container.grizzly.server.GrizzlyServerFilter;
import org.glassfish.tyrus.spi.ServerContainer;
import parley.app.Arrival;
import parley.app.HandshakeRules;
import parley.app.Parley;
import parley.door.Request;

/**
 * Tyrus's filter, which answers a handshake and makes the session; around it, what it leaves out: a handshake that
 * Tyrus throws at is refused with a status, in place of a connection that is cut and 22 lines of log; and a connection
 * that has made its handshake leaves HTTP. Called by the selectors.
 */
final class UpgradeFilter extends GrizzlyServerFilter {
    private static final Logger LOG = System.getLogger("parley.standalone");

    private final Parley parley;
    private final String context;
    private final FrameFilter frames = new FrameFilter();
    private final UnhandledConnections unhandled;
    /** Kept: reading a setting costs a twelfth of a handshake. */
    private final int sendBuffer;

    /**
     * Makes the filter.
     *
     * @param context the path before the endpoints' own
     * @param unhandled where a connection is taken out when it has asked for its handshake
     */
    UpgradeFilter(ServerContainer container, Parley parley, String context, UnhandledConnections unhandled) {
        super(container, context);
        this.parley = parley;
        this.context = context;
        this.unhandled = unhandled;
        this.sendBuffer = parley.settings().sendBuffer();
    }

    @Override
    public NextAction handleRead(FilterChainContext ctx) {
        Arrival arrival = Arrival.current();
        if (arrival == null) {
            return ctx.getInvokeAction(); // a request for a page
        }
        HttpContent content = ctx.getMessage();
        HttpRequestPacket request = (HttpRequestPacket) content.getHttpHeader();
        unhandled.handled(ctx.getConnection()); // it has asked in time, however long the answer takes here
        try {
            super.handleRead(ctx);
        } catch (Exception e) {
            return notTaken(ctx, request, arrival, e);
        } finally {
            Arrival.forget();
        }
        if (arrival.line() instanceof ClientLine line) {
            frames.take(ctx.getConnection(), ctx.getFilterChain(), line.watch());
            LineTransport.boundSendBuffer(ctx.getConnection(), sendBuffer);
            if (content.getContent().hasRemaining()) {
                FrameFilter.pass(content.getContent(), line.watch()); // from a client that did not wait for the answer
            }
        }
        return ctx.getStopAction();
    }

    private NextAction notTaken(FilterChainContext ctx, HttpRequestPacket request, Arrival arrival, Exception thrown) {
        LOG.log(Level.DEBUG, "Tyrus does not take a handshake for " + arrival.path(), thrown);
        if (arrival.line() instanceof ClientLine line) {
            line.gone();
        }
        Connection<?> connection = ctx.getConnection();
        if (request.getResponse().isCommitted()) {
            connection.closeSilently(); // its client was answered that it is in
            return ctx.getStopAction();
        }
        unhandled.answered(connection);
        Request asked = HandshakeFilter.request(connection, request, context);
        parley.admission().refused(HandshakeRules.NOT_TAKEN, parley.admission().address(asked));
        return HandshakeFilter.refuse(ctx, request, HandshakeRules.NOT_TAKEN);
    }
}
