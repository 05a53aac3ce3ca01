package parley.testclient;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.StringReader;
import java.net.http.HttpClient;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * A client of {@code parley.v1.json}, for one thread. Presence comes when it comes, so it is kept apart: {@link #next}
 * passes it over, {@link #presence} waits for it. Every wait has a time limit.
 */
public final class JsonClient implements AutoCloseable {
    private final Client socket;
    private final Deque<JsonObject> events = new ArrayDeque<>();
    private final Deque<JsonObject> presence = new ArrayDeque<>();
    /** How many objects the frames had, oldest first. */
    private final List<Integer> frames = new ArrayList<>();

    private int refs;

    public JsonClient(String address) {
        socket = new Client(address, "parley.v1.json");
    }

    /** Connects with that HTTP client, such as one that trusts a certificate of its own. */
    public JsonClient(HttpClient http, String address) {
        socket = new Client(http, address, "parley.v1.json");
    }

    /** Sends a frame as it is. */
    public JsonClient send(String frame) {
        socket.say(frame);
        return this;
    }

    /** Gives a command, written with {@code '} for {@code "}, with a {@code ref} of its own, and returns the answer. */
    public JsonObject ask(String command) throws InterruptedException {
        String ref = "r" + ++refs;
        send(quoted(command.replaceFirst("}\\s*$", ",'ref':'" + ref + "'}")));
        return take(events, event -> ref.equals(event.getString("ref", null)));
    }

    /** Returns the next event that is not about presence. */
    public JsonObject next() throws InterruptedException {
        return take(events, event -> true);
    }

    /** Returns the next event of that type. */
    public JsonObject next(String type) throws InterruptedException {
        return take(events, event -> event.getString("type").equals(type));
    }

    /** Returns the next message, or the next gap when that comes before it. */
    public JsonObject nextMessageOrGap() throws InterruptedException {
        return take(events, event -> List.of("message", "gap").contains(event.getString("type")));
    }

    /** Returns the next event of that type, presence too, that is about that room, or about none. */
    public JsonObject next(String type, String room) throws InterruptedException {
        return take(
                type.equals("presence") ? presence : events,
                event -> event.getString("type").equals(type) && Objects.equals(event.getString("room", null), room));
    }

    /** Returns what came so far about who came and went, and was not asked for. */
    public List<JsonObject> presenceSoFar() {
        return List.copyOf(presence);
    }

    /** Returns the next event that says who came and went. */
    public JsonObject presence() throws InterruptedException {
        return take(presence, event -> true);
    }

    /** Returns the next so many events that are not about presence. */
    public List<JsonObject> next(int count) throws InterruptedException {
        List<JsonObject> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(next());
        }
        return all;
    }

    /**
     * Waits until what was sent so far has been answered, and returns what came before, but for presence. Messages
     * whose turn has not come may come later: answers go first.
     */
    public List<JsonObject> soFar() throws InterruptedException {
        ask("{'type':'ping'}");
        List<JsonObject> all = List.copyOf(events);
        events.clear();
        return all;
    }

    /** How many objects each frame had that was read. */
    public List<Integer> frames() {
        return List.copyOf(frames);
    }

    private JsonObject take(Deque<JsonObject> from, Predicate<JsonObject> wanted) throws InterruptedException {
        while (true) {
            for (JsonObject event : from) {
                if (wanted.test(event)) {
                    from.remove(event);
                    return event;
                }
            }
            String[] lines = ((String) socket.next()).split("\n");
            frames.add(lines.length);
            for (String line : lines) {
                JsonObject event = parse(line);
                (event.getString("type").equals("presence") ? presence : events).add(event);
            }
        }
    }

    public static JsonObject parse(String line) {
        try (JsonReader reader = Json.createReader(new StringReader(line))) {
            return reader.readObject();
        }
    }

    /** Makes JSON of text that has {@code '} for {@code "}, so that tests are readable. */
    public static String quoted(String json) {
        return json.replace('\'', '"');
    }

    /** Waits for the close and returns code and reason. */
    public String closed() throws Exception {
        return socket.closed();
    }

    @Override
    public void close() {
        socket.close();
    }

    /** Goes without a word. */
    public void cut() {
        socket.abort();
    }
}
