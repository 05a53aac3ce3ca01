package parley.endpoint;

import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerContainer;
import jakarta.websocket.server.ServerEndpointConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;
import parley.protocol.JsonCodec;

/**
 * The endpoints of Parley in an application: which paths there are below its prefix, and how they come into the
 * container.
 *
 * <p>In {@code parley.war} the container finds the classes with annotations. The library does not have these: an
 * annotation fixes its path, which is the application's to choose, and the container would find it at {@code /chat} all
 * the same, where the application may have an endpoint of its own. There the same paths are added in code, with {@link
 * HandlerEndpoint}, or on WildFly with {@link MethodEndpoint}.
 */
public final class Endpoints {
    private static final String ECHO = "/echo";
    private static final String LOBBY = "/chat";
    private static final String ROOM = "/chat/{room}";

    private static final String UNDERTOW = "io.undertow.";

    private Endpoints() {}

    /** The endpoints as configurations, for a container that calls handlers. */
    static List<ServerEndpointConfig> all(Class<?> endpoint, String prefix) {
        List<String> json = List.of(JsonCodec.SUBPROTOCOL);
        return List.of(
                at(endpoint, prefix, ECHO, List.of()),
                at(endpoint, prefix, LOBBY, json),
                at(endpoint, prefix, ROOM, json));
    }

    private static ServerEndpointConfig at(Class<?> endpoint, String prefix, String path, List<String> subprotocols) {
        return ServerEndpointConfig.Builder.create(endpoint, prefix + path)
                .subprotocols(subprotocols)
                .configurator(new Handshake(prefix))
                .build();
    }

    /**
     * Adds the endpoints to the container of an application, unless that has found them itself.
     *
     * @param container the context's attribute {@code jakarta.websocket.server.ServerContainer}
     * @throws IllegalStateException with a sentence, when they cannot be there
     */
    public static void add(@Nullable Object container, String prefix) {
        if (areAnnotated()) {
            return;
        }
        if (!(container instanceof ServerContainer known)) {
            throw new IllegalStateException("Parley does not start in this application: the server has no WebSocket for"
                    + " it. Enable the server's feature or module for Jakarta WebSocket.");
        }
        boolean isUndertow = container.getClass().getName().startsWith(UNDERTOW);
        for (ServerEndpointConfig config : all(isUndertow ? MethodEndpoint.class : HandlerEndpoint.class, prefix)) {
            try {
                known.addEndpoint(config);
            } catch (DeploymentException | RuntimeException e) {
                throw new IllegalStateException(
                        "Parley does not start in this application: the server does not take an endpoint at "
                                + config.getPath() + ", maybe because the application has one there (" + e.getMessage()
                                + "). Set the context parameter parley.prefix to another path.",
                        e);
            }
        }
    }

    /** Whether an endpoint of the application's has the path of one of these. */
    public static boolean takes(String path, String prefix) {
        return List.of(ECHO, LOBBY, ROOM).stream()
                .anyMatch(own -> shape(prefix + own).equals(shape(path)));
    }

    /** A path without the names of its parameters. */
    private static String shape(String path) {
        return path.replaceAll("\\{[^}]*}", "{}");
    }

    private static boolean areAnnotated() {
        return Endpoints.class.getResource("EchoEndpoint.class") != null;
    }
}
