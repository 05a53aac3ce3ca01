package parley.standalone;

import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.Map;
import java.util.Set;
import org.glassfish.tyrus.core.TyrusWebSocketEngine;
import org.glassfish.tyrus.server.TyrusServerContainer;
import org.glassfish.tyrus.spi.WebSocketEngine;
import parley.endpoint.ChatEndpoint;
import parley.endpoint.EchoEndpoint;
import parley.endpoint.LobbyEndpoint;

/**
 * Tyrus with Parley's endpoints, without a listener of its own: {@code org.glassfish.tyrus.server.Server} binds every
 * interface, takes connections before its endpoints are there and cuts them without a close frame.
 */
final class Container extends TyrusServerContainer {
    /** What one read may bring besides the rest of a message; Tyrus refuses a read larger than its buffer. */
    private static final int LARGEST_READ = 1 << 20;

    private final String context;
    private final WebSocketEngine engine;

    Container(String context, int longestMessage) {
        super(Set.of(EchoEndpoint.class, LobbyEndpoint.class, ChatEndpoint.class));
        this.context = context;
        // Tyrus starts a timer for each session while this is 0, before the session can say that it wants none.
        setDefaultMaxSessionIdleTimeout(-1);
        this.engine = new WatchedEngine(
                TyrusWebSocketEngine.builder(this)
                        .incomingBufferSize(longestMessage + LARGEST_READ)
                        .build(),
                longestMessage);
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
        return engine;
    }
}
