package parley.prepare;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import parley.client.ClientRoom;
import parley.client.Joining;
import parley.client.ParleyClient;
import parley.client.Receipt;
import parley.client.RoomCallbacks;
import parley.client.RoomMessage;

/**
 * What a server does most, briefly: the page, echoes, a room with members of both protocols and a reader of its event
 * stream. The classes that this loads are archived, and from JDK 25 what the JVM learns of their methods. Used by one
 * thread; everything is closed when it returns.
 */
final class TrainingLoad {
    private static final List<String> PAGES =
            List.of("/", "/parley.js", "/status.html", "/health/live", "/health/ready", "/metrics", "/openapi.json");

    private static final String ROOM = "training";
    private static final int ECHO_CLIENTS = 4;
    private static final int ECHOES = 1_000;
    private static final int MEMBERS = 4;
    private static final int MESSAGES = 1_000;
    private static final int UNACKNOWLEDGED = 20;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final String address;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .build();

    /** For the server on this port of loopback. */
    TrainingLoad(int port) {
        this.address = "127.0.0.1:" + port;
    }

    /**
     * Runs it.
     *
     * @throws IOException with the step that failed, or took longer than a minute
     */
    void run() throws IOException, InterruptedException {
        for (String page : PAGES) {
            read(page);
        }
        echo();
        talk();
    }

    private void read(String path) throws IOException, InterruptedException {
        HttpResponse<byte[]> answer = http.send(request(path), BodyHandlers.ofByteArray());
        if (answer.statusCode() != 200) {
            throw new IOException("GET " + path + " was answered with " + answer.statusCode());
        }
    }

    private HttpRequest request(String path) {
        return HttpRequest.newBuilder(URI.create("http://" + address + path))
                .timeout(PATIENCE)
                .header("Accept-Encoding", "gzip")
                .build();
    }

    private void echo() throws IOException, InterruptedException {
        List<CompletableFuture<Void>> all = new ArrayList<>();
        List<WebSocket> sockets = new ArrayList<>();
        for (int i = 0; i < ECHO_CLIENTS; i++) {
            Rounds rounds = new Rounds();
            all.add(rounds.done);
            sockets.add(open("/echo", rounds));
        }
        await("the echoes", CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)));
        close(sockets);
    }

    private void talk() throws IOException, InterruptedException {
        List<WebSocket> sockets = new ArrayList<>();
        List<CompletableFuture<?>> heard = new ArrayList<>();
        HttpResponse<InputStream> events =
                http.send(request("/rooms/" + ROOM + "/events?history=10"), BodyHandlers.ofInputStream());
        try (InputStream stream = events.body();
                ParleyClient speaker = client("Ann");
                ParleyClient listener = client("Bob")) {
            for (int i = 0; i < MEMBERS; i++) {
                Heard plain = new Heard();
                heard.add(plain.all);
                sockets.add(open("/chat/" + ROOM + "?name=plain" + i, plain));
            }
            Heard json = new Heard();
            heard.add(json.all);
            await(
                    "joining",
                    listener.join(ROOM, Joining.last(10).callbacks(json)).joined());
            ClientRoom room = await("joining", speaker.join(ROOM).joined());
            List<CompletableFuture<Receipt>> said = new ArrayList<>();
            for (int i = 0; i < MESSAGES; i++) {
                if (i >= UNACKNOWLEDGED) {
                    await("saying", said.get(i - UNACKNOWLEDGED));
                }
                said.add(room.say("message " + i + " of the training, as long as people write"));
            }
            await("hearing", CompletableFuture.allOf(heard.toArray(CompletableFuture[]::new)));
            await("the history", room.history());
            sockets.get(0).sendText("plain text", true).join();
            stream.readNBytes(MESSAGES); // as many bytes, of the first messages
            await("leaving", room.leave());
        }
        close(sockets);
    }

    private ParleyClient client(String name) {
        return ParleyClient.to("ws://" + address + "/chat").name(name).build();
    }

    private WebSocket open(String path, WebSocket.Listener listener) throws IOException, InterruptedException {
        return await(
                "opening " + path,
                http.newWebSocketBuilder().buildAsync(URI.create("ws://" + address + path), listener));
    }

    private static void close(List<WebSocket> sockets) throws IOException, InterruptedException {
        for (WebSocket socket : sockets) {
            await("closing", socket.sendClose(WebSocket.NORMAL_CLOSURE, ""));
        }
    }

    private static <T> T await(String what, CompletableFuture<T> done) throws IOException, InterruptedException {
        try {
            return done.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("the training load failed at " + what + ": " + e, e);
        }
    }

    /** Sends an echo when the one before has come back. */
    private static final class Rounds implements WebSocket.Listener {
        final CompletableFuture<Void> done = new CompletableFuture<>();
        private final AtomicInteger back = new AtomicInteger();

        @Override
        public void onOpen(WebSocket socket) {
            socket.request(1);
            socket.sendText("an echo", true);
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean isLast) {
            socket.request(1);
            if (isLast && back.incrementAndGet() < ECHOES) {
                socket.sendText("an echo", true);
            } else if (isLast) {
                done.complete(null);
            }
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable failure) {
            done.completeExceptionally(failure);
        }
    }

    /** Waits for the last message; plain members may get several in one. */
    private static final class Heard implements WebSocket.Listener, RoomCallbacks {
        private static final String LAST = "message " + (MESSAGES - 1) + " ";
        final CompletableFuture<Void> all = new CompletableFuture<>();
        private final StringBuilder parts = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean isLast) {
            parts.append(text);
            if (isLast) {
                hear(parts.toString());
                parts.setLength(0);
            }
            socket.request(1);
            return null;
        }

        @Override
        public void message(RoomMessage message) {
            hear(String.valueOf(message.text()));
        }

        private void hear(String text) {
            if (text.contains(LAST)) {
                all.complete(null);
            }
        }

        @Override
        public void onError(WebSocket socket, Throwable failure) {
            all.completeExceptionally(failure);
        }
    }
}
