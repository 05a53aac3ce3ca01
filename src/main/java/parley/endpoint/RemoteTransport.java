package parley.endpoint;

import jakarta.websocket.CloseReason;
import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.SendHandler;
import jakarta.websocket.Session;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.CloseCode;

/**
 * The transport over {@code RemoteEndpoint.Async}, the same on every server. The session's own timeouts are not used: they
 * are ignored or half carried out on most servers, so the drain's deadline is the one that counts.
 */
final class RemoteTransport implements Transport {
    private static final Logger LOG = System.getLogger("parley.endpoint");
    private static final ByteBuffer NO_DATA = ByteBuffer.allocate(0).asReadOnlyBuffer();

    private final Session session;
    private final RemoteEndpoint.Async remote;
    private final ExecutorService pinging;

    RemoteTransport(Session session, ExecutorService pinging) {
        this.session = session;
        this.remote = session.getAsyncRemote();
        this.pinging = pinging;
        // Tyrus wakes a timer at every send and receive for a timeout of 0; only a negative one is none.
        session.setMaxIdleTimeout(-1);
    }

    @Override
    public void send(Frame frame, Completion completion) {
        SendHandler handler = result -> completion.completed(result.isOK() ? null : cause(result.getException()));
        if (frame instanceof Frame.Text text) {
            remote.sendText(text.text(), handler);
        } else {
            remote.sendBinary(((Frame.Binary) frame).bytes().duplicate(), handler);
        }
    }

    /**
     * Pings on a thread that may block, as Tomcat's and Jetty's do while the socket takes nothing; not now when all of these
     * are at it.
     */
    @Override
    public boolean ping(Completion completion) {
        try {
            pinging.execute(() -> completion.completed(sendPing()));
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    private @Nullable Throwable sendPing() {
        try {
            remote.sendPing(NO_DATA.duplicate());
            return null;
        } catch (IOException | RuntimeException e) {
            return e;
        }
    }

    @Override
    public void close(CloseCode code, String reason) {
        try {
            session.close(new CloseReason(CloseReason.CloseCodes.getCloseCode(code.number()), reason));
        } catch (IOException | RuntimeException e) {
            LOG.log(Level.DEBUG, "a session that ended could not be closed in the container", e);
        }
    }

    /** The API reaches no further down. */
    @Override
    public void drop() {}

    @Override
    public boolean isConnected() {
        return false;
    }

    private static Throwable cause(@Nullable Throwable told) {
        return told != null ? told : new IOException("the container says a send failed, and not why");
    }
}
