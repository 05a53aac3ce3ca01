package parley.endpoint;

import jakarta.websocket.CloseReason;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;
import parley.session.Connection;

/**
 * What all endpoints do. One instance a session; called by the container, messages one at a time and after the open.
 *
 * <p>Messages come to methods with annotations, not to handlers added at the open: WildFly begins to read while {@code
 * @OnOpen} waits for a thread, and drops what comes before a handler is there.
 */
public abstract class SessionEndpoint {
    private final Inbound inbound = new Inbound();

    /**
     * Null until the open, and afterwards when the client was turned away; and null again after the close, because an idle
     * thread of WildFly's keeps the last session it has opened.
     */
    private volatile @Nullable Connection connection;

    private volatile boolean isClosed;

    SessionEndpoint() {}

    @OnOpen
    public void opened(Session session, EndpointConfig config) {
        connection = Handshake.open(session, config);
    }

    @OnMessage
    public void text(String part, boolean last) {
        inbound.text(connection, part, last);
    }

    @OnMessage
    public void binary(ByteBuffer part, boolean last) {
        inbound.binary(connection, part, last);
    }

    @OnMessage
    public void pong(PongMessage pong) {
        inbound.pong(connection);
    }

    @OnClose
    public void closed(CloseReason reason) {
        Outcome.closed(connection, reason);
        isClosed = true;
        connection = null;
    }

    @OnError
    public void failed(Throwable cause) {
        if (!isClosed) {
            Outcome.failed(connection, cause);
        }
    }
}
