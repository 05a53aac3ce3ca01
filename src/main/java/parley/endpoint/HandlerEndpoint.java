package parley.endpoint;

import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import java.nio.ByteBuffer;

/**
 * All paths in one class, in place of the classes with annotations: in {@code parley.war} on Open Liberty, which {@link
 * LibertyEndpoints} explains, and as a library, which {@link Endpoints} explains. One instance a session, called by the
 * container.
 */
public final class HandlerEndpoint extends Endpoint {
    private final SessionEvents events = new SessionEvents();

    /** The handlers come first: to be opened may mean to be closed, and then none can be added. */
    @Override
    public void onOpen(Session session, EndpointConfig config) {
        session.addMessageHandler(String.class, (MessageHandler.Partial<String>) events::text);
        session.addMessageHandler(ByteBuffer.class, (MessageHandler.Partial<ByteBuffer>) events::binary);
        session.addMessageHandler(PongMessage.class, (MessageHandler.Whole<PongMessage>) pong -> events.pong());
        events.open(session, config);
    }

    @Override
    public void onClose(Session session, CloseReason reason) {
        events.closed(reason);
    }

    @Override
    public void onError(Session session, Throwable cause) {
        events.failed(cause);
    }
}
