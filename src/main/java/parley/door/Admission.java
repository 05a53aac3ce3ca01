package parley.door;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.InetAddress;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import parley.access.BadTokenException;
import parley.access.Grant;
import parley.protocol.CloseCode;
import parley.protocol.EventId;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.protocol.WatchList;
import parley.room.KeyedValues;
import parley.room.RoomRegistry;
import parley.room.Start;
import parley.session.FirstRoom;
import parley.session.Rate;
import parley.session.Sessions;
import parley.session.Visitor;

/** The door: decides from a handshake who comes in and where to. Any thread. */
public final class Admission {

    /** What became of a handshake. */
    public sealed interface Verdict {}

    /** It may open an echo session. */
    public record Echo(Visitor visitor) implements Verdict {}

    /**
     * It may join a room.
     *
     * @param start where in the room's log: taken now, so that nothing is missed between here and joining
     */
    public record Chat(
            Visitor visitor, RoomName room, @Nullable MemberName name, Start start) implements Verdict {}

    /** It may read an event stream of at least one room; {@code key} is the client's secret word for it, or null. */
    public record Events(
            Visitor visitor,
            List<FirstRoom> rooms,
            @Nullable String key) implements Verdict {}

    /** It may read an event stream of rooms that it watches without being in them. */
    public record Watch(Visitor visitor, WatchList list) implements Verdict {}

    /**
     * It may not come in.
     *
     * @param status the HTTP status, where the handshake can be refused
     * @param code the close code, where it cannot
     * @param reason a sentence for the client that says what is wrong and what is allowed
     * @param detail what the log says besides; empty for nothing
     */
    public record Refusal(Cause cause, int status, CloseCode code, String reason, String detail) implements Verdict {
        /** One with nothing to say besides. */
        public Refusal(Cause cause, int status, CloseCode code, String reason) {
            this(cause, status, code, reason, "");
        }

        Refusal(Cause cause, String reason) {
            this(cause, reason, "");
        }

        Refusal(Cause cause, String reason, String detail) {
            this(cause, cause.status(), cause.code(), reason, detail);
        }

        /** Whether the same request may be accepted later. */
        public boolean isForNow() {
            return code != CloseCode.POLICY_VIOLATION && code != CloseCode.PROTOCOL_ERROR;
        }

        /** The headers of the answer that belong to its status. */
        public Map<String, String> headers() {
            return switch (status) {
                // RFC 9110 section 10.2.3
                case 429, 503 -> Map.of("Retry-After", RETRY_AFTER_SECONDS);
                // RFC 6750 section 3
                case 401 -> Map.of("WWW-Authenticate", "Bearer realm=\"parley\"");
                // RFC 9110 section 15.5.22
                case 426 -> Map.of("Upgrade", "websocket", "Connection", "Upgrade");
                default -> Map.of();
            };
        }
    }

    /** For a plain GET of an address where a handshake would be accepted. */
    private static final Refusal UPGRADE_REQUIRED = new Refusal(
            Cause.BAD_REQUEST,
            426,
            CloseCode.PROTOCOL_ERROR,
            "this is the address of a WebSocket: open it with a handshake (RFC 6455)");

    static final String BROKEN_QUERY = "the query has a broken %-escape, or one that is not UTF-8";
    static final String HISTORY_RULE = "history is a number from 0 to 999999999; a room has as many as it keeps";

    /** Each message in a stream of several rooms carries an id with the positions in all of them. */
    private static final int MOST_ROOMS_OF_A_READER = 20;

    /** How long a client that is refused for now should wait. */
    private static final String RETRY_AFTER_SECONDS = "5";

    private final Origins origins;
    private final Proxies proxies;
    private final Access access;
    private final AddressCounts addresses;
    private final Sessions sessions;
    private final RoomRegistry rooms;
    private final RefusalLog refusals;
    private volatile boolean closing;
    private volatile boolean closed;

    private final Object rateLock = new Object();

    @GuardedBy("rateLock")
    private final @Nullable Rate rate;

    private final @Nullable AddressRates addressRates;

    /** Makes the door. */
    public Admission(
            Origins origins,
            Proxies proxies,
            Access access,
            DoorLimits limits,
            AddressCounts addresses,
            Sessions sessions,
            RoomRegistry rooms) {
        this.origins = origins;
        this.proxies = proxies;
        this.access = access;
        this.addresses = addresses;
        this.sessions = sessions;
        this.rooms = rooms;
        this.rate = limits.handshakesPerSecond() == 0 ? null : new Rate(limits.handshakesPerSecond(), sessions.now());
        this.addressRates = limits.handshakesPerSecondPerAddress() == 0
                ? null
                : new AddressRates(limits.handshakesPerSecondPerAddress());
        this.refusals = new RefusalLog(sessions.now());
    }

    /** Says from now on that it is about to close, to who asks before sending clients here. */
    public void announceClosing() {
        closing = true;
    }

    /** Lets nobody in from now on. */
    public void close() {
        closing = true;
        closed = true;
    }

    /** Whether it is about to close, or has. */
    public boolean isClosing() {
        return closing;
    }

    /** Whether it lets nobody in any more. */
    boolean isClosed() {
        return closed;
    }

    /** Whether a page of that origin may ask, or it is no page that asks. */
    boolean isOriginAllowed(Request request) {
        return origins.allow(
                request.headers().value("Origin"), request.headers().value("Host"));
    }

    /** Where a request comes from, as far as proxies are believed; null when that is not known. */
    public @Nullable InetAddress address(Request request) {
        return request.peer() == null ? null : proxies.client(request.peer().getAddress(), request.headers());
    }

    /** Whether it lets people in, and will for a while. */
    public boolean isOpen() {
        return !closing && access.isReady();
    }

    /**
     * The origin of a page elsewhere that may read what is here and connect; null when there is none, or it may not.
     */
    public @Nullable String pageElsewhere(Request request) {
        String origin = request.headers().value("Origin");
        return origins.allow(origin, request.headers().value("Host")) ? origin : null;
    }

    /** Decides about a handshake, before it is answered. */
    public Verdict judge(Request request) {
        Verdict verdict = counted(decide(request, (one, visitor) -> judge(one, visitor, access::enter)));
        return verdict instanceof Chat chat
                ? new Chat(chat.visitor, chat.room, chat.name, rooms.fix(chat.room, chat.start))
                : verdict;
    }

    /** Decides about a request for an event stream, as about a handshake. */
    public Verdict judgeReader(Request request) {
        Verdict verdict = counted(decide(request, (one, visitor) -> judgeReader(one, visitor, access::enter)));
        return verdict instanceof Events events
                ? new Events(
                        events.visitor, events.rooms.stream().map(this::fixed).toList(), events.key)
                : verdict;
    }

    /** What {@link #judgeReader} would say now, to a request that opens nothing: it is not counted, and uses no ticket. */
    public Verdict explainReader(Request request) {
        return decide(request, (one, visitor) -> judgeReader(one, visitor, NOT_COMING_IN)).verdict;
    }

    /** Whether a client asks for an event stream that it has been told not to come back to. */
    public static boolean hasEnded(Request request) {
        try {
            return ReaderRequest.lastEventId(request, Query.parse(request.query()))
                    .filter(EventId.END::equals)
                    .isPresent();
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private FirstRoom fixed(FirstRoom first) {
        return new FirstRoom(first.room(), first.name(), rooms.fix(first.room(), first.start()));
    }

    private Verdict counted(Decision decision) {
        if (decision.verdict instanceof Refusal refusal) {
            refused(refusal, decision.address);
        }
        return decision.verdict;
    }

    private record Decision(@Nullable InetAddress address, Verdict verdict) {}

    private Decision decide(Request request, BiFunction<Request, Visitor, Verdict> judge) {
        InetAddress address = null;
        try {
            address = address(request);
            return new Decision(address, judge.apply(request, new Visitor(address, request.peer(), Grant.ANYONE)));
        } catch (RuntimeException e) {
            // Nothing that a request says may break the server off. Without the trace: anybody can send it again.
            return new Decision(address, new Refusal(Cause.UNREADABLE, "the handshake cannot be read", where(e)));
        }
    }

    /** Where the server failed. Without the message, which may hold a token. */
    private static String where(RuntimeException e) {
        StackTraceElement[] trace = e.getStackTrace();
        return e.getClass().getName() + (trace.length == 0 ? "" : " at " + trace[0]);
    }

    /**
     * Returns the answer to a plain GET of an endpoint's address: the refusal of a handshake to it, since browsers hide
     * that one from pages, or 426. It takes from the rates, because it may have to check a signature, and is not
     * counted as a handshake.
     */
    public Refusal explain(Request request) {
        Decision decision = decide(request, (one, visitor) -> judge(one, visitor, NOT_COMING_IN));
        return decision.verdict instanceof Refusal refusal ? refusal : UPGRADE_REQUIRED;
    }

    /** Counts a handshake that was refused, here or by who asked. */
    public void refused(Refusal refusal, @Nullable InetAddress address) {
        refusals.refused(refusal, address, sessions.now());
    }

    /** How many handshakes were refused for that. */
    public long refusedCount(Cause cause) {
        return refusals.count(cause);
    }

    /** What is done last, when nothing else is against a client. */
    @FunctionalInterface
    private interface Entering {
        void enter(Request request, Map<String, String> parameters) throws BadTokenException;
    }

    private static final Entering NOT_COMING_IN = (request, parameters) -> {};

    /** What costs least is asked first: a signature is not looked at for who may not come in anyway. */
    private Verdict judge(Request request, Visitor visitor, Entering entering) {
        Refusal full = full(visitor);
        if (full != null) {
            return full;
        }
        String path = request.path();
        RoomName room = path.equals("/chat") ? RoomName.LOBBY : null;
        if (path.startsWith("/chat/")) {
            room = RoomName.parse(path.substring("/chat/".length()));
            if (room == null) {
                return bad("a room's name is " + RoomName.RULE);
            }
        }
        if (room == null && !path.equals("/echo")) {
            return new Refusal(Cause.NOT_FOUND, "there is /echo, /chat and /chat/{room}");
        }
        Refusal origin = wrongOrigin(request);
        if (origin != null) {
            return origin;
        }
        Map<String, String> parameters;
        try {
            parameters = Query.parse(request.query());
        } catch (IllegalArgumentException e) {
            return bad(BROKEN_QUERY);
        }
        RoomName to = room;
        List<RoomName> wanted = room == null ? List.of() : List.of(room);
        return admit(
                request,
                visitor,
                entering,
                parameters,
                wanted,
                known -> to == null ? new Echo(known) : chat(known, to, parameters));
    }

    /** In the same order. */
    private Verdict judgeReader(Request request, Visitor visitor, Entering entering) {
        Refusal full = full(visitor);
        if (full != null) {
            return full;
        }
        if (request.path().equals("/watch")) {
            return judgeWatcher(request, visitor, entering);
        }
        ReaderRequest asked;
        try {
            asked = ReaderRequest.of(
                    request, Math.min(MOST_ROOMS_OF_A_READER, sessions.limits().rooms()));
        } catch (ReaderRequest.Wrong e) {
            return bad(String.valueOf(e.getMessage()));
        }
        Refusal origin = wrongOrigin(request);
        return origin != null
                ? origin
                : admit(
                        request,
                        visitor,
                        entering,
                        asked.parameters(),
                        asked.rooms(),
                        known -> new Events(known, asked.first(name(known, asked.parameters())), asked.key()));
    }

    private Verdict judgeWatcher(Request request, Visitor visitor, Entering entering) {
        WatchRequest asked;
        try {
            asked = WatchRequest.of(request, rooms.watching().limits());
        } catch (ReaderRequest.Wrong e) {
            return bad(String.valueOf(e.getMessage()));
        }
        Refusal origin = wrongOrigin(request);
        return origin != null
                ? origin
                : admit(
                        request,
                        visitor,
                        entering,
                        asked.parameters(),
                        asked.list().rooms(),
                        known -> new Watch(known, asked.list()));
    }

    private @Nullable Refusal full(Visitor visitor) {
        if (closed) {
            return new Refusal(Cause.CLOSED, "shutting down");
        }
        if (sessions.isFull()) {
            return new Refusal(Cause.FULL, "the server is full");
        }
        if (addresses.isFull(visitor.address())) {
            return new Refusal(Cause.ADDRESS_FULL, "too many connections from this address");
        }
        return null;
    }

    private @Nullable Refusal wrongOrigin(Request request) {
        String origin = request.headers().value("Origin");
        String host = request.headers().value("Host");
        if (!origins.allow(origin, host)) {
            return new Refusal(
                    Cause.ORIGIN,
                    "this origin is not allowed; allowed are the host asked for and the setting origins",
                    "origin '" + origin + "', host '" + host + "'");
        }
        return null;
    }

    private Verdict admit(
            Request request,
            Visitor unknown,
            Entering entering,
            Map<String, String> parameters,
            Collection<RoomName> wanted,
            Function<Visitor, Verdict> then) {
        // Who may not come in anyway takes nothing from the rates, and who is too quick alone nothing from that for
        // all.
        if (!isWithinRate(unknown.address())) {
            return new Refusal(Cause.ADDRESS_RATE, "too many handshakes a second from this address");
        }
        if (!isWithinRate()) {
            return new Refusal(Cause.RATE, "too many handshakes a second");
        }
        if (!access.isReady()) {
            return new Refusal(Cause.STARTING, "starting: the keys for tokens have not been read");
        }
        Visitor visitor;
        try {
            visitor = new Visitor(unknown.address(), unknown.peer(), access.grant(request, parameters));
        } catch (BadTokenException e) {
            return new Refusal(Cause.of(e.problem()), String.valueOf(e.getMessage()));
        }
        if (!wanted.stream().allMatch(visitor.grant()::mayRead)) {
            return new Refusal(Cause.FORBIDDEN, "this token does not give access to this room");
        }
        Verdict verdict = then.apply(visitor);
        if (verdict instanceof Refusal) {
            return verdict;
        }
        try {
            entering.enter(request, parameters);
        } catch (BadTokenException e) {
            return new Refusal(Cause.of(e.problem()), String.valueOf(e.getMessage()));
        }
        return verdict;
    }

    private boolean isWithinRate(@Nullable InetAddress address) {
        return addressRates == null || address == null || addressRates.take(address, sessions.now());
    }

    private boolean isWithinRate() {
        synchronized (rateLock) {
            return rate == null || rate.take(sessions.now()) == Rate.Allowance.ALLOWED;
        }
    }

    private Verdict chat(Visitor visitor, RoomName room, Map<String, String> parameters) {
        if (hasWrongName(parameters)) {
            return bad("name is " + MemberName.RULE);
        }
        MemberName name = name(visitor, parameters);
        int history = history(parameters.get("history"));
        if (history < 0) {
            return bad(HISTORY_RULE);
        }
        String after = parameters.get("after");
        String epoch = parameters.get("epoch");
        boolean state = "true".equals(parameters.get("state"));
        if (state && parameters.containsKey("history")) {
            return bad("state is for the values of keys and what comes behind them, and does not go with history");
        }
        if (state && !rooms.store(room).keepsValues()) {
            return bad(KeyedValues.NOT_HERE);
        }
        if (after == null && epoch == null) {
            return new Chat(visitor, room, name, state ? new Start.State(null) : new Start.Last(history));
        }
        if (after == null || epoch == null || !after.matches("\\d{1,18}") || parameters.containsKey("history")) {
            return bad("to resume, after is the seq and epoch the epoch of the last message you have, without history");
        }
        Start.After behind = new Start.After(epoch, Long.parseLong(after));
        return new Chat(visitor, room, name, state ? new Start.State(behind) : behind);
    }

    static boolean hasWrongName(Map<String, String> parameters) {
        String asked = parameters.get("name");
        return asked != null && MemberName.parse(asked) == null;
    }

    /** The name that its token gives it, or else the one that it asks for. */
    private static @Nullable MemberName name(Visitor visitor, Map<String, String> parameters) {
        MemberName granted = visitor.grant().name();
        String asked = parameters.get("name");
        return granted != null || asked == null ? granted : MemberName.parse(asked);
    }

    static int history(@Nullable String value) {
        if (value == null) {
            return 0;
        }
        return value.matches("\\d{1,9}") ? Integer.parseInt(value) : -1;
    }

    private static Refusal bad(String reason) {
        return new Refusal(Cause.BAD_REQUEST, reason);
    }
}
