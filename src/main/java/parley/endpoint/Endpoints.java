package parley.endpoint;

import jakarta.websocket.Endpoint;
import jakarta.websocket.server.ServerApplicationConfig;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.List;
import java.util.Set;
import parley.protocol.JsonCodec;

/** Which paths there are: found by the container, where it looks for endpoints. */
public final class Endpoints implements ServerApplicationConfig {
    private static final List<String> JSON = List.of(JsonCodec.SUBPROTOCOL);

    @Override
    public Set<ServerEndpointConfig> getEndpointConfigs(Set<Class<? extends Endpoint>> found) {
        return Set.of(at("/echo", List.of()), at("/chat", JSON), at("/chat/{room}", JSON));
    }

    @Override
    public Set<Class<?>> getAnnotatedEndpointClasses(Set<Class<?>> found) {
        return Set.of();
    }

    private static ServerEndpointConfig at(String path, List<String> subprotocols) {
        return ServerEndpointConfig.Builder.create(SessionEndpoint.class, path)
                .subprotocols(subprotocols)
                .configurator(new Handshake())
                .build();
    }
}
