package parley.endpoint;

import jakarta.websocket.CloseReason;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;
import org.jspecify.annotations.Nullable;
import parley.protocol.JsonCodec;
import parley.session.Connection;

/** {@code /chat/{room}}: a room by its name. One instance a session; called by the container. */
@ServerEndpoint(value = "/chat/{room}", subprotocols = JsonCodec.SUBPROTOCOL, configurator = Handshake.class)
public final class RoomEndpoint {
    private volatile @Nullable Connection connection;

    @OnOpen
    public void opened(Session session, EndpointConfig config) {
        connection = Handshake.open(session, config);
    }

    @OnClose
    public void closed(CloseReason reason) {
        Outcome.closed(connection, reason);
    }

    @OnError
    public void failed(Throwable cause) {
        Outcome.failed(connection, cause);
    }
}
