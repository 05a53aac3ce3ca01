package parley.client;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** A line over the JDK's WebSocket, which takes one message at a time. Any thread. */
final class WebSocketLine implements Connector.Line, WebSocket.Listener {
    private static final String SUBPROTOCOL = "parley.v1.json";
    private static final int NO_CLOSE_FRAME = 1006;
    private static final int TOO_LARGE = 1009;

    /** More than a server sends at once, in characters: {@code room.batch-bytes}, or one message. */
    private static final int MOST_FRAME = 16 << 20;

    /** How long the server's close frame is waited for. */
    private static final long CLOSING_SECONDS = 2;

    private record Outgoing(String frame, int bytes) {}

    private final Connector.Listener listener;
    private final AtomicBoolean isGone = new AtomicBoolean();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    /** Used by the listener's thread alone. */
    private final StringBuilder text = new StringBuilder();

    private final Object lock = new Object();

    @GuardedBy("lock")
    private final Queue<Outgoing> outgoing = new ArrayDeque<>();

    @GuardedBy("lock")
    private @Nullable WebSocket socket;

    @GuardedBy("lock")
    private long buffered;

    @GuardedBy("lock")
    private boolean isSending;

    @GuardedBy("lock")
    private boolean isClosing;

    @GuardedBy("lock")
    private boolean isAborted;

    private WebSocketLine(Connector.Listener listener) {
        this.listener = listener;
    }

    static WebSocketLine open(HttpClient http, URI address, @Nullable String token, Connector.Listener listener) {
        WebSocketLine line = new WebSocketLine(listener);
        WebSocket.Builder builder = http.newWebSocketBuilder().subprotocols(SUBPROTOCOL);
        if (token != null && !token.isEmpty()) {
            builder.header("Authorization", "Bearer " + token);
        }
        builder.buildAsync(address, line).whenComplete((opened, failure) -> {
            if (failure != null) {
                line.refused(
                        failure instanceof CompletionException && failure.getCause() != null
                                ? failure.getCause()
                                : failure);
            }
        });
        return line;
    }

    private void refused(Throwable failure) {
        if (failure instanceof WebSocketHandshakeException refusal) {
            int status = refusal.getResponse().statusCode();
            Object body = refusal.getResponse().body();
            boolean isSentence = refusal.getResponse()
                    .headers()
                    .firstValue("Content-Type")
                    .filter(type -> type.startsWith("text/plain"))
                    .isPresent();
            String sentence = isSentence && body instanceof String words ? firstLine(words) : "";
            gone(
                    NO_CLOSE_FRAME,
                    sentence.isEmpty() ? "the server answered with HTTP status " + status : sentence,
                    status);
        } else if (failure instanceof ConnectException) {
            gone(NO_CLOSE_FRAME, "nobody answers at the server's address", 0);
        } else {
            gone(NO_CLOSE_FRAME, String.valueOf(failure.getMessage()), 0);
        }
    }

    private static String firstLine(String text) {
        String line = text.strip().lines().findFirst().orElse("");
        return line.length() > 200 ? line.substring(0, 200) : line;
    }

    private void gone(int code, String reason, int status) {
        if (isGone.compareAndSet(false, true)) {
            ended.complete(null);
            listener.gone(code, reason, status);
        }
    }

    @Override
    public void onOpen(WebSocket opened) {
        boolean isUnwanted;
        synchronized (lock) {
            socket = opened;
            isUnwanted = isAborted;
        }
        if (isUnwanted) {
            opened.abort();
            return;
        }
        opened.request(1);
        sendNext();
    }

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean isLast) {
        if (text.length() + data.length() > MOST_FRAME) {
            from.abort();
            gone(TOO_LARGE, "the server sent a frame of more than " + MOST_FRAME + " characters", 0);
            return null;
        }
        text.append(data);
        if (isLast) {
            String frame = text.toString();
            text.setLength(0);
            listener.frame(frame, () -> from.request(1));
        } else {
            listener.heard();
            from.request(1);
        }
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onPing(WebSocket from, ByteBuffer message) {
        listener.heard();
        from.request(1);
        return null;
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket from, int code, String reason) {
        gone(code, reason, 0);
        return null;
    }

    @Override
    public void onError(WebSocket from, Throwable failure) {
        gone(NO_CLOSE_FRAME, String.valueOf(failure.getMessage()), 0);
    }

    @Override
    public void send(String frame, int bytes) {
        synchronized (lock) {
            if (isClosing || isAborted) {
                return;
            }
            outgoing.add(new Outgoing(frame, bytes));
            buffered += bytes;
        }
        sendNext();
    }

    /** Sends what waits; without recursion, since a send may be done when it returns. */
    private void sendNext() {
        while (true) {
            Outgoing next;
            WebSocket to;
            synchronized (lock) {
                if (socket == null || isSending || isAborted) {
                    return;
                }
                next = outgoing.poll();
                if (next == null && !isClosing) {
                    return;
                }
                isSending = true; // and stays so when the close frame has been sent
                to = socket;
            }
            if (next == null) {
                to.sendClose(WebSocket.NORMAL_CLOSURE, "").whenComplete((sent, failure) -> {
                    if (failure != null) {
                        ended.complete(null);
                    }
                });
                return;
            }
            CompletableFuture<WebSocket> sending = to.sendText(next.frame, true);
            if (!sending.isDone()) {
                sending.whenComplete((sent, failure) -> {
                    if (isSent(next, failure)) {
                        sendNext();
                    }
                });
                return;
            }
            if (!isSent(next, sending.isCompletedExceptionally() ? new IllegalStateException("cannot send") : null)) {
                return;
            }
        }
    }

    private boolean isSent(Outgoing done, @Nullable Throwable failure) {
        synchronized (lock) {
            buffered -= done.bytes;
            isSending = false;
        }
        if (failure != null) {
            abort();
            gone(NO_CLOSE_FRAME, String.valueOf(failure.getMessage()), 0);
        }
        return failure == null;
    }

    @Override
    public long buffered() {
        synchronized (lock) {
            return buffered;
        }
    }

    @Override
    public void close(Runnable whenEnded) {
        boolean hasOpened;
        synchronized (lock) {
            isClosing = true;
            hasOpened = socket != null;
        }
        if (!hasOpened) {
            abort();
        }
        ended.completeOnTimeout(null, CLOSING_SECONDS, TimeUnit.SECONDS).whenComplete((done, failure) -> {
            abort();
            whenEnded.run();
        });
        sendNext();
    }

    @Override
    public void abort() {
        WebSocket opened;
        synchronized (lock) {
            isAborted = true;
            outgoing.clear();
            opened = socket;
        }
        ended.complete(null);
        if (opened != null) {
            opened.abort();
        }
    }
}
