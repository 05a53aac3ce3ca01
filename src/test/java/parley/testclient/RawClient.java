package parley.testclient;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.SocketFactory;
import javax.net.ssl.SSLException;

/**
 * A client that speaks WebSocket by hand over a socket (RFC 6455 section 5.2), so that it can do what no library lets
 * one do: break frames, stop reading, reset. Every read and write has a time limit.
 */
public final class RawClient implements AutoCloseable {
    public static final int CONTINUATION = 0;
    public static final int TEXT = 1;
    public static final int BINARY = 2;
    public static final int CLOSE = 8;
    public static final int PING = 9;
    public static final int PONG = 10;

    private static final int PATIENCE_MILLIS = 20_000;
    private static final long PATIENCE_NANOS = PATIENCE_MILLIS * 1_000_000L;

    private static final ScheduledThreadPoolExecutor LIMITS = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "limits of writes");
        thread.setDaemon(true);
        return thread;
    });

    static {
        LIMITS.setRemoveOnCancelPolicy(true);
    }

    private final Socket socket;
    private final DataInputStream in;
    private final String response;

    /**
     * A frame that came, or a message put together of frames.
     *
     * @param firstByte the end mark, the reserved bits and the opcode
     */
    public record Received(int firstByte, byte[] payload) {
        public int opcode() {
            return firstByte & 0x0F;
        }

        public boolean isLast() {
            return (firstByte & 0x80) != 0;
        }

        /** Whether it is compressed (RFC 7692 section 6). */
        public boolean isCompressed() {
            return (firstByte & 0x40) != 0;
        }

        public String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        public int closeCode() {
            return ByteBuffer.wrap(payload).getShort() & 0xFFFF;
        }

        public String closeReason() {
            return new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8);
        }

        @Override
        public String toString() {
            return opcode() == CLOSE ? "close " + closeCode() + " " + closeReason() : opcode() + " " + text();
        }
    }

    private RawClient(Socket socket, int port, int receiveBuffer, String request) throws IOException {
        this.socket = socket;
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.setTcpNoDelay(true);
        socket.setSoTimeout(PATIENCE_MILLIS);
        socket.connect(new InetSocketAddress("127.0.0.1", port), PATIENCE_MILLIS);
        socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
        in = new DataInputStream(socket.getInputStream());
        response = readHead();
    }

    /** Opens a session; fails when the server does not switch protocols. */
    public static RawClient open(int port, String target) throws IOException {
        return open(port, target, 0);
    }

    /** Opens a session with a receive buffer of that many bytes. */
    public static RawClient open(int port, String target, int receiveBuffer) throws IOException {
        RawClient client = handshake(port, target, receiveBuffer, "");
        if (client.status() != 101) {
            throw new IOException("refused: " + client.response);
        }
        return client;
    }

    /** Opens a session that speaks JSON, with a receive buffer of that many bytes. */
    public static RawClient openJson(int port, String target, int receiveBuffer) throws IOException {
        RawClient client = handshake(port, target, receiveBuffer, "Sec-WebSocket-Protocol: parley.v1.json\r\n");
        if (client.status() != 101) {
            throw new IOException("refused: " + client.response);
        }
        return client;
    }

    /** Asks to open a session, whatever the answer; headers end with a line break each. */
    public static RawClient handshake(int port, String target, int receiveBuffer, String headers) throws IOException {
        return handshake(SocketFactory.getDefault(), port, target, receiveBuffer, headers);
    }

    /** The same over a socket of that factory, such as one for TLS. */
    public static RawClient handshake(SocketFactory sockets, int port, String target, int receiveBuffer, String headers)
            throws IOException {
        return new RawClient(sockets.createSocket(), port, receiveBuffer, handshakeOf(port, target, headers));
    }

    /** Asks to open a session and sends a text right behind, without waiting for the answer. */
    public static RawClient hasty(int port, String target, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        String frame = new String(encode(0x80 | TEXT, true, bytes.length, bytes), StandardCharsets.ISO_8859_1);
        return request(port, handshakeOf(port, target, "") + frame);
    }

    private static String handshakeOf(int port, String target, String headers) {
        return "GET " + target + " HTTP/1.1\r\nHost: 127.0.0.1:" + port
                + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" + headers + "\r\n";
    }

    /** Sends a request as it is and reads the head of the answer. */
    public static RawClient request(int port, String request) throws IOException {
        return request(SocketFactory.getDefault(), port, request);
    }

    /** The same over a socket of that factory, such as one for TLS. */
    public static RawClient request(SocketFactory sockets, int port, String request) throws IOException {
        return new RawClient(sockets.createSocket(), port, 0, request);
    }

    private String readHead() throws IOException {
        ByteArrayOutputStream head = new ByteArrayOutputStream();
        while (!head.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
            head.write(in.readByte());
        }
        return head.toString(StandardCharsets.US_ASCII);
    }

    /** The HTTP status of the answer to the handshake. */
    public int status() {
        return Integer.parseInt(response.split(" ")[1]);
    }

    /** The head of the answer to the handshake. */
    public String response() {
        return response;
    }

    /** Reads what follows the head of a refusal. */
    public String body() throws IOException {
        int length = Integer.parseInt(response.replaceAll("(?is).*\r\ncontent-length: *(\\d+)\r\n.*", "$1"));
        return new String(in.readNBytes(length), StandardCharsets.UTF_8);
    }

    public void text(String text) throws IOException {
        frame(true, TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends a frame with a mask, as a client must. */
    public void frame(boolean last, int opcode, byte[] payload) throws IOException {
        raw(encode((last ? 0x80 : 0) | opcode, true, payload.length, payload));
    }

    /**
     * Sends bytes as they are.
     *
     * @throws AssertionError when nobody takes them within the time limit: a socket has none for this
     */
    public void raw(byte[] bytes) throws IOException {
        AtomicBoolean late = new AtomicBoolean();
        Future<?> limit = LIMITS.schedule(
                () -> {
                    late.set(true);
                    socket.close();
                    return null;
                },
                PATIENCE_MILLIS,
                TimeUnit.MILLISECONDS);
        try {
            socket.getOutputStream().write(bytes);
        } catch (IOException e) {
            if (late.get()) {
                throw new AssertionError("the server neither reads nor cuts the connection", e);
            }
            throw e;
        } finally {
            limit.cancel(false);
        }
    }

    /** Encodes a frame; the length it claims may be another than the payload's. */
    public static byte[] encode(int firstByte, boolean masked, long length, byte[] payload) {
        ByteBuffer frame = ByteBuffer.allocate(14 + payload.length);
        int mask = masked ? 0x80 : 0;
        frame.put((byte) firstByte);
        if (length >= 0 && length < 126) {
            frame.put((byte) (mask | length));
        } else if (length >= 0 && length < 65536) {
            frame.put((byte) (mask | 126)).putShort((short) length);
        } else {
            frame.put((byte) (mask | 127)).putLong(length);
        }
        byte[] key = {1, 2, 3, 4};
        if (masked) {
            frame.put(key);
        }
        for (int i = 0; i < payload.length; i++) {
            frame.put((byte) (payload[i] ^ (masked ? key[i % 4] : 0)));
        }
        byte[] bytes = new byte[frame.position()];
        frame.flip().get(bytes);
        return bytes;
    }

    /** Reads the next frame; EOFException when the connection has ended. */
    public Received read() throws IOException {
        int first = in.readUnsignedByte();
        long length = in.readUnsignedByte() & 0x7F;
        length = length == 126 ? in.readUnsignedShort() : length == 127 ? in.readLong() : length;
        byte[] payload = new byte[(int) length];
        in.readFully(payload);
        return new Received(first, payload);
    }

    /** Reads that many bytes as they come, whatever frames they belong to. */
    public byte[] readBytes(int count) throws IOException {
        byte[] bytes = new byte[count];
        in.readFully(bytes);
        return bytes;
    }

    /** Reads frames to the end of a message, or a close frame, and answers the pings between. */
    public Received readMessage() throws IOException {
        int first = 0;
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        long until = System.nanoTime() + PATIENCE_NANOS;
        while (true) {
            Received frame = read(until);
            switch (frame.opcode()) {
                case CLOSE -> {
                    return frame;
                }
                case PING -> frame(true, PONG, frame.payload);
                case PONG -> {}
                default -> {
                    first = frame.opcode() == CONTINUATION ? first : frame.firstByte;
                    message.writeBytes(frame.payload);
                    if (frame.isLast()) {
                        return new Received(first | 0x80, message.toByteArray());
                    }
                }
            }
        }
    }

    /** Reads until the close frame and returns it. */
    public Received readClose() throws IOException {
        long until = System.nanoTime() + PATIENCE_NANOS;
        Received frame = read(until);
        while (frame.opcode() != CLOSE) {
            frame = read(until);
        }
        return frame;
    }

    /** The socket's own limit is for silence, and a server that pings is never silent. */
    private Received read(long until) throws IOException {
        if (System.nanoTime() - until > 0) {
            throw new SocketTimeoutException("frames came, and not the one that was waited for");
        }
        return read();
    }

    /** Reads until the close frame and says what is in it, or that there was none. */
    public String readCloseOrEnd() throws IOException {
        try {
            return readClose().toString();
        } catch (EOFException | SocketException e) {
            return "cut off";
        }
    }

    /** Reads until the connection ends, by an end or a reset. */
    public void readToEnd() throws IOException {
        restToEnd();
    }

    /** Reads until the connection ends, by an end or a reset, and returns how many bytes came. */
    public long restToEnd() throws IOException {
        byte[] buffer = new byte[65536];
        long bytes = 0;
        try {
            for (int count = in.read(buffer); count >= 0; count = in.read(buffer)) {
                bytes += count;
            }
        } catch (EOFException | SocketException | SSLException e) {
            return bytes;
        }
        return bytes;
    }

    /** Ends the sending side alone. */
    public void halfClose() throws IOException {
        socket.shutdownOutput();
    }

    /** Ends it with a reset. */
    public void reset() throws IOException {
        socket.setSoLinger(true, 0);
        socket.close();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
