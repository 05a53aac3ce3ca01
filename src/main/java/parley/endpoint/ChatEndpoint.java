package parley.endpoint;

import jakarta.websocket.CloseReason;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnError;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import jakarta.websocket.server.PathParam;
import jakarta.websocket.server.ServerEndpoint;
import java.nio.ByteBuffer;
import parley.protocol.JsonCodec;

/**
 * {@code /chat/{room}}: a member of a room, in plain text or in JSON. One instance a session, called by the container.
 * Why each endpoint has all methods is said in {@link EchoEndpoint}.
 */
@ServerEndpoint(value = "/chat/{room}", subprotocols = JsonCodec.SUBPROTOCOL, configurator = Handshake.class)
public final class ChatEndpoint {
    private final SessionEvents events = new SessionEvents();

    @OnOpen
    public void onOpen(Session session, EndpointConfig config, @PathParam("room") String room) {
        events.open(session, config, "/chat/" + room);
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
