package parley.protocol;

import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonGenerator;
import jakarta.json.stream.JsonGeneratorFactory;
import java.io.StringWriter;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Writes the event {@code watched}, as one line without the line break. A room is written once for all clients that
 * watch it. Any thread.
 */
public final class WatchedJson {
    private static final JsonGeneratorFactory GENERATORS =
            JsonProvider.provider().createGeneratorFactory(Map.of());

    private WatchedJson() {}

    /**
     * Writes a room.
     *
     * @param epoch the history that its newest message belongs to; null when there is no message
     */
    public static String room(RoomName room, @Nullable String epoch, long seq, int count) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(text)) {
            json.writeStartObject().write("room", room.value());
            if (epoch != null) {
                json.write("epoch", epoch).write("seq", seq);
            }
            json.write("count", count).writeEnd();
        }
        return text.toString();
    }

    /** Writes the last message of a room, as the event {@code message} is written, but without reactions. */
    public static String last(RoomName room, Message last) {
        Message alone =
                last.with(last.content(), last.revision(), last.standing().with(Reactions.NONE));
        return JsonCodec.encode(new Event.Said(room, alone));
    }

    /** Adds its last message to a room; both as they were written. */
    public static String withLast(String room, String last) {
        return JsonCodec.with(room, "last", last);
    }

    /** Adds to a room up to where the client's user has read. */
    public static String withRead(String room, ReadMark read) {
        String marked = JsonCodec.with(room, "mark", String.valueOf(read.seq()));
        Integer unread = read.unread();
        String counted = unread == null ? marked : JsonCodec.with(marked, "unread", String.valueOf(unread));
        return read.more() ? JsonCodec.with(counted, "more", "true") : counted;
    }

    /**
     * Writes the event.
     *
     * @param rooms as they were written
     * @param gone rooms that are not watched any more
     * @param more whether there are more rooms than are watched
     */
    public static String event(List<String> rooms, Collection<RoomName> gone, boolean more) {
        StringBuilder line = new StringBuilder("{\"type\":\"watched\",\"rooms\":[");
        line.append(String.join(",", rooms)).append(']');
        if (!gone.isEmpty()) {
            line.append(",\"gone\":[");
            String separator = "";
            for (RoomName room : gone) { // nothing in a name is escaped
                line.append(separator).append('"').append(room.value()).append('"');
                separator = ",";
            }
            line.append(']');
        }
        return line.append(more ? ",\"more\":true}" : "}").toString();
    }
}
