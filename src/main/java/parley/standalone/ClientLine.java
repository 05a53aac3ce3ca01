package parley.standalone;

import java.net.SocketAddress;
import java.util.Objects;
import org.glassfish.grizzly.Connection;
import org.jspecify.annotations.Nullable;
import parley.app.Arrival;
import parley.delivery.Transport;

/**
 * A client's TCP connection, with what stands on it once the handshake is made: the transport that sends, the watch
 * that reads and the session between. Put together by the selector that makes the handshake, before a frame comes; read
 * by any thread.
 */
final class ClientLine implements Arrival.Line {
    private final Connection<SocketAddress> tcp;
    private final boolean isEncrypted;

    private @Nullable LineTransport transport;
    private @Nullable FrameWatch watch;
    /** Null for a client that was turned away when the session opened. */
    private parley.session.@Nullable Connection session;

    ClientLine(Connection<SocketAddress> tcp, boolean isEncrypted) {
        this.tcp = tcp;
        this.isEncrypted = isEncrypted;
    }

    @Override
    public Transport over(Transport container) {
        LineTransport direct = new LineTransport(
                tcp, LineTransport.Way.to(tcp, isEncrypted), LineTransport.Form.MESSAGES, container::close);
        transport = direct;
        return direct;
    }

    @Override
    public void carries(parley.session.Connection connection) {
        session = connection;
    }

    /**
     * Bytes came from the client.
     *
     * @param unfinished how many of a frame whose end has not come
     */
    void read(long unfinished) {
        parley.session.Connection open = session;
        if (open != null && !open.hasEnded()) {
            open.stirred();
            open.unfinishedFrame(unfinished);
        }
    }

    /** A ping came. */
    void pinged() {
        parley.session.Connection open = session;
        if (open != null && !open.hasEnded()) {
            open.emptyFrame();
        }
    }

    void watchedBy(FrameWatch frames) {
        watch = frames;
    }

    FrameWatch watch() {
        return Objects.requireNonNull(watch, "the container made no connection");
    }

    Connection<SocketAddress> tcp() {
        return tcp;
    }

    /**
     * The client has sent a close frame that is to be answered: once it has the answers to what came before, and with
     * nothing of Parley's behind it.
     */
    void clientCloses(Runnable answer) {
        parley.session.Connection open = session;
        if (open == null) {
            answer.run();
            return;
        }
        open.clientCloses(() -> {
            open.left();
            if (transport != null) {
                transport.shut();
            }
            answer.run();
        });
    }
}
