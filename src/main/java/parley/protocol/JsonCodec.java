package parley.protocol;

import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonGenerator;
import jakarta.json.stream.JsonGeneratorFactory;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParserFactory;
import java.io.StringReader;
import java.io.StringWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The codec of the subprotocol {@code parley.v1.json}: one JSON object a line (RFC 8259), commands in and events out. Any
 * thread.
 *
 * <p>Strict: a field is there with its type or the command is answered with an error; a key that stands twice is an
 * error, since two readers could take two values; what no command knows is passed over, so that a client can be newer than the
 * server.
 */
public final class JsonCodec {
    /** The name that handshakes ask for (RFC 6455 section 1.9). */
    public static final String SUBPROTOCOL = "parley.v1.json";

    /** How deep objects and arrays may stand in each other, the command itself being the first. */
    static final int MAX_DEPTH = 32;
    /** The longest {@code id} and {@code epoch}, in characters. */
    static final int MAX_WORD = 64;

    private static final int DEFAULT_LIMIT = 50;
    private static final String ONE_A_LINE = "a command is one JSON object (RFC 8259), on a line of its own";

    private static final JsonProvider JSON = JsonProvider.provider();
    /** A key that stands twice in an object inside the command is an error where Parsson parses, and the last of them elsewhere. */
    private static final JsonParserFactory PARSERS =
            JSON.createParserFactory(Map.of("org.eclipse.parsson.rejectDuplicateKeys", true));

    private static final JsonGeneratorFactory GENERATORS = JSON.createGeneratorFactory(Map.of());
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    /** What became of a line: a command, or the error that answers it. */
    public sealed interface Decoded permits Command, Event.Error {
        /** The client's mark, which the answer carries. */
        @Nullable
        Ref ref();

        /** The room it is about, or null. */
        @Nullable
        RoomName room();
    }

    private JsonCodec() {}

    /** Reads one line. */
    public static Decoded decode(String line) {
        Fields fields;
        try {
            fields = Fields.of(line);
        } catch (Wrong e) {
            return new Event.Error(null, e.code, e.reason, null);
        }
        Ref ref = null;
        try {
            ref = fields.ref();
            fields.needDepth();
            return command(fields, ref);
        } catch (Wrong e) {
            return new Event.Error(ref, e.code, e.reason, fields.roomIfAny());
        }
    }

    private static Command command(Fields fields, @Nullable Ref ref) throws Wrong {
        String type = fields.string("type");
        return switch (type) {
            case "join" -> join(fields, ref);
            case "leave" -> new Command.Leave(ref, fields.room());
            case "say" -> new Command.Say(ref, fields.room(), fields.content(), fields.id());
            case "signal" -> new Command.Signal(ref, fields.room(), fields.data());
            case "history" -> history(fields, ref);
            case "who" -> new Command.Who(ref, fields.room());
            case "rename" -> new Command.Rename(ref, fields.name());
            case "ping" -> new Command.Ping(ref);
            default ->
                throw new Wrong(
                        ErrorCode.UNKNOWN_TYPE,
                        "type is one of join, leave, say, signal, history, who, rename and ping");
        };
    }

    private static Command join(Fields fields, @Nullable Ref ref) throws Wrong {
        RoomName room = fields.room();
        Command.After after = fields.after();
        Long history = fields.number("history", 0);
        if (after != null && history != null) {
            throw new Wrong(
                    ErrorCode.MISSING_FIELD, "join takes after, to resume, or history, to start so far back; not both");
        }
        return new Command.Join(ref, room, after, history == null ? null : clamped(history));
    }

    private static Command history(Fields fields, @Nullable Ref ref) throws Wrong {
        RoomName room = fields.room();
        Long before = fields.number("before", 0);
        Long after = fields.number("after", 0);
        Long limit = fields.number("limit", 1);
        if (before != null && after != null) {
            throw new Wrong(
                    ErrorCode.MISSING_FIELD, "history takes before or after, or neither for the newest; not both");
        }
        return new Command.History(ref, room, before, after, limit == null ? DEFAULT_LIMIT : clamped(limit));
    }

    private static int clamped(long number) {
        return (int) Math.min(number, Integer.MAX_VALUE);
    }

    /** Writes an event as one line, without the line break. */
    public static String encode(Event event) {
        if (event instanceof Event.Said said) {
            return message("message", said.room(), said.message());
        }
        if (event instanceof Event.Signal signal) {
            return message("signal", signal.room(), signal.message());
        }
        if (event instanceof Event.History history) {
            return history(history);
        }
        StringWriter line = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(line)) {
            write(json.writeStartObject(), event);
            json.writeEnd();
        }
        return line.toString();
    }

    private static void write(JsonGenerator json, Event event) {
        if (event instanceof Event.Ack ack) {
            head(json, "ack", ack.ref(), ack.room());
            if (ack.seq() != null) {
                json.write("seq", ack.seq());
            }
            flag(json, "duplicate", ack.duplicate());
        } else if (event instanceof Event.Error error) {
            head(json, "error", error.ref(), error.room())
                    .write("code", error.code().word())
                    .write("reason", error.reason());
        } else if (event instanceof Event.Joined joined) {
            head(json, "joined", joined.ref(), joined.room())
                    .write("epoch", joined.epoch())
                    .write("seq", joined.seq())
                    .write("count", joined.count());
            flag(json, "recovered", joined.recovered());
        } else if (event instanceof Event.Left left) {
            head(json, "left", left.ref(), left.room());
        } else if (event instanceof Event.Gap gap) {
            head(json, "gap", null, gap.room())
                    .write("after", gap.after())
                    .write("before", gap.before())
                    .write("missed", gap.before() - gap.after() - 1);
        } else if (event instanceof Event.Presence presence) {
            head(json, "presence", null, presence.room());
            names(json, "names", presence.names());
            names(json, "joined", presence.joined());
            names(json, "left", presence.left());
            json.write("count", presence.count());
        } else if (event instanceof Event.Members members) {
            head(json, "members", members.ref(), members.room());
            names(json, "names", members.names());
            json.write("count", members.count()).write("more", members.more());
        } else if (event instanceof Event.Pong pong) {
            head(json, "pong", pong.ref(), null);
        } else if (event instanceof Event.Welcome welcome) {
            write(json, welcome);
        } else if (event instanceof Event.Bye bye) {
            head(json, "bye", null, null)
                    .write("reason", bye.reason())
                    .writeStartObject("retry")
                    .write("min", bye.minMillis())
                    .write("max", bye.maxMillis())
                    .writeEnd();
        } else {
            throw new AssertionError(event);
        }
    }

    private static void write(JsonGenerator json, Event.Welcome welcome) {
        head(json, "welcome", null, null).write("session", welcome.session());
        if (welcome.name() != null) {
            json.write("name", welcome.name());
        }
        json.writeStartObject("limits")
                .write("bytes", welcome.bytes())
                .write("commandBytes", welcome.commandBytes())
                .write("rooms", welcome.rooms())
                .write("rate", welcome.rate())
                .writeEnd();
    }

    private static JsonGenerator head(JsonGenerator json, String type, @Nullable Ref ref, @Nullable RoomName room) {
        json.write("type", type);
        if (ref != null) {
            json.write("ref", ref.value());
        }
        if (room != null) {
            json.write("room", room.value());
        }
        return json;
    }

    private static void flag(JsonGenerator json, String name, @Nullable Boolean value) {
        if (value != null) {
            json.write(name, value);
        }
    }

    private static void names(JsonGenerator json, String field, @Nullable List<String> names) {
        if (names != null) {
            json.writeStartArray(field);
            names.forEach(json::write);
            json.writeEnd();
        }
    }

    private static String message(String type, RoomName room, Message message) {
        Content content = message.content();
        StringWriter line = new StringWriter(content.text().length() + 160);
        try (JsonGenerator json = GENERATORS.createGenerator(line)) {
            head(json.writeStartObject(), type, null, room);
            if (type.equals("message")) {
                json.write("seq", message.seq()).write("at", TIME.format(Instant.ofEpochMilli(message.at())));
            }
            if (message.from() != null) {
                json.write("from", message.from());
            }
            if (message.id() != null) {
                json.write("id", message.id());
            }
            if (content.kind() == Content.Kind.TEXT) {
                json.write("text", content.text());
            }
            json.writeEnd();
        }
        return content.kind() == Content.Kind.TEXT ? line.toString() : with(line.toString(), "data", content.text());
    }

    private static String history(Event.History history) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(line)) {
            head(json.writeStartObject(), "history", history.ref(), history.room())
                    .write("epoch", history.epoch())
                    .write("more", history.more())
                    .writeEnd();
        }
        List<String> messages = new ArrayList<>();
        for (Message message : history.messages()) {
            messages.add(message("message", history.room(), message));
        }
        return with(line.toString(), "messages", "[" + String.join(",", messages) + "]");
    }

    /** Adds a field whose value is JSON already: a generator would have to parse it to write it. */
    private static String with(String object, String field, String json) {
        return object.substring(0, object.length() - 1) + ",\"" + field + "\":" + json + "}";
    }

    /** A line is not a command; carries what to answer. Never leaves the codec. */
    private static final class Wrong extends Exception {
        private static final long serialVersionUID = 1L;

        private final ErrorCode code;
        private final String reason;

        Wrong(ErrorCode code, String reason) {
            super(reason, null, false, false);
            this.code = code;
            this.reason = reason;
        }
    }

    /** The fields of a line, each read as what it has to be. */
    private record Fields(Map<String, JsonValue> values, boolean isTooDeep) {

        static Fields of(String line) throws Wrong {
            boolean isTooDeep = depth(line) > MAX_DEPTH;
            Map<String, JsonValue> values = new HashMap<>();
            try (JsonParser parser = PARSERS.createParser(new StringReader(line))) {
                if (parser.next() != JsonParser.Event.START_OBJECT) {
                    throw new Wrong(ErrorCode.BAD_JSON, ONE_A_LINE);
                }
                while (parser.next() == JsonParser.Event.KEY_NAME) {
                    String key = parser.getString();
                    JsonParser.Event event = parser.next();
                    JsonValue value = isTooDeep ? withoutDepth(parser, event) : parser.getValue();
                    if (values.put(key, value) != null) {
                        throw new Wrong(ErrorCode.BAD_JSON, "a key stands twice in the command");
                    }
                }
                if (parser.hasNext()) {
                    throw new Wrong(ErrorCode.BAD_JSON, ONE_A_LINE);
                }
            } catch (RuntimeException e) {
                // Of many kinds: JsonException, NoSuchElement, NumberFormat (1e99999999999), Unsupported (long
                // numbers).
                throw new Wrong(ErrorCode.BAD_JSON, ONE_A_LINE);
            }
            return new Fields(values, isTooDeep);
        }

        /** Reads a value that is neither object nor array, and passes over one that is, without recursion. */
        private static JsonValue withoutDepth(JsonParser parser, JsonParser.Event event) {
            int depth = depth(event);
            if (depth == 0) {
                return parser.getValue();
            }
            while (depth > 0) {
                depth += depth(parser.next());
            }
            return JsonValue.NULL;
        }

        private static int depth(JsonParser.Event event) {
            return switch (event) {
                case START_OBJECT, START_ARRAY -> 1;
                case END_OBJECT, END_ARRAY -> -1;
                default -> 0;
            };
        }

        /** How deep the line goes, found before it is parsed: parsers recurse, and not all of them have a limit. */
        private static int depth(String line) {
            int depth = 0;
            int deepest = 0;
            boolean inString = false;
            for (int i = 0; i < line.length(); i++) {
                switch (line.charAt(i)) {
                    case '\\' -> i++;
                    case '"' -> inString = !inString;
                    case '{', '[' -> deepest = Math.max(deepest, inString ? 0 : ++depth);
                    case '}', ']' -> depth -= inString ? 0 : 1;
                    default -> {}
                }
            }
            return deepest;
        }

        @Nullable
        Ref ref() throws Wrong {
            JsonValue value = values.get("ref");
            boolean isRef = value == null
                    || (value instanceof JsonString word
                            && word.getString().length() <= Ref.MAX_LENGTH
                            && Utf8.canEncode(word.getString()))
                    || (value instanceof JsonNumber && value.toString().matches("-?\\d{1," + Ref.MAX_LENGTH + "}"));
            if (!isRef) {
                throw new Wrong(ErrorCode.MISSING_FIELD, "ref is " + Ref.RULE);
            }
            return value == null ? null : new Ref(value);
        }

        void needDepth() throws Wrong {
            if (isTooDeep) {
                throw new Wrong(
                        ErrorCode.TOO_LARGE, "objects and arrays may stand " + MAX_DEPTH + " deep in each other");
            }
        }

        String string(String field) throws Wrong {
            String string = stringIfAny(field);
            if (string == null) {
                throw new Wrong(ErrorCode.MISSING_FIELD, field + " is missing; it is a string");
            }
            return string;
        }

        private @Nullable String stringIfAny(String field) throws Wrong {
            JsonValue value = values.get(field);
            if (value == null) {
                return null;
            }
            if (!(value instanceof JsonString string)) {
                throw new Wrong(ErrorCode.MISSING_FIELD, field + " is a string");
            }
            if (!Utf8.canEncode(string.getString())) {
                throw new Wrong(
                        ErrorCode.BAD_JSON, field + " holds half of a surrogate pair, which UTF-8 cannot carry");
            }
            return string.getString();
        }

        RoomName room() throws Wrong {
            RoomName room = RoomName.parse(string("room"));
            if (room == null) {
                throw new Wrong(ErrorCode.BAD_ROOM, "a room's name is " + RoomName.RULE);
            }
            return room;
        }

        /** The room, for an error that is about something else. */
        @Nullable
        RoomName roomIfAny() {
            return values.get("room") instanceof JsonString room ? RoomName.parse(room.getString()) : null;
        }

        MemberName name() throws Wrong {
            MemberName name = MemberName.parse(string("name"));
            if (name == null) {
                throw new Wrong(ErrorCode.BAD_NAME, "a name is " + MemberName.RULE);
            }
            return name;
        }

        @Nullable
        String id() throws Wrong {
            String id = stringIfAny("id");
            return id == null ? null : word("id", id);
        }

        private static String word(String field, String word) throws Wrong {
            if (word.isEmpty()) {
                throw new Wrong(ErrorCode.MISSING_FIELD, field + " is empty; it has 1 to " + MAX_WORD + " characters");
            }
            if (word.length() > MAX_WORD) {
                throw new Wrong(ErrorCode.TOO_LARGE, field + " has 1 to " + MAX_WORD + " characters");
            }
            return word;
        }

        Content content() throws Wrong {
            String text = stringIfAny("text");
            if ((text == null) == (values.get("data") == null)) {
                throw new Wrong(ErrorCode.MISSING_FIELD, "say takes text, a string, or data, any JSON; one of them");
            }
            return text == null ? data() : Content.text(text, Utf8.length(text));
        }

        Content data() throws Wrong {
            JsonValue value = values.get("data");
            if (value == null) {
                throw new Wrong(ErrorCode.MISSING_FIELD, "data is missing; it is any JSON");
            }
            String json = value.toString();
            if (!Utf8.canEncode(json)) {
                throw new Wrong(ErrorCode.BAD_JSON, "data holds half of a surrogate pair, which UTF-8 cannot carry");
            }
            return new Content(Content.Kind.DATA, json, Utf8.length(json));
        }

        Command.@Nullable After after() throws Wrong {
            JsonValue value = values.get("after");
            if (value == null) {
                return null;
            }
            if (!(value instanceof JsonObject after)) {
                throw new Wrong(
                        ErrorCode.MISSING_FIELD, "after is an object with epoch and seq, as in joined and message");
            }
            Fields inside = new Fields(after, false);
            Long seq = inside.number("seq", 0);
            if (seq == null) {
                throw new Wrong(ErrorCode.MISSING_FIELD, "after.seq is missing; it is an integer from 0");
            }
            return new Command.After(word("after.epoch", inside.string("epoch")), seq);
        }

        @Nullable
        Long number(String field, long least) throws Wrong {
            JsonValue value = values.get(field);
            if (value == null) {
                return null;
            }
            Long number = asLong(value);
            if (number == null || number < least) {
                throw new Wrong(ErrorCode.MISSING_FIELD, field + " is an integer from " + least);
            }
            return number;
        }

        private static @Nullable Long asLong(JsonValue value) {
            // By its text: whether 1e9 is an integer, and what becomes of 1e999999999, differs between implementations.
            return value instanceof JsonNumber && value.toString().matches("-?\\d{1,18}")
                    ? Long.valueOf(value.toString())
                    : null;
        }
    }
}
