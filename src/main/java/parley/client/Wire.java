package parley.client;

import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Commands and events as JSON. Any thread. */
final class Wire {
    /** Looked up once: {@code Json} looks for it at each call. */
    private static final JsonProvider JSON = JsonProvider.provider();

    private static final int MOST_ID = 64;

    private Wire() {}

    static JsonObject read(String line) {
        try (JsonReader reader = JSON.createReader(new StringReader(line))) {
            return reader.readObject();
        }
    }

    static JsonObjectBuilder command(String type) {
        return JSON.createObjectBuilder().add("type", type);
    }

    static JsonObjectBuilder command(String type, String room) {
        return command(type).add("room", room);
    }

    static JsonArrayBuilder array() {
        return JSON.createArrayBuilder();
    }

    static JsonObjectBuilder object() {
        return JSON.createObjectBuilder();
    }

    static JsonObjectBuilder object(JsonObject of) {
        return JSON.createObjectBuilder(of);
    }

    /** What a message or a change says. */
    static JsonObject body(String text) {
        if (!isUnicode(text)) {
            throw new IllegalArgumentException("the text has half a surrogate pair, which UTF-8 cannot carry");
        }
        return object().add("text", text).build();
    }

    static JsonObject body(JsonValue data) {
        return object().add("data", data).build();
    }

    static void checkId(String id) {
        if (id.isEmpty() || id.length() > MOST_ID || !isUnicode(id)) {
            throw new IllegalArgumentException("'" + id + "' is not an id: 1 to " + MOST_ID + " characters");
        }
    }

    static void checkSeq(long seq) {
        if (seq < 0) {
            throw new IllegalArgumentException(seq + " is not the number of a message: it is 0 or more");
        }
    }

    static String frame(JsonObject what, long ref) {
        return JSON.createObjectBuilder(what).add("ref", ref).build().toString();
    }

    static int bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Whether UTF-8 can carry it. */
    static boolean isUnicode(String text) {
        return StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    static long number(JsonObject object, String field, long otherwise) {
        return object.get(field) instanceof JsonNumber number ? number.longValue() : otherwise;
    }

    static @Nullable String text(JsonObject object, String field) {
        return object.getString(field, null);
    }

    /** Empty where there is no such field. */
    static List<String> names(JsonObject object, String field) {
        if (!object.containsKey(field)) {
            return List.of();
        }
        List<String> names = new ArrayList<>();
        for (JsonString name : object.getJsonArray(field).getValuesAs(JsonString.class)) {
            names.add(name.getString());
        }
        return names;
    }

    static RoomMessage message(JsonObject event, String room, String epoch, boolean isOwn) {
        JsonValue data = event.get("data");
        return new RoomMessage(
                room,
                epoch,
                number(event, "seq", 0),
                Instant.parse(event.getString("at")),
                text(event, "from"),
                text(event, "user"),
                text(event, "id"),
                text(event, "text"),
                data,
                isOwn,
                event.containsKey("changes") ? number(event, "changes", 0) : null,
                event.containsKey("edited")
                        ? Instant.parse(event.getJsonObject("edited").getString("at"))
                        : null,
                event.getBoolean("removed", false),
                event.getBoolean("open", false),
                event.containsKey("append") ? piece(event) : null);
    }

    private static RoomMessage.Piece piece(JsonObject event) {
        return new RoomMessage.Piece(
                (int) number(event, "start", 0), event.getString("append"), event.getBoolean("final", false));
    }

    static RoomSignal signal(JsonObject event) {
        return new RoomSignal(text(event, "from"), text(event, "user"), event.getOrDefault("data", JsonValue.NULL));
    }
}
