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

/**
 * All paths in one class, as a library on WildFly: it loses what comes before a handler was added in the open, and no
 * message that a method is there for. Other servers take no such class without an annotation that fixes its path. One
 * instance a session, called by the container.
 */
public final class MethodEndpoint {
    private final SessionEvents events = new SessionEvents();

    @OnOpen
    public void onOpen(Session session, EndpointConfig config) {
        events.open(session, config);
    }

    @OnMessage
    public void onText(String part, boolean last) {
        events.text(part, last);
    }

    @OnMessage
    public void onBinary(ByteBuffer part, boolean last) {
        events.binary(part, last);
    }

    @OnMessage
    public void onPong(PongMessage pong) {
        events.pong();
    }

    @OnClose
    public void onClose(CloseReason reason) {
        events.closed(reason);
    }

    @OnError
    public void onError(Throwable cause) {
        events.failed(cause);
    }
}
