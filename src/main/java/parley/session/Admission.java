package parley.session;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import parley.protocol.CloseCode;
import parley.protocol.Command;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.room.RoomRegistry;

/** The door: decides from a handshake who comes in and where to. Any thread. */
public final class Admission {

    /** What became of a handshake. */
    public sealed interface Verdict {}

    /** It may open an echo session. */
    public record Echo() implements Verdict {}

    /**
     * It may join a room.
     *
     * @param start where in the room's log: taken now, so that nothing is missed between here and joining
     */
    public record Chat(RoomName room, @Nullable MemberName name, RoomRegistry.Position start) implements Verdict {}

    /**
     * It may not come in.
     *
     * @param status the HTTP status, where the handshake can be refused
     * @param code the close code, where it cannot
     * @param reason a sentence that says what is wrong and what is allowed
     */
    public record Refusal(int status, CloseCode code, String reason) implements Verdict {}

    /** How long a client that is refused with 503 should wait, for {@code Retry-After} (RFC 9110 section 10.2.3). */
    public static final String RETRY_AFTER_SECONDS = "5";

    private final Origins origins;
    private final Sessions sessions;
    private final RoomRegistry rooms;
    private volatile boolean closed;

    /** Makes the door. */
    public Admission(Origins origins, Sessions sessions, RoomRegistry rooms) {
        this.origins = origins;
        this.sessions = sessions;
        this.rooms = rooms;
    }

    /** Lets nobody in from now on. */
    public void close() {
        closed = true;
    }

    /** Decides about a handshake, before it is answered. */
    public Verdict judge(Request request) {
        if (closed) {
            return new Refusal(503, CloseCode.GOING_AWAY, "shutting down");
        }
        if (sessions.isFull()) {
            return new Refusal(503, CloseCode.TRY_AGAIN_LATER, "the server is full");
        }
        if (!origins.allow(request.origin(), request.host())) {
            return new Refusal(403, CloseCode.POLICY_VIOLATION, "this origin is not allowed");
        }
        if (request.path().equals("/echo")) {
            return new Echo();
        }
        if (request.path().equals("/chat")) {
            return chat(RoomName.LOBBY, request.query());
        }
        if (request.path().startsWith("/chat/")) {
            RoomName room = RoomName.parse(request.path().substring("/chat/".length()));
            return room == null ? bad("a room's name is " + RoomName.RULE) : chat(room, request.query());
        }
        return new Refusal(404, CloseCode.POLICY_VIOLATION, "there is /echo, /chat and /chat/{room}");
    }

    private Verdict chat(RoomName room, @Nullable String query) {
        Map<String, String> parameters;
        try {
            parameters = parse(query);
        } catch (IllegalArgumentException e) {
            return bad("the query string has a broken %-escape");
        }
        String name = parameters.get("name");
        MemberName memberName = name == null ? null : MemberName.parse(name);
        if (name != null && memberName == null) {
            return bad("name is " + MemberName.RULE);
        }
        int history = history(parameters.getOrDefault("history", "0"));
        if (history < 0) {
            return bad("history is a number from 0 to 999999999; a room has as many as it keeps");
        }
        String after = parameters.get("after");
        String epoch = parameters.get("epoch");
        if (after == null && epoch == null) {
            return new Chat(room, memberName, rooms.position(room, history));
        }
        if (after == null || epoch == null || !after.matches("\\d{1,18}") || parameters.containsKey("history")) {
            return bad("to resume, after is the seq and epoch the epoch of the last message you have, without history");
        }
        return new Chat(room, memberName, rooms.position(room, new Command.After(epoch, Long.parseLong(after))));
    }

    private int history(String value) {
        if (!value.matches("\\d{1,9}")) {
            return -1;
        }
        return Integer.parseInt(value);
    }

    private static Map<String, String> parse(@Nullable String query) {
        Map<String, String> parameters = new HashMap<>();
        if (query == null || query.isEmpty()) {
            return parameters;
        }
        for (String pair : query.split("&")) {
            int equals = pair.indexOf('=');
            String key = equals < 0 ? pair : pair.substring(0, equals);
            String value = equals < 0 ? "" : pair.substring(equals + 1);
            parameters.putIfAbsent(decode(key), decode(value));
        }
        return parameters;
    }

    private static String decode(String part) {
        return URLDecoder.decode(part, StandardCharsets.UTF_8);
    }

    private static Refusal bad(String reason) {
        return new Refusal(400, CloseCode.POLICY_VIOLATION, reason);
    }
}
