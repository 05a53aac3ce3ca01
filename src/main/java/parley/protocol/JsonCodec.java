package parley.protocol;

import jakarta.json.spi.JsonProvider;
import jakarta.json.stream.JsonGenerator;
import jakarta.json.stream.JsonGeneratorFactory;
import java.io.StringWriter;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * The codec of the subprotocol {@code parley.v1.json}: one JSON object a line (RFC 8259), commands in and events out.
 * Any thread.
 *
 * <p>Strict: a field is there with its type or the command is answered with an error; {@code null} is as good as
 * absent; a key that stands twice is an error, since two readers could take two values; what no command knows is passed
 * over, so that a client can be newer than the server.
 */
public final class JsonCodec {
    /** The name that handshakes ask for (RFC 6455 section 1.9). */
    public static final String SUBPROTOCOL = "parley.v1.json";

    private static final int DEFAULT_LIMIT = 50;

    private static final JsonProvider JSON = JsonProvider.provider();
    private static final JsonGeneratorFactory GENERATORS = JSON.createGeneratorFactory(Map.of());
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    /** What became of a line: a command, or the error that answers it. */
    public sealed interface Decoded permits Command, Event.Error {
        /** The client's ref, which the answer carries. */
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
        } catch (Fields.Wrong e) {
            return new Event.Error(null, e.code, e.reason, null);
        }
        Ref ref = null;
        try {
            ref = fields.ref();
            fields.needDepth();
            return command(fields, ref);
        } catch (Fields.Wrong e) {
            return new Event.Error(ref, e.code, e.reason, fields.roomIfAny());
        }
    }

    private static Command command(Fields fields, @Nullable Ref ref) throws Fields.Wrong {
        String type = fields.string("type");
        return switch (type) {
            case "join" -> join(fields, ref);
            case "leave" -> new Command.Leave(ref, fields.room());
            case "say" -> fields.hasKey() ? put(fields, ref) : say(fields, ref);
            case "append" -> append(fields, ref);
            case "edit" ->
                new Command.Edit(ref, fields.room(), fields.seq(), fields.epoch(), fields.content(), fields.id());
            case "remove" ->
                fields.hasKey()
                        ? unset(fields, ref)
                        : new Command.Remove(ref, fields.room(), fields.seq(), fields.epoch());
            case "react" ->
                new Command.React(
                        ref,
                        fields.room(),
                        fields.seq(),
                        fields.epoch(),
                        fields.reaction(),
                        fields.flag("off"),
                        fields.id());
            case "signal" -> new Command.Signal(ref, fields.room(), fields.data());
            case "state" -> new Command.State(ref, fields.room(), fields.state());
            case "mark" -> new Command.Mark(ref, fields.room(), fields.seq(), fields.epoch());
            case "history" -> history(fields, ref);
            case "who" -> new Command.Who(ref, fields.room());
            case "rename" -> new Command.Rename(ref, fields.name());
            case "renew" -> new Command.Renew(ref, fields.string("token"));
            case "watch" -> new Command.Watch(ref, fields.watchList());
            case "ping" -> new Command.Ping(ref);
            default ->
                throw new Fields.Wrong(
                        ErrorCode.UNKNOWN_TYPE,
                        "type is one of join, leave, say, append, edit, remove, react, signal, state, mark, history,"
                                + " who, watch, rename, renew and ping");
        };
    }

    private static Command say(Fields fields, @Nullable Ref ref) throws Fields.Wrong {
        fields.needNo("if");
        fields.needNo("ttl");
        RoomName room = fields.room();
        Content content = fields.content();
        return new Command.Say(ref, room, content, fields.id(), fields.standing(content));
    }

    private static Command append(Fields fields, @Nullable Ref ref) throws Fields.Wrong {
        RoomName room = fields.room();
        long seq = fields.seq();
        boolean isLast = fields.flag("final");
        return new Command.Append(ref, room, seq, fields.epoch(), fields.piece(isLast), isLast, fields.id());
    }

    private static Command unset(Fields fields, @Nullable Ref ref) throws Fields.Wrong {
        fields.needNoSeq();
        return new Command.Unset(ref, fields.room(), fields.key(), fields.expected(), fields.epoch());
    }

    private static Command put(Fields fields, @Nullable Ref ref) throws Fields.Wrong {
        fields.needFinal();
        return new Command.Put(
                ref,
                fields.room(),
                fields.key(),
                fields.content(),
                fields.id(),
                fields.expected(),
                fields.ttl(),
                fields.epoch());
    }

    private static Command join(Fields fields, @Nullable Ref ref) throws Fields.Wrong {
        RoomName room = fields.room();
        Command.After after = fields.after();
        Long history = fields.number("history", 0);
        boolean state = fields.flag("state");
        if (state && history != null) {
            throw new Fields.Wrong(
                    ErrorCode.MISSING_FIELD,
                    "join takes state, for the values of keys and what comes behind them, or history, to start so far"
                            + " back; not both");
        }
        if (after != null && history != null) {
            throw new Fields.Wrong(
                    ErrorCode.MISSING_FIELD, "join takes after, to resume, or history, to start so far back; not both");
        }
        return new Command.Join(ref, room, after, history == null ? null : clamped(history), state);
    }

    private static Command history(Fields fields, @Nullable Ref ref) throws Fields.Wrong {
        RoomName room = fields.room();
        Long before = fields.number("before", 0);
        Long after = fields.number("after", 0);
        Long limit = fields.number("limit", 1);
        if (before != null && after != null) {
            throw new Fields.Wrong(
                    ErrorCode.MISSING_FIELD, "history takes before or after, or neither for the newest; not both");
        }
        int most = limit == null ? DEFAULT_LIMIT : clamped(limit);
        return new Command.History(ref, room, before, after, most, fields.flag("changes"));
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
        if (event instanceof Event.State state) {
            return state(state);
        }
        StringWriter line = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(line)) {
            write(json.writeStartObject(), event);
            json.writeEnd();
        }
        String written = line.toString();
        if (event instanceof Event.Conflict conflict && conflict.value() != null) {
            return with(written, "message", message("message", conflict.room(), conflict.value()));
        }
        if (event instanceof Event.Presence presence) {
            written = with(written, "members", AttendeesJson.members(presence.members()));
            return with(written, "gone", AttendeesJson.gone(presence.gone()));
        }
        return event instanceof Event.Members members
                ? with(written, "members", AttendeesJson.members(members.members()))
                : written;
    }

    /** Writes a time as messages have it. */
    static String time(long millis) {
        return TIME.format(Instant.ofEpochMilli(millis));
    }

    /** Writes words as one line, for what is not the protocol. */
    public static String line(Map<String, String> fields) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(line)) {
            json.writeStartObject();
            fields.forEach(json::write);
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
        } else if (event instanceof Event.Conflict conflict) {
            head(json, "error", conflict.ref(), conflict.room())
                    .write("code", ErrorCode.CONFLICT.word())
                    .write("reason", conflict.reason())
                    .write(
                            "seq",
                            conflict.value() == null ? 0 : conflict.value().seq());
        } else if (event instanceof Event.Joined joined) {
            head(json, "joined", joined.ref(), joined.room())
                    .write("epoch", joined.epoch())
                    .write("seq", joined.seq())
                    .write("count", joined.count());
            flag(json, "recovered", joined.recovered());
            read(json, joined.read());
        } else if (event instanceof Event.Mark mark) {
            head(json, "mark", null, mark.room()).write("epoch", mark.epoch()).write("seq", mark.seq());
            read(json, mark.read());
        } else if (event instanceof Event.Left left) {
            head(json, "left", left.ref(), left.room());
        } else if (event instanceof Event.Gap gap) {
            head(json, "gap", null, gap.room()).write("after", gap.after()).write("before", gap.before());
            if (gap.missed() != null) {
                json.write("missed", gap.missed());
            }
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
        if (welcome.user() != null) {
            json.write("user", welcome.user());
        }
        json.writeStartObject("limits")
                .write("bytes", welcome.bytes())
                .write("commandBytes", welcome.commandBytes())
                .write("rooms", welcome.rooms())
                .write("rate", welcome.rate())
                .write("bytesPerSecond", welcome.bytesPerSecond())
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

    private static void read(JsonGenerator json, @Nullable ReadMark read) {
        if (read != null) {
            json.write("mark", read.seq());
            if (read.unread() != null) {
                json.write("unread", read.unread());
            }
            flag(json, "more", read.more() ? true : null);
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
                json.write("seq", message.seq()).write("at", time(message.at()));
            }
            if (message.from() != null) {
                json.write("from", message.from());
            }
            if (message.user() != null) {
                json.write("user", message.user());
            }
            if (message.id() != null) {
                json.write("id", message.id());
            }
            revision(json, message);
            keyed(json, message);
            if (content.kind() == Content.Kind.TEXT) {
                json.write(isPiece(message) ? "append" : "text", content.text());
            }
            ReactionsJson.write(json, message);
            json.writeEnd();
        }
        return content.kind() == Content.Kind.DATA ? with(line.toString(), "data", content.text()) : line.toString();
    }

    private static void revision(JsonGenerator json, Message message) {
        boolean isRemoved = message.content().kind() == Content.Kind.REMOVED;
        if (message.revision() instanceof Revision.Change change) {
            json.write("changes", change.of());
            if (change.kind() instanceof ChangeKind.Piece piece) {
                json.write("start", piece.start());
                flag(json, "final", piece.isLast() ? true : null);
            }
        } else if (message.revision() instanceof Revision.Changed changed && !isRemoved) {
            json.writeStartObject("edited").write("seq", changed.seq()).write("at", time(changed.at()));
            if (changed.from() != null) {
                json.write("from", changed.from());
            }
            if (changed.user() != null) {
                json.write("user", changed.user());
            }
            json.writeEnd();
        }
        flag(json, "removed", isRemoved ? true : null);
        flag(json, "open", message.standing().growth().isOpen() ? true : null);
    }

    private static boolean isPiece(Message message) {
        return message.revision() instanceof Revision.Change change && change.kind() instanceof ChangeKind.Piece;
    }

    private static void keyed(JsonGenerator json, Message message) {
        if (message.revision() instanceof Revision.Keyed keyed) {
            json.write("key", keyed.key().value());
            if (keyed.expires() > 0) {
                json.write("expires", time(keyed.expires()));
            }
        }
    }

    private static String state(Event.State state) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(line)) {
            head(json.writeStartObject(), "state", null, state.room())
                    .write("epoch", state.epoch())
                    .write("seq", state.seq())
                    .write("more", state.more())
                    .writeEnd();
        }
        return with(line.toString(), "messages", messages(state.room(), state.messages()));
    }

    private static String messages(RoomName room, List<Message> messages) {
        StringJoiner all = new StringJoiner(",", "[", "]");
        messages.forEach(message -> all.add(message("message", room, message)));
        return all.toString();
    }

    private static String history(Event.History history) {
        StringWriter line = new StringWriter();
        try (JsonGenerator json = GENERATORS.createGenerator(line)) {
            head(json.writeStartObject(), "history", history.ref(), history.room())
                    .write("epoch", history.epoch())
                    .write("more", history.more());
            if (history.first() != null) {
                json.write("first", history.first());
            }
            json.writeEnd();
        }
        return with(line.toString(), "messages", messages(history.room(), history.messages()));
    }

    /**
     * Adds a field whose value is JSON already: a generator would have to parse it to write it. Adds nothing for an
     * empty text.
     */
    static String with(String object, String field, String json) {
        return json.isEmpty() ? object : object.substring(0, object.length() - 1) + ",\"" + field + "\":" + json + "}";
    }
}
