package parley.endpoint;

import jakarta.websocket.CloseReason;
import jakarta.websocket.EndpointConfig;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpointConfig;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import parley.session.Connection;
import parley.session.Ending;

/**
 * What the container tells an endpoint about one session, and what follows from it: the same for every path. Each
 * endpoint instance has one, and there is one instance a session. Called by the container, messages one at a time and
 * after the open.
 *
 * <p>No method throws: what an endpoint throws in {@code @OnMessage} closes the session on Tomcat 10.1 and Jetty, and
 * in {@code @OnOpen} it is sent to the client on two servers and ignored on four.
 */
final class SessionEvents {
    private static final Logger LOG = System.getLogger("parley.endpoint");

    /** The close is a matter of a millisecond, unless all closing threads are blocked. */
    private static final int FOR_THE_CLOSE_SECONDS = 1;

    /** What the names of Open Liberty's classes for WebSocket begin with. */
    static final String LIBERTY = "com.ibm.ws.wsoc.";

    /** The codes that both sides use to say that the other one is at fault, or that they are themselves. */
    private static final Set<Integer> FAULTS = Set.of(1002, 1007, 1009, 1011);

    private static final int INTERNAL_ERROR = 1011;

    private final Inbound inbound = new Inbound();

    /**
     * Null until the open, and afterwards when the client was turned away; and null again after the close, because an
     * idle thread of WildFly's keeps the last session it has opened.
     */
    private volatile @Nullable Connection connection;

    private volatile boolean isLiberty;

    private final CountDownLatch closed = new CountDownLatch(1);

    /** A session of an endpoint has opened whose path is in its configuration, and its parameters in the session. */
    void open(Session session, EndpointConfig config) {
        String room = String.valueOf(session.getPathParameters().get("room"));
        open(session, config, ((ServerEndpointConfig) config).getPath().replace("{room}", room));
    }

    /**
     * A session has opened.
     *
     * @param path the path of the endpoint below the context, with its parameters filled in
     */
    void open(Session session, EndpointConfig config, String path) {
        isLiberty = session.getClass().getName().startsWith(LIBERTY);
        try {
            Connection opened = Handshake.open(session, config, path);
            connection = opened;
            if (opened != null) {
                limitFrames(session, opened.longestMessage());
            }
        } catch (RuntimeException | Error e) {
            cannotOpen(session, e);
        }
    }

    /** Closes with 1011 and no more: what was thrown is for the log, and not for the client. */
    private void cannotOpen(Session session, Throwable cause) {
        Connection known = connection;
        if (known != null) {
            known.faulted(cause);
            return;
        }
        LOG.log(Level.ERROR, "a session could not be opened", cause);
        try {
            session.close(new CloseReason(CloseReason.CloseCodes.UNEXPECTED_CONDITION, Ending.FAULT.reason()));
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.DEBUG, "a session that could not be opened could not be closed", e);
        }
    }

    /**
     * Open Liberty passes on no part of a frame before it has all of it, and by default waits for one of any length.
     * Twice what is allowed, so that what is a little too long comes here, and the client reads Parley's words.
     */
    private static void limitFrames(Session session, int longestMessage) {
        if (session.getMaxTextMessageBufferSize() <= 0) {
            session.setMaxTextMessageBufferSize(2 * longestMessage);
        }
        if (session.getMaxBinaryMessageBufferSize() <= 0) {
            session.setMaxBinaryMessageBufferSize(2 * longestMessage);
        }
    }

    /** A part of a text message came. */
    void text(String part, boolean last) {
        inbound.text(connection, part, last);
        awaitClose();
    }

    /** A part of a binary message came. */
    void binary(ByteBuffer part, boolean last) {
        inbound.binary(connection, part, last);
        awaitClose();
    }

    /** A pong came. */
    void pong() {
        inbound.pong(connection);
    }

    /**
     * Open Liberty: keeps the thread that reads until a session that has ended is being closed. When a message comes
     * just as another thread closes, Liberty reads no more, not even that the client has gone, and keeps its connection
     * for ever; a close while the reader is in here goes well. (Three of three clients that flooded the echo stayed,
     * and with this none of three.)
     */
    private void awaitClose() {
        Connection known = connection;
        if (!isLiberty || known == null || !known.hasEnded()) {
            return;
        }
        try {
            closed.await(FOR_THE_CLOSE_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The container says that it is over: before or after an error, and more than once on some servers. */
    void closed(CloseReason reason) {
        Connection known = connection;
        connection = null;
        try {
            if (known != null) {
                gone(known, reason);
            }
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the end of a session could not be carried out", e);
        } finally {
            closed.countDown();
        }
    }

    /**
     * A code of a fault is the client's own when there is no reason with it, since a container that finds fault says
     * what it is; and 1011 is always the client's but on Open Liberty, which says so of a reset.
     */
    private void gone(Connection connection, CloseReason reason) {
        String words = reason.getReasonPhrase();
        int code = reason.getCloseCode().getCode();
        boolean isWithoutWords = words == null || words.isEmpty();
        if (FAULTS.contains(code) && (isWithoutWords || (code == INTERNAL_ERROR && !isLiberty))) {
            connection.left();
        } else {
            connection.gone(code);
        }
    }

    /** The container reports an error. */
    void failed(Throwable cause) {
        Connection known = connection;
        try {
            if (known != null) {
                known.failed(cause);
            } else if (closed.getCount() > 0) {
                LOG.log(Level.WARNING, "a session could not be opened", cause);
            }
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the error of a session could not be carried out", e);
        }
    }
}
