package parley.standalone;

import jakarta.websocket.CloseReason;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import org.glassfish.grizzly.Buffer;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.EmptyCompletionHandler;
import org.glassfish.grizzly.WriteResult;
import org.glassfish.grizzly.memory.Buffers;
import org.glassfish.tyrus.core.CloseReasons;
import org.glassfish.tyrus.spi.CompletionHandler;
import org.glassfish.tyrus.spi.ReadHandler;
import org.glassfish.tyrus.spi.Writer;
import org.glassfish.tyrus.spi.WriterInfo;
import org.jspecify.annotations.Nullable;

/**
 * Watches the frames of one client, before Tyrus reads them and after it writes them, for what Tyrus leaves out:
 *
 * <ul>
 *   <li>a frame without a mask (RFC 6455 section 5.1) closes with 1002;
 *   <li>a frame longer than a message may be closes with 1009 when its header is there, not when a buffer is full;
 *   <li>a close frame is answered with its own code when what came before has been answered. Tyrus answers at once, and
 *       takes codes that were registered later than it knows (1012 to 1014) for errors;
 *   <li>the TCP connection is closed when both close frames have passed (section 7.1.1). Tyrus closes it behind its
 *       own, and a client that is still sending then gets a reset in place of the close frame that says why. What comes
 *       after our close frame is thrown away; a client that never answers it is cut by the sweep.
 *   <li>one pong at a time is on its way, and pings that come meanwhile are not answered (section 5.5.3 allows it).
 *       Tyrus queues them without bound: a client that pinged and did not read took the server's heap.
 * </ul>
 *
 * <p>It has a writer in place of the container's, which has a queue of its own without bound, and writes a stack trace
 * to the log for each client that is cut while it takes nothing.
 *
 * <p>Reading is for the selector that reads the connection, one call at a time; the writer is for any thread.
 */
final class FrameWatch implements org.glassfish.tyrus.spi.Connection, ReadHandler {
    private static final int LONGEST_HEADER = 14;
    private static final int LONGEST_CONTROL = 125;
    private static final int OPCODE_CLOSE = 8;
    private static final int OPCODE_PING = 9;

    /** How long a frame may be. */
    private int limit;

    private final ClientLine line;
    private final ClosingWriter writer;
    /** Null while the connection is being made; no frame can come before. */
    private org.glassfish.tyrus.spi.@Nullable Connection tyrus;
    /** What reads the frames: Tyrus, or something before it. Null as long as that is. */
    private @Nullable ReadHandler reader;

    private final byte[] header = new byte[LONGEST_HEADER];
    private int headerBytes;
    private long payloadLeft;
    /** What has come of the close frame's payload, without its mask; null before its header is complete. */
    private @Nullable ByteBuffer closing;
    /** Set when Tyrus is to hear nothing more: the client has closed, or is being closed for a violation. */
    private boolean isOver;

    private final AtomicBoolean pongUnderWay = new AtomicBoolean();
    /** Set when the client's close frame has come. */
    private volatile boolean clientClosed;

    FrameWatch(int limit, ClientLine line) {
        this.limit = limit;
        this.line = line;
        this.writer = new ClosingWriter(line.tcp());
    }

    /** Says to whom the frames go. */
    void passTo(org.glassfish.tyrus.spi.Connection connection) {
        tyrus = connection;
        reader = line.reader(connection, limit);
        limit = line.longestFrame(limit);
    }

    @Override
    public ReadHandler getReadHandler() {
        return this;
    }

    /** The writer to give to Tyrus. */
    @Override
    public Writer getWriter() {
        return writer;
    }

    @Override
    public CloseListener getCloseListener() {
        return tyrus().getCloseListener();
    }

    /**
     * The TCP connection is gone: tells Tyrus, unless it knows. The container has another reason, as if the client had
     * left.
     */
    @Override
    public void close(CloseReason reason) {
        line.gone();
        tyrus().close(CloseReasons.CLOSED_ABNORMALLY.getCloseReason());
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
            client.write(Buffers.wrap(null, buffer), new OnWritten(buffer, completion, false));
        }

        @Override
        public void write(ByteBuffer buffer, CompletionHandler<ByteBuffer> completion, WriterInfo info) {
            if (info.getMessageType() != WriterInfo.MessageType.PONG) {
                write(buffer, completion);
            } else if (pongUnderWay.compareAndSet(false, true)) {
                client.write(Buffers.wrap(null, buffer), new OnWritten(buffer, completion, true));
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
    private final class OnWritten extends EmptyCompletionHandler<WriteResult<Buffer, SocketAddress>> {
        private final ByteBuffer written;
        private final @Nullable CompletionHandler<ByteBuffer> completion;
        private final boolean isPong;

        OnWritten(ByteBuffer written, @Nullable CompletionHandler<ByteBuffer> completion, boolean isPong) {
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

    /** Takes what came from the client. */
    @Override
    public void handle(ByteBuffer data) {
        boolean passes = !isOver && !writer.weClosed;
        int at = data.position();
        while (at < data.limit()) {
            if (payloadLeft > 0) {
                int taken = (int) Math.min(payloadLeft, data.limit() - at);
                takePayload(data, at, taken);
                at += taken;
                continue;
            }
            int before = at;
            header[headerBytes++] = data.get(at++);
            CloseReasons violation = passes ? violation() : null;
            boolean isClose = isHeaderComplete() && opcode() == OPCODE_CLOSE;
            boolean isLast = passes && (isClose || violation != null);
            if (isLast) {
                passes = false;
                passLast(data, before);
            }
            if (isHeaderComplete()) {
                if (passes && opcode() == OPCODE_PING) {
                    line.pinged();
                }
                payloadLeft = payloadLength();
                headerBytes = 0;
            }
            if (isClose) {
                clientClosed = true;
            }
            if (violation != null) {
                tyrus().close(violation.getCloseReason());
            } else if (isClose && writer.weClosed) {
                writer.close();
            } else if (isClose && isLast) {
                expectReason();
            }
        }
        if (passes) {
            line.read(payloadLeft == 0 ? 0 : payloadLength() - payloadLeft);
            reader().handle(data);
        }
    }

    /** Passes on what came before, so that messages already complete are heard, and nothing after it. */
    private void passLast(ByteBuffer data, int until) {
        isOver = true;
        ByteBuffer before = data.duplicate();
        before.limit(until);
        reader().handle(before);
    }

    private void expectReason() {
        closing = ByteBuffer.allocate((int) payloadLeft);
        if (payloadLeft == 0) {
            answerClose(closing);
        }
    }

    private void takePayload(ByteBuffer data, int at, int count) {
        payloadLeft -= count;
        if (closing == null || !closing.hasRemaining()) {
            return;
        }
        int mask = headerLength() - 4;
        for (int i = 0; i < count; i++) {
            closing.put((byte) (data.get(at + i) ^ header[mask + closing.position() % 4]));
        }
        if (payloadLeft == 0) {
            answerClose(closing.flip());
        }
    }

    /** Answers with the client's own code, unless it cannot be one (RFC 6455 section 7.4.2). */
    private void answerClose(ByteBuffer payload) {
        if (payload.remaining() == 0) {
            answerClose(CloseReasons.NORMAL_CLOSURE.getCloseReason());
            return;
        }
        int code = payload.remaining() == 1 ? 0 : payload.getShort() & 0xFFFF;
        if (!isCodeOfAFrame(code)) {
            tyrus().close(CloseReasons.PROTOCOL_ERROR.getCloseReason());
            return;
        }
        try {
            String reason = StandardCharsets.UTF_8.newDecoder().decode(payload).toString();
            answerClose(new CloseReason(CloseReason.CloseCodes.getCloseCode(code), reason));
        } catch (CharacterCodingException e) {
            tyrus().close(CloseReasons.NOT_CONSISTENT.getCloseReason());
        }
    }

    private void answerClose(CloseReason reason) {
        line.clientCloses(() -> tyrus().close(reason));
    }

    /**
     * Whether a code may stand in a frame: one of the registered (RFC 6455 section 7.4, and the registry), or of an
     * application.
     */
    private static boolean isCodeOfAFrame(int code) {
        return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
    }

    private org.glassfish.tyrus.spi.Connection tyrus() {
        return Objects.requireNonNull(tyrus, "a frame came before its connection was open");
    }

    private ReadHandler reader() {
        return Objects.requireNonNull(reader, "a frame came before its connection was open");
    }

    private @Nullable CloseReasons violation() {
        if (headerBytes == 2 && !isMasked()) {
            return CloseReasons.PROTOCOL_ERROR;
        }
        if (!isHeaderComplete()) {
            return null;
        }
        if (opcode() == OPCODE_CLOSE && ((header[0] & 0xF0) != 0x80 || payloadLength() > LONGEST_CONTROL)) {
            return CloseReasons.PROTOCOL_ERROR; // in fragments, with an extension's bits, or too long
        }
        return payloadLength() > limit || payloadLength() < 0 ? CloseReasons.TOO_BIG : null;
    }

    private boolean isHeaderComplete() {
        return headerBytes >= 2 && headerBytes == headerLength();
    }

    private int opcode() {
        return header[0] & 0x0F;
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
