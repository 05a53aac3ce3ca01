package parley.protocol;

import jakarta.json.JsonArray;
import jakarta.json.JsonNumber;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonParser;
import jakarta.json.stream.JsonParserFactory;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The fields of a command, each read as what it has to be (RFC 8259). A field that may be left out may be {@code null}
 * too.
 *
 * @param values in the order in which they stand
 * @param isTooDeep whether the line goes deeper than it may; then the values are those that are neither object nor
 * array
 * @param line what they were read from
 */
record Fields(Map<String, JsonValue> values, boolean isTooDeep, String line) {
    /** How deep objects and arrays may stand in each other, the command itself being the first. */
    static final int MAX_DEPTH = 32;
    /** The longest {@code id} and {@code epoch}, in characters. */
    static final int MAX_WORD = 64;
    /** The most rooms that one message is published in with one request. */
    static final int MAX_ROOMS = 100;

    /** Behind it comes no date that a client can show. */
    private static final long MOST_TTL = 100L * 365 * 24 * 60 * 60 * 1_000;

    private static final String ONE_A_LINE = "a command is one JSON object (RFC 8259), on a line of its own";
    /**
     * A key that stands twice in an object inside the command is an error where Parsson parses, and the last of them
     * elsewhere.
     */
    private static final JsonParserFactory PARSERS =
            JsonProvider.provider().createParserFactory(Map.of("org.eclipse.parsson.rejectDuplicateKeys", true));

    /** A line is not a command; carries what to answer. Never leaves the codec. */
    static final class Wrong extends Exception {
        private static final long serialVersionUID = 1L;

        final ErrorCode code;
        final String reason;

        Wrong(ErrorCode code, String reason) {
            super(reason, null, false, false);
            this.code = code;
            this.reason = reason;
        }
    }

    static Fields of(String line) throws Wrong {
        boolean isTooDeep = depth(line) > MAX_DEPTH;
        Map<String, JsonValue> values = new LinkedHashMap<>();
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
            // Of many kinds: JsonException, NoSuchElement, NumberFormat for 1e99999999999, Unsupported for a long
            // number.
            throw new Wrong(ErrorCode.BAD_JSON, ONE_A_LINE);
        }
        return new Fields(values, isTooDeep, line);
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
        JsonValue value = value("ref");
        boolean isRef = value == null
                || (value instanceof JsonString word
                        && word.getString().length() <= Ref.MAX_LENGTH
                        && Utf8.canEncode(word.getString()))
                || (value instanceof JsonNumber && value.toString().length() <= Ref.MAX_LENGTH);
        if (!isRef) {
            throw new Wrong(ErrorCode.MISSING_FIELD, "ref is " + Ref.RULE);
        }
        return value == null ? null : new Ref(value);
    }

    /** The value of a field; null when it is not there, or {@code null}. */
    private @Nullable JsonValue value(String field) {
        JsonValue value = values.get(field);
        return value == null || value.getValueType() == JsonValue.ValueType.NULL ? null : value;
    }

    void needDepth() throws Wrong {
        if (isTooDeep) {
            throw new Wrong(ErrorCode.TOO_LARGE, "objects and arrays may stand " + MAX_DEPTH + " deep in each other");
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
        JsonValue value = value(field);
        if (value == null) {
            return null;
        }
        if (!(value instanceof JsonString string)) {
            throw new Wrong(ErrorCode.MISSING_FIELD, field + " is a string");
        }
        if (!Utf8.canEncode(string.getString())) {
            throw new Wrong(ErrorCode.BAD_JSON, field + " holds half of a surrogate pair, which UTF-8 cannot carry");
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

    ReactionKey reaction() throws Wrong {
        return ReactionKey.parse(string("key"))
                .orElseThrow(() -> new Wrong(ErrorCode.BAD_NAME, "the key of a reaction is " + ReactionKey.RULE));
    }

    MemberName name() throws Wrong {
        MemberName name = MemberName.parse(string("name"));
        if (name == null) {
            throw new Wrong(ErrorCode.BAD_NAME, "a name is " + MemberName.RULE);
        }
        return name;
    }

    /** On behalf of whom a message is published; null when it does not say. */
    @Nullable
    MemberName from() throws Wrong {
        String from = stringIfAny("from");
        MemberName name = from == null ? null : MemberName.parse(from);
        if (from != null && name == null) {
            throw new Wrong(ErrorCode.BAD_NAME, "from is " + MemberName.RULE);
        }
        return name;
    }

    /** The rooms that a message is for. */
    List<RoomName> rooms() throws Wrong {
        if (!(value("rooms") instanceof JsonArray array) || array.isEmpty() || array.size() > MAX_ROOMS) {
            throw new Wrong(ErrorCode.MISSING_FIELD, "rooms is a list of 1 to " + MAX_ROOMS + " names of rooms");
        }
        List<RoomName> rooms = new ArrayList<>();
        for (JsonValue value : array) {
            RoomName room = value instanceof JsonString name ? RoomName.parse(name.getString()) : null;
            if (room == null) {
                throw new Wrong(ErrorCode.BAD_ROOM, "a room's name is " + RoomName.RULE);
            }
            rooms.add(room);
        }
        return rooms;
    }

    /** The rooms that a client watches, and whether it wants the last message of each. */
    WatchList watchList() throws Wrong {
        List<String> named = new ArrayList<>();
        if (!(value("rooms") instanceof JsonArray array)) {
            throw new Wrong(
                    ErrorCode.MISSING_FIELD, "rooms is a list of names of rooms and patterns; empty to watch none");
        }
        for (JsonValue value : array) {
            named.add(value instanceof JsonString name ? name.getString() : "");
        }
        Set<WatchList.Detail> details = EnumSet.noneOf(WatchList.Detail.class);
        for (WatchList.Detail detail : WatchList.Detail.values()) {
            if (flag(detail.word())) {
                details.add(detail);
            }
        }
        return WatchList.parse(named, details)
                .orElseThrow(() -> new Wrong(ErrorCode.BAD_ROOM, "each of rooms is " + WatchList.RULE));
    }

    /** Whether a field is true; false when it is not there. */
    boolean flag(String field) throws Wrong {
        JsonValue value = value(field);
        JsonValue.ValueType type = value == null ? JsonValue.ValueType.FALSE : value.getValueType();
        if (type != JsonValue.ValueType.TRUE && type != JsonValue.ValueType.FALSE) {
            throw new Wrong(ErrorCode.MISSING_FIELD, field + " is true or false");
        }
        return type == JsonValue.ValueType.TRUE;
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
        // Beside a text null is no data, by itself it is any JSON.
        if (text == null ? !values.containsKey("data") : value("data") != null) {
            throw new Wrong(ErrorCode.MISSING_FIELD, "a message has text, a string, or data, any JSON; one of them");
        }
        return text == null ? data() : Content.text(text, Utf8.length(text));
    }

    /** What a message is besides that content. */
    Standing standing(Content content) throws Wrong {
        boolean isOpen = value("final") != null && !flag("final");
        if (isOpen && content.kind() != Content.Kind.TEXT) {
            throw new Wrong(
                    ErrorCode.MISSING_FIELD,
                    "data is said at once; a message with final false, to which more is appended, has text");
        }
        return isOpen ? Standing.NONE.with(Standing.Growth.OPEN) : Standing.NONE;
    }

    /** How long a value of a key stays, in milliseconds; 0 where it does not say. */
    long ttl() throws Wrong {
        Long ttl = number("ttl", 1);
        if (ttl != null && ttl > MOST_TTL) {
            throw new Wrong(
                    ErrorCode.MISSING_FIELD,
                    "ttl is " + ttl + ", and at most " + MOST_TTL + " milliseconds (100 years); leave it out for ever");
        }
        return ttl == null ? 0 : ttl;
    }

    /** Refuses a removal that names two things. */
    void needNoSeq() throws Wrong {
        if (value("seq") != null) {
            throw new Wrong(
                    ErrorCode.MISSING_FIELD,
                    "key removes a value and seq a message; name one of them (if is for the seq of a value)");
        }
    }

    /** Refuses a value that would grow: setting its key again would leave its author with a message that is gone. */
    void needFinal() throws Wrong {
        if (value("final") != null && !flag("final")) {
            throw new Wrong(
                    ErrorCode.MISSING_FIELD,
                    "final is false, and a value of a key is said at once; leave out final, or say it without key");
        }
    }

    /** A piece of a message; the last may be empty. */
    Content piece(boolean isLast) throws Wrong {
        String text = stringIfAny("text");
        if (text == null && !isLast) {
            throw new Wrong(
                    ErrorCode.MISSING_FIELD, "text is missing; it is a string, which only final true does without");
        }
        return text == null ? Content.EMPTY : Content.text(text, Utf8.length(text));
    }

    Content data() throws Wrong {
        if (!values.containsKey("data")) {
            throw new Wrong(ErrorCode.MISSING_FIELD, "data is missing; it is any JSON");
        }
        return raw("data");
    }

    /** The state that a member shows; null for none any more. */
    @Nullable
    Content state() throws Wrong {
        JsonValue value = value("state");
        if (value == null) {
            return null;
        }
        if (!(value instanceof JsonObject)) {
            throw new Wrong(ErrorCode.MISSING_FIELD, "state is an object, or null for none");
        }
        Content state = raw("state");
        if (state.bytes() > Command.State.MAX_BYTES) {
            throw new Wrong(ErrorCode.TOO_LARGE, "state is at most " + Command.State.MAX_BYTES + " bytes of UTF-8");
        }
        return state;
    }

    /** A value as it was written. */
    private Content raw(String field) throws Wrong {
        int at = 0;
        for (Iterator<String> keys = values.keySet().iterator(); !keys.next().equals(field); ) {
            at++;
        }
        String json;
        try {
            json = RawJson.member(line, at);
        } catch (RawJson.NotJson e) {
            throw new Wrong(ErrorCode.BAD_JSON, field + " holds " + e.getMessage());
        }
        return new Content(Content.Kind.DATA, json, Utf8.length(json));
    }

    Command.@Nullable After after() throws Wrong {
        JsonValue value = value("after");
        if (value == null) {
            return null;
        }
        if (!(value instanceof JsonObject after)) {
            throw new Wrong(ErrorCode.MISSING_FIELD, "after is an object with epoch and seq, as in joined and message");
        }
        Fields inside = new Fields(after, false, "");
        Long seq = inside.number("seq", 0);
        if (seq == null) {
            throw new Wrong(ErrorCode.MISSING_FIELD, "after.seq is missing; it is an integer from 0");
        }
        return new Command.After(word("after.epoch", inside.string("epoch")), seq);
    }

    /** Whether the command names a key. */
    boolean hasKey() {
        return value("key") != null;
    }

    Key key() throws Wrong {
        Key key = Key.parse(string("key"));
        if (key == null) {
            throw new Wrong(ErrorCode.MISSING_FIELD, "key is " + Key.RULE);
        }
        return key;
    }

    /** The number of the value that is expected to be there; empty for any. */
    OptionalLong expected() throws Wrong {
        Long seq = number("if", 0);
        return seq == null ? OptionalLong.empty() : OptionalLong.of(seq);
    }

    /** Refuses a field that goes with a key alone. */
    void needNo(String field) throws Wrong {
        if (value(field) != null) {
            throw new Wrong(ErrorCode.MISSING_FIELD, field + " goes with key");
        }
    }

    /** A position in a room. */
    long seq() throws Wrong {
        Long seq = number("seq", 0);
        if (seq == null) {
            throw new Wrong(ErrorCode.MISSING_FIELD, "seq is missing; it is an integer from 0");
        }
        return seq;
    }

    /** The history that a position belongs to; null when it does not say. */
    @Nullable
    String epoch() throws Wrong {
        String epoch = stringIfAny("epoch");
        return epoch == null ? null : word("epoch", epoch);
    }

    @Nullable
    Long number(String field, long least) throws Wrong {
        JsonValue value = value(field);
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
