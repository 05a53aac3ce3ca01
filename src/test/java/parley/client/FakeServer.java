package parley.client;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonValue;
import java.io.StringReader;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/** A server that does what the test says, on the test's thread: the other end of every line. Others may look at it. */
final class FakeServer implements Connector {
    /** What comes to an executor runs at once. */
    static final Executor AT_ONCE = Runnable::run;

    /** A connection, as the server sees it. */
    final class Line implements Connector.Line {
        final URI address;
        final @Nullable String token;
        final List<JsonObject> sent = new CopyOnWriteArrayList<>();
        private final Connector.Listener listener;
        long buffered;
        boolean isClosed;
        boolean isAborted;

        Line(URI address, @Nullable String token, Connector.Listener listener) {
            this.address = address;
            this.token = token;
            this.listener = listener;
        }

        @Override
        public void send(String frame, int bytes) {
            sent.add(parse(frame));
        }

        @Override
        public long buffered() {
            return buffered;
        }

        @Override
        public void close(Runnable ended) {
            isClosed = true;
            ended.run();
        }

        @Override
        public void abort() {
            isAborted = true;
        }

        /** Sends a frame to the client. */
        void say(String frame) {
            listener.frame(frame, () -> {});
        }

        void drop(int code, String reason, int status) {
            listener.gone(code, reason, status);
        }

        List<JsonObject> all(String type) {
            return sent.stream()
                    .filter(command -> command.getString("type").equals(type))
                    .toList();
        }

        void welcome(String room, JsonObject more) {
            String name = "";
            for (String parameter : String.valueOf(address.getQuery()).split("&")) {
                name = parameter.startsWith("name=") ? parameter.substring(5).replace('+', ' ') : name;
            }
            JsonObject limits = parse("{'bytes':100,'commandBytes':1000,'rooms':5,'rate':0}".replace('\'', '"'));
            var welcome = Json.createObjectBuilder().add("type", "welcome").add("limits", limits);
            if (!name.isEmpty()) {
                welcome.add("name", name);
            }
            say(welcome.build().toString());
            var joined = Json.createObjectBuilder()
                    .add("type", "joined")
                    .add("room", room)
                    .add("epoch", "e")
                    .add("seq", 0)
                    .add("count", 1);
            more.forEach(joined::add);
            say(joined.build().toString());
        }

        void message(String room, long seq, JsonObject more) {
            say(FakeServer.message(room, seq, more).toString());
        }

        /** Answers a command with an event. */
        void answer(JsonObject command, JsonObject event) {
            say(Json.createObjectBuilder(event)
                    .add("ref", command.get("ref"))
                    .build()
                    .toString());
        }
    }

    final List<Line> lines = new CopyOnWriteArrayList<>();

    Line newest() {
        return lines.get(lines.size() - 1);
    }

    @Override
    public Connector.Line open(URI address, @Nullable String token, Connector.Listener listener) {
        Line line = new Line(address, token, listener);
        lines.add(line);
        return line;
    }

    /** What a client runs on whose server this is. */
    ClientRuntime runtime(FakeTimers timers, double random) {
        return runtime(AT_ONCE, timers, random);
    }

    /** The same with threads. */
    ClientRuntime runtime(Executor executor, FakeTimers timers, double random) {
        return new ClientRuntime(executor, executor, timers, this, () -> random, () -> {});
    }

    static JsonObject message(String room, long seq, JsonObject more) {
        var message = Json.createObjectBuilder()
                .add("type", "message")
                .add("room", room)
                .add("seq", seq)
                .add("at", "2026-11-21T09:30:00.123Z")
                .add("text", "m" + seq);
        more.forEach(message::add);
        return message.build();
    }

    static JsonObject parse(String json) {
        return value(json).asJsonObject();
    }

    static JsonValue value(String json) {
        try (JsonReader reader = Json.createReader(new StringReader(json))) {
            return reader.readValue();
        }
    }
}
