package parley.standalone;

import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.List;
import org.glassfish.tyrus.spi.Connection;
import org.glassfish.tyrus.spi.UpgradeRequest;
import org.glassfish.tyrus.spi.UpgradeResponse;
import org.glassfish.tyrus.spi.WebSocketEngine;
import org.glassfish.tyrus.spi.Writer;
import parley.app.Arrival;

/**
 * Tyrus's engine, with a {@link FrameWatch} around each connection that it makes: the container asks the engine for
 * connections, so this is where they can be had without leaving a part of the container out. Called by the selectors.
 */
final class WatchedEngine implements WebSocketEngine {
    private static final String EXTENSIONS = "Sec-WebSocket-Extensions";

    private final WebSocketEngine engine;
    private final int longestMessage;

    /**
     * Makes it.
     *
     * @param longestMessage the longest frame that is read, in bytes
     */
    WatchedEngine(WebSocketEngine engine, int longestMessage) {
        this.engine = engine;
        this.longestMessage = longestMessage;
    }

    /** {@inheritDoc} Throws when it is no success: Tyrus's filter would leave the connection open and mute. */
    @Override
    public UpgradeInfo upgrade(UpgradeRequest request, UpgradeResponse response) {
        UpgradeInfo upgrade = engine.upgrade(request, response);
        if (upgrade.getStatus() != UpgradeStatus.SUCCESS) {
            throw new IllegalStateException(
                    "the engine says " + upgrade.getStatus() + ", status " + response.getStatus());
        }
        Arrival arriving = Arrival.current();
        if (arriving != null && arriving.line() instanceof ClientLine line) {
            line.agree().ifPresent(terms -> response.getHeaders().put(EXTENSIONS, List.of(terms)));
        }
        return new UpgradeInfo() {
            @Override
            public UpgradeStatus getStatus() {
                return UpgradeStatus.SUCCESS;
            }

            /** Without the container's writer: {@link FrameWatch} says why. */
            @Override
            public Connection createConnection(Writer writer, Connection.CloseListener closeListener) {
                Arrival arrival = Arrival.current();
                if (arrival == null || !(arrival.line() instanceof ClientLine line)) {
                    throw new IllegalStateException("a handshake came here and not by the door");
                }
                FrameWatch watch = new FrameWatch(longestMessage, line);
                line.watchedBy(watch);
                watch.passTo(upgrade.createConnection(watch.getWriter(), closeListener));
                return watch;
            }
        };
    }

    @Override
    public void register(Class<?> endpointClass, String contextPath) throws DeploymentException {
        engine.register(endpointClass, contextPath);
    }

    @Override
    public void register(ServerEndpointConfig serverConfig, String contextPath) throws DeploymentException {
        engine.register(serverConfig, contextPath);
    }
}
