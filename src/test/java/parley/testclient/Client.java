package parley.testclient;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A well-behaved client: the JDK's WebSocket, with what came in a queue. Every wait has a time limit. */
public final class Client implements WebSocket.Listener, AutoCloseable {
    private static final int PATIENCE_SECONDS = 20;
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final BlockingQueue<Object> received = new LinkedBlockingQueue<>();
    private final CompletableFuture<String> closed = new CompletableFuture<>();
    private final StringBuilder text = new StringBuilder();
    private final java.io.ByteArrayOutputStream binary = new java.io.ByteArrayOutputStream();
    private final WebSocket socket;

    public Client(String address, String... subprotocols) {
        this(HTTP, address, subprotocols);
    }

    /** Connects with that HTTP client, such as one that trusts a certificate of its own. */
    public Client(HttpClient http, String address, String... subprotocols) {
        WebSocket.Builder builder = http.newWebSocketBuilder();
        if (subprotocols.length > 0) {
            builder.subprotocols(subprotocols[0], Arrays.copyOfRange(subprotocols, 1, subprotocols.length));
        }
        socket = builder.buildAsync(URI.create(address), this).join();
    }

    /** The subprotocol that was agreed on, empty for none. */
    public String subprotocol() {
        return socket.getSubprotocol();
    }

    /** Goes without a close frame. */
    public void abort() {
        socket.abort();
    }

    /** Sends a text message and waits until it is out. */
    public Client say(String message) {
        socket.sendText(message, true).join();
        return this;
    }

    public Client sayPart(String part, boolean last) {
        socket.sendText(part, last).join();
        return this;
    }

    public Client send(byte[] message) {
        socket.sendBinary(ByteBuffer.wrap(message), true).join();
        return this;
    }

    /** Returns the next message: a String or a byte array. */
    public Object next() throws InterruptedException {
        Object next = received.poll(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (next == null) {
            throw new AssertionError("no message came; closed: " + closed.getNow("not"));
        }
        return next;
    }

    /** Returns the next so many messages. */
    public List<Object> next(int count) throws InterruptedException {
        List<Object> messages = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            messages.add(next());
        }
        return messages;
    }

    /** How many messages came that nobody has asked for. */
    public int waiting() {
        return received.size();
    }

    /** Waits for the close and returns code and reason. */
    public String closed() throws Exception {
        return closed.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    }

    /** Waits for the end and returns code and reason, 1006 when there was no close frame (RFC 6455 section 7.1.5). */
    public String ending() throws Exception {
        try {
            return closed();
        } catch (ExecutionException e) {
            return "1006 " + e.getCause();
        }
    }

    @Override
    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
        text.append(data);
        if (last) {
            received.add(text.toString());
            text.setLength(0);
        }
        webSocket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket webSocket, ByteBuffer data, boolean last) {
        byte[] bytes = new byte[data.remaining()];
        data.get(bytes);
        binary.writeBytes(bytes);
        if (last) {
            received.add(binary.toByteArray());
            binary.reset();
        }
        webSocket.request(1);
        return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket webSocket, int statusCode, String reason) {
        closed.complete((statusCode + " " + reason).strip());
        return null;
    }

    @Override
    public void onError(WebSocket webSocket, Throwable error) {
        closed.completeExceptionally(error);
    }

    /** Closes with a close frame. */
    @Override
    public void close() {
        if (!socket.isOutputClosed()) {
            socket.sendClose(WebSocket.NORMAL_CLOSURE, "");
        }
    }
}
