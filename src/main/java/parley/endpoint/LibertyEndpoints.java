package parley.endpoint;

import jakarta.websocket.Endpoint;
import jakarta.websocket.server.ServerApplicationConfig;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.List;
import java.util.Set;
import parley.protocol.JsonCodec;

/**
 * Says to the container which endpoints there are: the classes with annotations, and on Open Liberty one without. Found
 * and called by the container.
 *
 * <p>Open Liberty reads a frame to its end before it calls {@code @OnMessage}, and where that takes parts it does so
 * for a frame of any length: one client takes the heap. For handlers that are added in the open it asks the session for
 * its limit.
 */
public final class LibertyEndpoints implements ServerApplicationConfig {
    private static final List<String> JSON = List.of(JsonCodec.SUBPROTOCOL);

    @Override
    public Set<ServerEndpointConfig> getEndpointConfigs(Set<Class<? extends Endpoint>> found) {
        return isCalledByLiberty()
                ? Set.of(at("/echo", List.of()), at("/chat", JSON), at("/chat/{room}", JSON))
                : Set.of();
    }

    @Override
    public Set<Class<?>> getAnnotatedEndpointClasses(Set<Class<?>> found) {
        return isCalledByLiberty() ? Set.of() : Set.of(EchoEndpoint.class, LobbyEndpoint.class, ChatEndpoint.class);
    }

    private static boolean isCalledByLiberty() {
        return StackWalker.getInstance()
                .walk(frames -> frames.anyMatch(frame -> frame.getClassName().startsWith(SessionEvents.LIBERTY)));
    }

    private static ServerEndpointConfig at(String path, List<String> subprotocols) {
        return ServerEndpointConfig.Builder.create(LibertyEndpoint.class, path)
                .subprotocols(subprotocols)
                .configurator(new Handshake())
                .build();
    }
}
