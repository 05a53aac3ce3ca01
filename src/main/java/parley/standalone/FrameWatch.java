package parley.standalone;

import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.EmptyCompletionHandler;
import org.glassfish.grizzly.WriteResult;
import org.glassfish.grizzly.memory.Buffers;
import org.glassfish.tyrus.core.CloseReasons;
import org.glassfish.tyrus.spi.CompletionHandler;
import org.glassfish.tyrus.spi.Writer;
import org.glassfish.tyrus.spi.WriterInfo;
import org.jspecify.annotations.Nullable;

/**
 * Watches the frames of one client, before Tyrus reads them and after it writes them, for four things that Tyrus leaves out:
 *
 * <ul>
 *   <li>a frame without a mask (RFC 6455 section 5.1) closes with 1002;
 *   <li>a frame longer than a message may be closes with 1009 when its header is there, not when a buffer is full;
 *   <li>the TCP connection is closed when both close frames have passed (section 7.1.1). Tyrus closes it behind its own, and
 *       a client that is still sending then gets a reset in place of the close frame that says why. What comes after our
 *       close frame is thrown away; a client that never answers it is cut by the sweep.
 *   <li>one pong at a time is on its way, and pings that come meanwhile are not answered (section 5.5.3 allows it). Tyrus
 *       queues them without bound: a client that pinged and did not read took the server's heap.
 * </ul>
 *
 * <p>Reading is for the selector that reads the connection, one call at a time; the writer is for any thread.
 */
final class FrameWatch {
    private static final int LONGEST_HEADER = 14;
    private static final int OPCODE_CLOSE = 8;

    private final int limit;
    private final ClosingWriter writer;
    /** Null while the connection is being made; no frame can come before. */
    private org.glassfish.tyrus.spi.@Nullable Connection tyrus;

    private final byte[] header = new byte[LONGEST_HEADER];
    private int headerBytes;
    private long payloadLeft;
    /** Set after a violation: Tyrus has closed and hears nothing more. */
    private boolean violated;

    private final AtomicBoolean pongUnderWay = new AtomicBoolean();
    /** Set when the client's close frame has come. */
    private volatile boolean clientClosed;

    FrameWatch(int limit, Connection<SocketAddress> client) {
        this.limit = limit;
        this.writer = new ClosingWriter(client);
    }

    /** The writer to give to Tyrus. */
    Writer writer() {
        return writer;
    }

    /** Says to whom the frames go. */
    void passTo(org.glassfish.tyrus.spi.Connection connection) {
        tyrus = connection;
    }

    /** Writes for Tyrus, and closes the TCP connection no earlier than the client has closed its side. */
    private final class ClosingWriter extends Writer {
        private final Connection<SocketAddress> client;
        /** Set when our close frame is on its way. */
        private volatile boolean weClosed;

        ClosingWriter(Connection<SocketAddress> client) {
            this.client = client;
        }

        @Override
        public void write(ByteBuffer buffer, CompletionHandler<ByteBuffer> completion) {
            client.write(Buffers.wrap(null, buffer), new Told(buffer, completion, false));
        }

        @Override
        public void write(ByteBuffer buffer, CompletionHandler<ByteBuffer> completion, WriterInfo info) {
            if (info.getMessageType() != WriterInfo.MessageType.PONG) {
                write(buffer, completion);
            } else if (pongUnderWay.compareAndSet(false, true)) {
                client.write(Buffers.wrap(null, buffer), new Told(buffer, completion, true));
            } else {
                completion.completed(buffer);
            }
        }

        @Override
        public void close() {
            weClosed = true;
            if (clientClosed) {
                client.closeSilently();
            }
        }
    }

    /** Tells Tyrus what Grizzly tells, and lets the next pong go when this one has gone. */
    private final class Told extends EmptyCompletionHandler<WriteResult<Buffer, SocketAddress>> {
        private final ByteBuffer written;
        private final @Nullable CompletionHandler<ByteBuffer> completion;
        private final boolean isPong;

        Told(ByteBuffer written, @Nullable CompletionHandler<ByteBuffer> completion, boolean isPong) {
            this.written = written;
            this.completion = completion;
            this.isPong = isPong;
        }

        @Override
        public void completed(WriteResult<Buffer, SocketAddress> result) {
            if (isPong) {
                pongUnderWay.set(false);
            }
            if (completion != null) {
                completion.completed(written);
            }
        }

        @Override
        public void failed(Throwable cause) {
            if (completion != null) {
                completion.failed(cause);
            }
        }

        @Override
        public void cancelled() {
            if (completion != null) {
                completion.cancelled();
            }
        }
    }

    /** The TCP connection is gone: tells Tyrus, unless it knows. Any thread. */
    void gone() {
        tyrus().close(CloseReasons.CLOSED_ABNORMALLY.getCloseReason());
    }

    /** Takes what came from the client. */
    void handle(ByteBuffer data) {
        boolean passes = !violated && !writer.weClosed;
        int at = data.position();
        while (at < data.limit()) {
            if (payloadLeft > 0) {
                int skip = (int) Math.min(payloadLeft, data.limit() - at);
                payloadLeft -= skip;
                at += skip;
                continue;
            }
            int before = at;
            header[headerBytes++] = data.get(at++);
            CloseReasons violation = passes ? violation() : null;
            if (violation != null) {
                passes = false;
                violate(data, before, violation);
            }
            if (isHeaderComplete()) {
                endHeader();
            }
        }
        if (passes) {
            tyrus().getReadHandler().handle(data);
        }
    }

    /** Passes on what came before, so that messages already complete are heard, and closes. */
    private void violate(ByteBuffer data, int until, CloseReasons violation) {
        violated = true;
        ByteBuffer before = data.duplicate();
        before.limit(until);
        tyrus().getReadHandler().handle(before);
        tyrus().close(violation.getCloseReason());
    }

    private org.glassfish.tyrus.spi.Connection tyrus() {
        return Objects.requireNonNull(tyrus, "a frame came before its connection was open");
    }

    private @Nullable CloseReasons violation() {
        if (headerBytes == 2 && !isMasked()) {
            return CloseReasons.PROTOCOL_ERROR;
        }
        boolean isTooLong = isHeaderComplete() && (payloadLength() > limit || payloadLength() < 0);
        return isTooLong ? CloseReasons.TOO_BIG : null;
    }

    private void endHeader() {
        payloadLeft = payloadLength();
        headerBytes = 0;
        if ((header[0] & 0x0F) == OPCODE_CLOSE) {
            clientClosed = true;
            if (writer.weClosed) {
                writer.close();
            }
        }
    }

    private boolean isHeaderComplete() {
        return headerBytes >= 2 && headerBytes == headerLength();
    }

    private boolean isMasked() {
        return (header[1] & 0x80) != 0;
    }

    private int headerLength() {
        int length = header[1] & 0x7F;
        return 2 + (isMasked() ? 4 : 0) + (length == 126 ? 2 : length == 127 ? 8 : 0);
    }

    private long payloadLength() {
        int length = header[1] & 0x7F;
        if (length < 126) {
            return length;
        }
        ByteBuffer extended = ByteBuffer.wrap(header);
        return length == 126 ? extended.getShort(2) & 0xFFFF : extended.getLong(2);
    }
}
