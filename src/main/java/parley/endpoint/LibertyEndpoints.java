package parley.endpoint;

import jakarta.websocket.Endpoint;
import jakarta.websocket.server.ServerApplicationConfig;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.Set;

/**
 * Says to the container which endpoints {@code parley.war} has: the classes with annotations, and on Open Liberty one
 * without. Found and called by the container. Not in the library: an application's own endpoints would be left out.
 *
 * <p>Open Liberty reads a frame to its end before it calls {@code @OnMessage}, and where that takes parts it does so
 * for a frame of any length: one client takes the heap. For handlers that are added in the open it asks the session for
 * its limit.
 */
public final class LibertyEndpoints implements ServerApplicationConfig {
    @Override
    public Set<ServerEndpointConfig> getEndpointConfigs(Set<Class<? extends Endpoint>> found) {
        return isCalledByLiberty() ? Set.copyOf(Endpoints.all(HandlerEndpoint.class, "")) : Set.of();
    }

    @Override
    public Set<Class<?>> getAnnotatedEndpointClasses(Set<Class<?>> found) {
        return isCalledByLiberty() ? Set.of() : Set.of(EchoEndpoint.class, LobbyEndpoint.class, ChatEndpoint.class);
    }

    private static boolean isCalledByLiberty() {
        return StackWalker.getInstance()
                .walk(frames -> frames.anyMatch(frame -> frame.getClassName().startsWith(SessionEvents.LIBERTY)));
    }
}
