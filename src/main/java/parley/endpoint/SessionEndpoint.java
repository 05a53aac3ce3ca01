package parley.endpoint;

import jakarta.websocket.CloseReason;
import jakarta.websocket.Endpoint;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.MessageHandler;
import jakarta.websocket.PongMessage;
import jakarta.websocket.Session;
import java.nio.ByteBuffer;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import parley.session.Connection;

/**
 * The endpoint of all paths. One instance a session; called by the container, messages one at a time and after the open.
 *
 * <p>A class of the API's, not one with annotations: WildFly lets a method with {@code @OnOpen} wait for a thread, reads in the
 * meantime, and drops what comes before the handlers are there.
 */
public final class SessionEndpoint extends Endpoint {
    /** The close is a matter of a millisecond, unless all closing threads are blocked. */
    private static final int FOR_THE_CLOSE_SECONDS = 1;

    private final Inbound inbound = new Inbound();

    /**
     * Null until the open, and afterwards when the client was turned away; and null again after the close, because an idle
     * thread of WildFly's keeps the last session it has opened.
     */
    private volatile @Nullable Connection connection;

    private final CountDownLatch closed = new CountDownLatch(1);

    /** The handlers come first: to be opened may mean to be closed, and then none can be added. */
    @Override
    public void onOpen(Session session, EndpointConfig config) {
        session.addMessageHandler(String.class, new MessageHandler.Partial<String>() {
            @Override
            public void onMessage(String part, boolean last) {
                inbound.text(connection, part, last);
                awaitClose(session);
            }
        });
        session.addMessageHandler(ByteBuffer.class, new MessageHandler.Partial<ByteBuffer>() {
            @Override
            public void onMessage(ByteBuffer part, boolean last) {
                inbound.binary(connection, part, last);
                awaitClose(session);
            }
        });
        session.addMessageHandler(PongMessage.class, new MessageHandler.Whole<PongMessage>() {
            @Override
            public void onMessage(PongMessage pong) {
                inbound.pong(connection);
            }
        });
        Connection opened = Handshake.open(session, config);
        connection = opened;
        if (opened != null) {
            limitFrames(session, opened.longestMessage());
        }
    }

    /**
     * Open Liberty passes on no part of a frame before it has all of it, and by default waits for one of any length. Twice what
     * is allowed, so that what is a little too long comes here, and the client is told in Parley's words.
     */
    private static void limitFrames(Session session, int longestMessage) {
        if (session.getMaxTextMessageBufferSize() <= 0) {
            session.setMaxTextMessageBufferSize(2 * longestMessage);
        }
        if (session.getMaxBinaryMessageBufferSize() <= 0) {
            session.setMaxBinaryMessageBufferSize(2 * longestMessage);
        }
    }

    /**
     * Open Liberty: keeps the thread that reads until a session that has ended is being closed. When a message comes just as
     * another thread closes, Liberty reads no more, not even that the client has gone, and keeps its connection for ever; a
     * close while the reader is in here goes well. (Three of three clients that flooded the echo stayed, and with this none of three.)
     */
    private void awaitClose(Session session) {
        Connection known = connection;
        if (known == null || !known.hasEnded() || !session.getClass().getName().startsWith("com.ibm.ws.wsoc.")) {
            return;
        }
        try {
            closed.await(FOR_THE_CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void onClose(Session session, CloseReason reason) {
        Outcome.closed(connection, reason);
        closed.countDown();
        connection = null;
    }

    @Override
    public void onError(Session session, Throwable cause) {
        if (closed.getCount() > 0) {
            Outcome.failed(connection, cause);
        }
    }
}
