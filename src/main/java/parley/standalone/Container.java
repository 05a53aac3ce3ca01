package parley.standalone;

import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.Map;
import java.util.Set;
import org.glassfish.tyrus.core.TyrusWebSocketEngine;
import org.glassfish.tyrus.server.TyrusServerContainer;
import org.glassfish.tyrus.spi.Connection;
import org.glassfish.tyrus.spi.ReadHandler;
import org.glassfish.tyrus.spi.UpgradeRequest;
import org.glassfish.tyrus.spi.UpgradeResponse;
import org.glassfish.tyrus.spi.WebSocketEngine;
import org.glassfish.tyrus.spi.Writer;
import parley.endpoint.ChatEndpoint;
import parley.endpoint.EchoEndpoint;
import parley.endpoint.RoomEndpoint;

/**
 * Tyrus with Parley's endpoints, without a listener of its own: {@code org.glassfish.tyrus.server.Server} binds every
 * interface, takes connections before its endpoints are there and cuts them without a close frame.
 */
final class Container extends TyrusServerContainer {
    /** What one read may bring besides the rest of a message; Tyrus refuses a read larger than its buffer. */
    private static final int LARGEST_READ = 1 << 20;

    private final String context;
    private final TyrusWebSocketEngine engine;
    private final WebSocketEngine watched;

    Container(String context, int longestMessage) {
        super(Set.of(EchoEndpoint.class, ChatEndpoint.class, RoomEndpoint.class));
        this.context = context;
        this.engine = TyrusWebSocketEngine.builder(this)
                .incomingBufferSize(longestMessage + LARGEST_READ)
                .build();
        this.watched = new WatchedEngine(engine, longestMessage);
    }

    @Override
    public void register(Class<?> endpointClass) throws DeploymentException {
        engine.register(endpointClass, context);
    }

    @Override
    public void register(ServerEndpointConfig config) throws DeploymentException {
        engine.register(config, context);
    }

    @Override
    public Map<String, Object> getProperties() {
        return Map.of();
    }

    @Override
    public WebSocketEngine getWebSocketEngine() {
        return watched;
    }

    /** The engine, with a watch over each connection's frames. */
    private record WatchedEngine(WebSocketEngine engine, int longestMessage) implements WebSocketEngine {
        @Override
        public UpgradeInfo upgrade(UpgradeRequest request, UpgradeResponse response) {
            return new WatchedUpgrade(engine.upgrade(request, response), longestMessage);
        }

        @Override
        public void register(Class<?> endpointClass, String contextPath) throws DeploymentException {
            engine.register(endpointClass, contextPath);
        }

        @Override
        public void register(ServerEndpointConfig config, String contextPath) throws DeploymentException {
            engine.register(config, contextPath);
        }
    }

    private record WatchedUpgrade(WebSocketEngine.UpgradeInfo info, int longestMessage)
            implements WebSocketEngine.UpgradeInfo {
        @Override
        public WebSocketEngine.UpgradeStatus getStatus() {
            return info.getStatus();
        }

        @Override
        public Connection createConnection(Writer writer, Connection.CloseListener closeListener) {
            FrameWatch watch = new FrameWatch(longestMessage, writer);
            Connection connection = info.createConnection(watch.writer(), closeListener);
            watch.passTo(connection);
            return new WatchedConnection(connection, watch);
        }
    }

    private record WatchedConnection(Connection connection, ReadHandler getReadHandler) implements Connection {
        @Override
        public Writer getWriter() {
            return connection.getWriter();
        }

        @Override
        public CloseListener getCloseListener() {
            return connection.getCloseListener();
        }

        @Override
        public void close(jakarta.websocket.CloseReason reason) {
            connection.close(reason);
        }
    }
}
