package parley.endpoint;

import jakarta.websocket.CloseReason;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpoint;
import java.nio.ByteBuffer;

/**
 * {@code /echo}: every message comes back. One instance a session, called by the container.
 *
 * <p>The methods stand in each endpoint, because Open Liberty does not start a WAR whose endpoint inherits them, and
 * messages come to methods, because WildFly lost what came before a handler was added in {@code @OnOpen}.
 */
@ServerEndpoint(value = "/echo", configurator = Handshake.class)
public final class EchoEndpoint {
    private final SessionEvents events = new SessionEvents();

    @OnOpen
    public void onOpen(Session session, EndpointConfig config) {
        events.open(session, config, "/echo");
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
