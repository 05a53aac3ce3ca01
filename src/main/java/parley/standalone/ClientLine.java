package parley.standalone;

import java.net.SocketAddress;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.glassfish.grizzly.Connection;
import org.glassfish.tyrus.spi.ReadHandler;
import org.jspecify.annotations.Nullable;
import parley.app.Arrival;
import parley.delivery.Frame;
import parley.delivery.Transport;

/**
 * A client's TCP connection, with what stands on it once the handshake is made: the transport that sends, the watch
 * that reads and the session between. Put together by the selector that makes the handshake, before a frame comes; read
 * by any thread.
 */
final class ClientLine implements Arrival.Line {
    /** What a message may get longer besides a thousandth (RFC 1951 section 3.2.4). */
    private static final int STORED = 64;

    private final Connection<SocketAddress> tcp;
    private final boolean isEncrypted;
    /** What is agreed on when its handshake is answered; let go of then, since it has the request. */
    private Supplier<Optional<Compression.Agreed>> agreement;

    private Optional<Compression.Agreed> compression = Optional.empty();
    private @Nullable LineTransport transport;
    private @Nullable FrameWatch watch;
    /** Null without compression. */
    private @Nullable InflatingReader inflating;
    /** Null for a client that was turned away when the session opened. */
    private parley.session.@Nullable Connection session;

    // Touched by the selector alone
    private long unfinishedFrame;
    private int decompressor;

    ClientLine(Connection<SocketAddress> tcp, boolean isEncrypted, Supplier<Optional<Compression.Agreed>> agreement) {
        this.tcp = tcp;
        this.isEncrypted = isEncrypted;
        this.agreement = agreement;
    }

    /** Agrees with the client, and returns what its answer says of extensions. Called once. */
    Optional<String> agree() {
        compression = agreement.get();
        agreement = Optional::empty;
        return compression.map(agreed -> agreed.answer());
    }

    @Override
    public Transport over(Transport container) {
        LineTransport direct = new LineTransport(
                tcp,
                LineTransport.Way.to(tcp, isEncrypted),
                LineTransport.Form.MESSAGES,
                compression
                        .<LineTransport.Encoding>map(agreed -> frame -> frame.wire(agreed.deflation()))
                        .orElse(Frame::wire),
                container::close);
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
            unfinishedFrame = unfinished;
            open.unfinishedFrame(Math.max(unfinished, decompressor));
        }
    }

    /** That many bytes were decompressed, or came with less in them; returns whether the client is still heard. */
    boolean inflated(long bytes) {
        parley.session.Connection open = session;
        if (open == null || open.hasEnded()) {
            return false;
        }
        open.inflated(bytes);
        return !open.hasEnded();
    }

    /**
     * A decompressor of that many bytes is held for the message that the client is in the middle of; 0 without one. It
     * counts from one read to the next: as if let go of between, each packet of a byte would hold it anew.
     */
    void holds(int bytes) {
        if (bytes == decompressor) {
            return;
        }
        decompressor = bytes;
        parley.session.Connection open = session;
        if (open != null && !open.hasEnded()) {
            open.unfinishedFrame(Math.max(unfinishedFrame, bytes));
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

    /** Returns what reads frames before Tyrus, which has this connection for them. */
    ReadHandler reader(org.glassfish.tyrus.spi.Connection tyrus, int longest) {
        if (compression.isEmpty()) {
            return tyrus.getReadHandler();
        }
        InflatingReader reader = new InflatingReader(tyrus, this, compression.get(), longest);
        inflating = reader;
        return reader;
    }

    /** Returns how long a frame may be: compressed, what does not get shorter gets a little longer. */
    int longestFrame(int longestMessage) {
        return compression.isEmpty() ? longestMessage : longestMessage + (longestMessage >> 10) + STORED;
    }

    /** The TCP connection is gone, or its handshake was not taken after all. */
    void gone() {
        InflatingReader reader = inflating;
        if (reader != null) {
            reader.close();
        } else {
            compression.ifPresent(Compression.Agreed::cancel);
        }
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
