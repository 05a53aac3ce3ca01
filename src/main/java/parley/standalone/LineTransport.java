package parley.standalone;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.CompletionHandler;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.EmptyCompletionHandler;
import org.glassfish.grizzly.IOEvent;
import org.glassfish.grizzly.WriteResult;
import org.glassfish.grizzly.Writer;
import org.glassfish.grizzly.asyncqueue.WritableMessage;
import org.glassfish.grizzly.memory.Buffers;
import org.glassfish.grizzly.nio.NIOConnection;
import org.jspecify.annotations.Nullable;
import parley.delivery.Frame;
import parley.delivery.Transport;
import parley.protocol.CloseCode;

/**
 * Writes frames straight to the Grizzly connection, without TLS past its filters, so that all members who are sent the
 * same message share its bytes: Tyrus would encode it for each of them again. Every write is a whole frame, and Grizzly
 * keeps the order of writes, so Tyrus' own frames (pongs, the close) come between them. Compression, where it is agreed
 * on, is done here too ({@link Encoding}).
 *
 * <p>After our close frame nothing is written (RFC 6455 section 5.5.1): {@link #shut} shuts the door, then waits for
 * the write that may be under way, which never blocks, and only then Tyrus sends it.
 */
final class LineTransport implements Transport {
    private static final Logger LOG = System.getLogger("parley.standalone");

    private final Connection<SocketAddress> connection;
    private final Way way;
    private final Form form;
    private final Encoding encoding;
    private final End end;

    /** The draining thread while it writes. */
    private volatile @Nullable Thread writer;
    /**
     * What was written last; Grizzly moves its position on as the client takes it. Written by the draining thread, read
     * by the sweep.
     */
    private volatile Buffer underWay = Buffers.EMPTY_BUFFER;
    /** Set by the closing thread, read by the draining thread after it has set {@code writer}. */
    private volatile boolean closing;

    /**
     * For the completion that was last passed: a session has one for all its frames. Touched by the draining thread
     * alone.
     */
    private @Nullable OnTaken onTaken;

    LineTransport(Connection<SocketAddress> connection, Way way, Form form, End end) {
        this(connection, way, form, form::of, end);
    }

    LineTransport(Connection<SocketAddress> connection, Way way, Form form, Encoding encoding, End end) {
        this.connection = connection;
        this.way = way;
        this.form = form;
        this.encoding = encoding;
        this.end = end;
    }

    /** What frames and pings are on the wire. */
    enum Form {
        /** Messages of WebSocket (RFC 6455 section 5). */
        MESSAGES(new byte[] {(byte) 0x89, 0}),
        /** An event stream in chunks. A ping is a comment, as in the next. */
        CHUNKS("2\r\n:\n\r\n".getBytes(StandardCharsets.US_ASCII)),
        /** An event stream that ends with its connection. */
        BODY(":\n".getBytes(StandardCharsets.US_ASCII));

        /** Not read-only: Grizzly asks for the array. */
        private final ByteBuffer ping;

        Form(byte[] ping) {
            this.ping = ByteBuffer.wrap(ping);
        }

        private ByteBuffer of(Frame frame) {
            return this == BODY ? ((Frame.Events) frame).body() : frame.wire();
        }
    }

    /** The bytes of a frame, for all who share both. */
    @FunctionalInterface
    interface Encoding {
        ByteBuffer of(Frame frame);
    }

    /** Says the last words to the client and closes. Called once nothing else is written from here. */
    @FunctionalInterface
    interface End {
        void close(CloseCode code, String reason);
    }

    /**
     * Bounds what the kernel takes for a client. Linux grows the buffer to megabytes, and says that there is room again
     * when a third of it is: behind that, nobody could tell a client that reads slowly from one that does not read.
     */
    static void boundSendBuffer(Connection<?> connection, int bytes) {
        try {
            SocketChannel socket = (SocketChannel) ((NIOConnection) connection).getChannel();
            socket.setOption(StandardSocketOptions.SO_SNDBUF, bytes);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "the client has gone", e);
        }
    }

    /** The way that bytes take to the client. */
    @FunctionalInterface
    interface Way {
        /** Writes all of it, and calls the handler. */
        void write(Buffer bytes, CompletionHandler<WriteResult<Buffer, SocketAddress>> onWritten);

        /** Past the filters, which have nothing to do with a frame. */
        @SuppressWarnings("unchecked") // the result is of the kind that was written
        static Way plain(Connection<SocketAddress> connection) {
            Writer<SocketAddress> writer = connection.getTransport().getWriter(connection);
            return (bytes, onWritten) ->
                    writer.write(connection, bytes, (CompletionHandler<WriteResult<WritableMessage, SocketAddress>>)
                            (CompletionHandler<?>) onWritten);
        }

        /** Through all filters: one of them encrypts. */
        static Way encrypted(Connection<SocketAddress> connection) {
            return connection::write;
        }

        static Way to(Connection<SocketAddress> connection, boolean isEncrypted) {
            return isEncrypted ? encrypted(connection) : plain(connection);
        }
    }

    /** Passes on what Grizzly says of a write, and keeps nothing of the frame for a connection that is quiet. */
    private final class OnTaken extends EmptyCompletionHandler<WriteResult<Buffer, SocketAddress>> {
        private final Completion completion;

        OnTaken(Completion completion) {
            this.completion = completion;
        }

        @Override
        public void completed(WriteResult<Buffer, SocketAddress> result) {
            underWay = Buffers.EMPTY_BUFFER;
            completion.completed(null);
        }

        @Override
        public void failed(Throwable cause) {
            underWay = Buffers.EMPTY_BUFFER;
            completion.completed(cause);
        }

        @Override
        public void cancelled() {
            underWay = Buffers.EMPTY_BUFFER;
            completion.completed(new IOException("the write was cancelled"));
        }
    }

    @Override
    public void send(Frame frame, Completion completion) {
        write(encoding.of(frame), completion);
    }

    @Override
    public boolean ping(Completion completion) {
        write(form.ping, completion);
        return true;
    }

    private void write(ByteBuffer wire, Completion completion) {
        OnTaken handler = onTaken;
        if (handler == null || handler.completion != completion) {
            handler = new OnTaken(completion);
            onTaken = handler;
        }
        writer = Thread.currentThread();
        try {
            if (closing) {
                throw new IllegalStateException("closed");
            }
            Buffer bytes = Buffers.wrap(null, wire.duplicate());
            underWay = bytes;
            way.write(bytes, handler);
        } finally {
            writer = null;
        }
    }

    @Override
    public void close(CloseCode code, String reason) {
        shut();
        end.close(code, reason);
    }

    /** Lets nothing more be sent from here; what is being written now has been when this returns. */
    void shut() {
        closing = true;
        Thread other = writer;
        while (other != null && other != Thread.currentThread()) { // its own: a write that failed at once
            Thread.onSpinWait();
            other = writer;
        }
    }

    @Override
    public long bytesUnderWay() {
        return underWay.remaining();
    }

    /**
     * The selector that reads calls this, and looks at no further bytes of the connection then: TCP slows the client
     * down.
     */
    @Override
    public boolean pauseReading() {
        try {
            connection.disableIOEvent(IOEvent.READ);
            return true;
        } catch (IOException e) {
            return false; // it is closed
        }
    }

    @Override
    public void resumeReading() {
        try {
            connection.enableIOEvent(IOEvent.READ);
        } catch (IOException e) {
            // It is closed: nothing is left to read.
        }
    }

    @Override
    public void drop() {
        connection.terminateSilently();
    }

    @Override
    public boolean isConnected() {
        return connection.isOpen();
    }
}
