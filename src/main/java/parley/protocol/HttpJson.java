package parley.protocol;

import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonGenerator;
import jakarta.json.stream.JsonGeneratorFactory;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The bodies of requests and answers of HTTP, in JSON (RFC 8259), each on one line. What a body is asked for is as in
 * {@link JsonCodec}. Any thread.
 */
public final class HttpJson {
    private static final JsonProvider JSON = JsonProvider.provider();
    private static final JsonGeneratorFactory GENERATORS = JSON.createGeneratorFactory(Map.of());

    /** What became of a body. */
    public sealed interface Decoded permits Post, Piece, Value, Mark, Wrong {}

    /** It is not what was asked for: why, in a word and in a sentence. */
    public record Wrong(ErrorCode code, String reason) implements Decoded {}

    /**
     * What became of a message in a room.
     *
     * @param epoch the history that its number belongs to; null when it is not known any more
     * @param at when it was published, in milliseconds since 1970; null with the epoch
     * @param isDuplicate whether it had been published before
     */
    public record Kept(
            RoomName room,
            @Nullable String epoch,
            long seq,
            @Nullable Long at,
            boolean isDuplicate) {}

    /** A room, in a list of rooms. */
    public record Room(RoomName name, int members, String epoch, long seq) {}

    private HttpJson() {}

    /** Reads a message. */
    public static Decoded message(String json, boolean isForRooms) {
        Fields fields;
        try {
            fields = Fields.of(json);
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, "a message is one JSON object (RFC 8259), in which no key stands twice");
        }
        try {
            fields.needDepth();
            List<RoomName> rooms = isForRooms ? fields.rooms() : null;
            Content content = fields.content();
            return new Post(content, fields.id(), fields.from(), fields.standing(content), rooms);
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, e.reason);
        }
    }

    /**
     * A piece of a message.
     *
     * @param text what goes behind its text
     * @param isLast whether the message is final then
     */
    public record Piece(
            Content text, boolean isLast, @Nullable String id) implements Decoded {}

    /** Reads a piece of a message. */
    public static Decoded piece(String json) {
        Fields fields;
        try {
            fields = Fields.of(json);
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, "a piece is one JSON object (RFC 8259), in which no key stands twice");
        }
        try {
            fields.needDepth();
            boolean isLast = fields.flag("final");
            return new Piece(fields.piece(isLast), isLast, fields.id());
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, e.reason);
        }
    }

    /** Reads a signal: its {@code data}, and on behalf of whom it is. */
    public static Decoded signal(String json) {
        Fields fields;
        try {
            fields = Fields.of(json);
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, "a signal is one JSON object (RFC 8259), in which no key stands twice");
        }
        try {
            fields.needDepth();
            return new Post(fields.data(), null, fields.from(), Standing.NONE, null);
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, e.reason);
        }
    }

    /**
     * Up to where a user has read.
     *
     * @param epoch the history that the number belongs to; null when it does not say
     */
    public record Mark(long seq, @Nullable String epoch) implements Decoded {}

    /** Reads a read mark. */
    public static Decoded mark(String json) {
        Fields fields;
        try {
            fields = Fields.of(json);
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, "a mark is one JSON object (RFC 8259), in which no key stands twice");
        }
        try {
            fields.needDepth();
            return new Mark(fields.seq(), fields.epoch());
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, e.reason);
        }
    }

    /**
     * The value of a key.
     *
     * @param ttl how long it stays, in milliseconds; 0 until it is removed
     */
    public record Value(Post post, long ttl) implements Decoded {}

    /** Reads the value of a key. */
    public static Decoded value(String json) {
        Fields fields;
        try {
            fields = Fields.of(json);
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, "a value is one JSON object (RFC 8259), in which no key stands twice");
        }
        try {
            fields.needDepth();
            return new Value(new Post(fields.content(), fields.id(), fields.from(), Standing.NONE, null), fields.ttl());
        } catch (Fields.Wrong e) {
            return new Wrong(e.code, e.reason);
        }
    }

    /** Whether it can be an {@code id}. */
    public static boolean isId(String id) {
        return !id.isEmpty() && id.length() <= Fields.MAX_WORD && Utf8.canEncode(id);
    }

    /** Writes why a request was not carried out (RFC 9457 section 3.1). */
    public static String problem(int status, String code, String detail) {
        return object(json -> problem(json, status, code, detail));
    }

    /** The same of one room among several. */
    public static String problem(RoomName room, int status, String code, String detail) {
        return object(json -> problem(json.write("room", room.value()), status, code, detail));
    }

    /** Why a message was not added, and where the room is instead. */
    public static String moved(RoomName room, int status, String code, String detail, String epoch, long seq) {
        return object(json -> {
            problem(json, status, code, detail);
            json.write("room", room.value()).write("epoch", epoch).write("seq", seq);
        });
    }

    private static void problem(JsonGenerator json, int status, String code, String detail) {
        json.write("status", status).write("code", code).write("detail", detail);
    }

    /** Writes what became of a message. */
    public static String kept(Kept kept) {
        return object(json -> {
            json.write("room", kept.room().value());
            if (kept.epoch() != null) {
                json.write("epoch", kept.epoch());
            }
            json.write("seq", kept.seq());
            if (kept.at() != null) {
                json.write("at", JsonCodec.time(kept.at()));
            }
            if (kept.isDuplicate()) {
                json.write("duplicate", true);
            }
        });
    }

    /** Joins what became of a message in several rooms. */
    public static String results(List<String> lines) {
        return "{\"results\":[" + lines.stream().map(String::strip).collect(Collectors.joining(",")) + "]}\n";
    }

    /** Writes a list of rooms. */
    public static String rooms(List<Room> rooms, boolean more) {
        return object(json -> {
            json.writeStartArray("rooms");
            for (Room room : rooms) {
                json.writeStartObject()
                        .write("room", room.name().value())
                        .write("count", room.members())
                        .write("epoch", room.epoch())
                        .write("seq", room.seq())
                        .writeEnd();
            }
            json.writeEnd().write("more", more);
        });
    }

    /** Writes a ticket, and for how many seconds it holds. */
    public static String ticket(String ticket, long seconds) {
        return object(json -> json.write("ticket", ticket).write("expiresIn", seconds));
    }

    /** Writes how many sessions were closed. */
    public static String closed(int sessions) {
        return object(json -> json.write("closed", sessions));
    }

    private static String object(Consumer<JsonGenerator> fields) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(text)) {
            json.writeStartObject();
            fields.accept(json);
            json.writeEnd();
        }
        return text.append('\n').toString();
    }
}
