package parley.http;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.access.Grant;
import parley.door.HttpDoor;
import parley.door.Request;
import parley.protocol.Draft;
import parley.protocol.ErrorCode;
import parley.protocol.HttpJson;
import parley.protocol.MemberName;
import parley.protocol.Post;
import parley.protocol.RoomName;
import parley.room.Inspection;
import parley.room.Outcome;
import parley.room.RoomRegistry;
import parley.room.RoomStore;
import parley.room.Screen;

/** Publishing over HTTP: one message, many, or one in several rooms; and signals. Any thread. */
final class PublishRoutes {
    private static final String JSON = RequestText.JSON;
    private static final String JSON_LINES = "application/x-ndjson";
    /** An error takes many times the bytes of a line that is none. */
    private static final int MOST_LINES = 1000;

    private final Reception reception;
    private final RoomRegistry rooms;
    private final Inspection inspection;
    private final int messageBytes;
    private final int bodyBytes;

    PublishRoutes(Reception reception, RoomRegistry rooms, Inspection inspection, int messageBytes, int bodyBytes) {
        this.inspection = inspection;
        this.reception = reception;
        this.rooms = rooms;
        this.messageBytes = messageBytes;
        this.bodyBytes = bodyBytes;
    }

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        routes.on(
                "POST",
                "/rooms/{room}/messages",
                (exchange, values) ->
                        reception.admit(exchange, values.get(0), (caller, room) -> publish(exchange, caller, room)));
        routes.on(
                "POST",
                "/messages",
                (exchange, values) -> reception.admit(exchange, caller -> publishInRooms(exchange, caller)));
        routes.on(
                "POST",
                "/rooms/{room}/signals",
                (exchange, values) ->
                        reception.admit(exchange, values.get(0), (caller, room) -> signal(exchange, caller, room)));
    }

    /**
     * What became of a message, or of a line that is none.
     *
     * @param json one line
     * @param tag where the room is, for a header; or null
     */
    private record Result(int status, String json, @Nullable String tag) {
        static Result problem(@Nullable RoomName room, int status, String code, String detail) {
            return new Result(
                    status,
                    room == null
                            ? HttpJson.problem(status, code, detail)
                            : HttpJson.problem(room, status, code, detail),
                    null);
        }

        static Result problem(@Nullable RoomName room, ErrorCode code, String detail) {
            return problem(room, Problem.status(code), code.word(), detail);
        }

        Answer answer() {
            Map<String, String> position = tag == null ? Map.of() : Map.of("ETag", tag);
            if (status >= 400) {
                return Problem.of(status, json, status == 503 || status == 429 ? Problem.RETRY : position);
            }
            return Answer.of(status, with(position, "Content-Type", JSON), json);
        }
    }

    private static Map<String, String> with(Map<String, String> headers, String name, String value) {
        Map<String, String> all = new java.util.HashMap<>(headers);
        all.put(name, value);
        all.put("Cache-Control", "no-store");
        return all;
    }

    private void publish(Exchange exchange, HttpDoor.Caller caller, RoomName room) {
        Request request = exchange.request();
        String type = RequestText.contentType(request);
        if (!mayPublish(caller.grant(), room)) {
            reception.forbid(
                    exchange,
                    caller,
                    "publishing in this room over HTTP is not allowed; a token with the claim"
                            + " publish or write may, and the API key");
        } else if (type.equals(JSON_LINES)) {
            if (request.headers().value("If-Match") != null || request.headers().value("Idempotency-Key") != null) {
                exchange.answer(
                        Problem.of(422, "missing-field", "If-Match and Idempotency-Key go with a body of one message"));
            } else {
                RequestText.read(exchange, bodyBytes, text -> publishLines(exchange, caller, room, text));
            }
        } else if (type.equals(JSON)) {
            RequestText.read(exchange, bodyBytes, text -> publishOne(exchange, caller, room, text));
        } else {
            exchange.answer(RequestText.unsupported(JSON + " and " + JSON_LINES));
        }
    }

    private void signal(Exchange exchange, HttpDoor.Caller caller, RoomName room) {
        if (!mayPublish(caller.grant(), room)) {
            reception.forbid(
                    exchange,
                    caller,
                    "signals in this room over HTTP are not allowed; a token with the claim publish or write may"
                            + " send them, and the API key");
        } else if (RequestText.contentType(exchange.request()).equals(JSON)) {
            RequestText.read(exchange, bodyBytes, text -> signal(exchange, caller, room, text));
        } else {
            exchange.answer(RequestText.unsupported(JSON));
        }
    }

    private void signal(Exchange exchange, HttpDoor.Caller caller, RoomName room, String text) {
        HttpJson.Decoded decoded = HttpJson.signal(text);
        if (decoded instanceof HttpJson.Wrong wrong) {
            exchange.answer(Result.problem(null, wrong.code(), wrong.reason()).answer());
            return;
        }
        Post signal = (Post) decoded;
        Optional<Result> refused = refused(caller, room, signal, null);
        if (refused.isPresent()) {
            exchange.answer(refused.get().answer());
            return;
        }
        Draft draft = new Draft(from(caller, signal), user(caller, room, signal), signal.content(), null);
        // Opened where it is not: in a cluster its members may be on other nodes.
        reception.whenOpen(exchange, room, (found, newest) -> {
            found.signal(draft);
            exchange.answer(new Answer(204, Map.of("Cache-Control", "no-store"), new byte[0]));
        });
    }

    /** The name of the sender: the one that the caller goes by, unless it names another. */
    static @Nullable String from(HttpDoor.Caller caller, Post post) {
        MemberName from = post.from() == null ? caller.grant().name() : post.from();
        return from == null ? null : from.value();
    }

    /** The user that says it: the caller, unless it publishes on behalf of another. */
    static @Nullable String user(HttpDoor.Caller caller, RoomName room, Post post) {
        Grant grant = caller.grant();
        boolean isForAnother =
                grant.mayPublish(room) && post.from() != null && !post.from().equals(grant.name());
        return grant.user() == null || isForAnother ? null : grant.user().value();
    }

    /**
     * Why a caller may not publish what it sent; empty when it may.
     *
     * @param named the room for answers that name it, where there are several
     */
    private Optional<Result> refused(HttpDoor.Caller caller, RoomName room, Post post, @Nullable RoomName named) {
        MemberName granted = caller.grant().name();
        if (!caller.grant().mayPublish(room)
                && granted != null
                && post.from() != null
                && !granted.equals(post.from())) {
            return Optional.of(Result.problem(
                    named,
                    ErrorCode.FORBIDDEN,
                    "from is the name that the token says; to publish on behalf of others takes the claim publish"));
        }
        if (post.content().bytes() > messageBytes) {
            return Optional.of(Result.problem(
                    named, ErrorCode.TOO_LARGE, "text and data are at most " + messageBytes + " bytes of UTF-8"));
        }
        return Optional.empty();
    }

    private void publishOne(Exchange exchange, HttpDoor.Caller caller, RoomName room, String text) {
        String match = exchange.request().headers().value("If-Match");
        Optional<RoomStore.Expected> expected = match == null ? Optional.empty() : Positions.parse(match);
        if (match != null && expected.isEmpty()) {
            exchange.answer(Problem.of(
                    422,
                    "missing-field",
                    "If-Match is \"epoch:seq\" in quotes, such as the ETag of a page of messages"));
            return;
        }
        HttpJson.Decoded decoded = HttpJson.message(text, false);
        String key = exchange.request().headers().value("Idempotency-Key");
        publish(
                screen(),
                caller,
                room,
                decoded,
                key,
                expected.orElse(null),
                null,
                result -> exchange.answer(result.answer()));
    }

    private void publishLines(Exchange exchange, HttpDoor.Caller caller, RoomName room, String text) {
        List<String> lines = text.lines().filter(line -> !line.isBlank()).toList();
        if (lines.size() > MOST_LINES) {
            exchange.answer(Problem.of(413, "too-large", "a body has at most " + MOST_LINES + " messages"));
            return;
        }
        Gathering results = new Gathering(
                lines.size(),
                all -> exchange.answer(
                        Answer.of(200, with(Map.of(), "Content-Type", JSON_LINES), String.join("", all))));
        boolean mayGoOn = true;
        Screen screen = screen();
        for (int i = 0; i < lines.size(); i++) {
            int index = i;
            // A later line is not published either, though the rate may allow it by now: lines keep their order.
            mayGoOn = mayGoOn && (i == 0 || reception.mayGoOn(caller));
            if (!mayGoOn) {
                results.put(index, Result.problem(null, ErrorCode.RATE_LIMITED, "too many messages a second").json);
            } else {
                HttpJson.Decoded decoded = HttpJson.message(lines.get(i), false);
                publish(screen, caller, room, decoded, null, null, null, result -> results.put(index, result.json));
            }
        }
    }

    private void publishInRooms(Exchange exchange, HttpDoor.Caller caller) {
        if (!RequestText.contentType(exchange.request()).equals(JSON)) {
            exchange.answer(RequestText.unsupported(JSON));
        } else if (exchange.request().headers().value("If-Match") != null) {
            exchange.answer(Problem.of(422, "missing-field", "If-Match goes with a message for one room"));
        } else {
            RequestText.read(exchange, bodyBytes, text -> publishInRooms(exchange, caller, text));
        }
    }

    private void publishInRooms(Exchange exchange, HttpDoor.Caller caller, String text) {
        HttpJson.Decoded decoded = HttpJson.message(text, true);
        if (!(decoded instanceof Post post) || post.rooms() == null) {
            HttpJson.Wrong wrong = (HttpJson.Wrong) decoded;
            exchange.answer(Result.problem(null, wrong.code(), wrong.reason()).answer());
            return;
        }
        List<RoomName> where = post.rooms();
        String key = exchange.request().headers().value("Idempotency-Key");
        Gathering results = new Gathering(
                where.size(),
                all -> exchange.answer(
                        Answer.of(200, with(Map.of(), "Content-Type", JSON), HttpJson.results(Arrays.asList(all)))));
        Screen screen = screen();
        for (int i = 0; i < where.size(); i++) {
            int index = i;
            RoomName room = where.get(i);
            if (!mayPublish(caller.grant(), room)) {
                results.put(
                        index,
                        Result.problem(room, ErrorCode.FORBIDDEN, "publishing in this room is not allowed").json);
            } else if (i > 0 && !reception.mayGoOn(caller)) {
                results.put(index, Result.problem(room, ErrorCode.RATE_LIMITED, "too many messages a second").json);
            } else {
                publish(screen, caller, room, post, key, null, room, result -> results.put(index, result.json));
            }
        }
    }

    /** Waits for a number of results, and hands them on in their order. */
    private static final class Gathering {
        private final AtomicReferenceArray<String> results;
        private final AtomicInteger missing;
        private final Consumer<String[]> then;

        Gathering(int count, Consumer<String[]> then) {
            this.results = new AtomicReferenceArray<>(count);
            this.missing = new AtomicInteger(count);
            this.then = then;
            if (count == 0) {
                then.accept(new String[0]);
            }
        }

        void put(int index, String result) {
            results.set(index, result);
            if (missing.decrementAndGet() == 0) {
                List<String> all = new ArrayList<>();
                for (int i = 0; i < results.length(); i++) {
                    all.add(results.get(i));
                }
                then.accept(all.toArray(new String[0]));
            }
        }
    }

    /** Of the messages of one request, which stay in their order. */
    private Screen screen() {
        return new Screen(inspection);
    }

    private static boolean mayPublish(Grant grant, RoomName room) {
        return grant.mayPublish(room) || grant.mayWrite(room);
    }

    /**
     * Publishes what came, if it is a message that the caller may publish.
     *
     * @param screen what the messages of the request pass
     * @param key the id, where a header has it
     * @param named the room for answers that name it, where there are several
     */
    private void publish(
            Screen screen,
            HttpDoor.Caller caller,
            RoomName room,
            HttpJson.Decoded decoded,
            @Nullable String key,
            RoomStore.@Nullable Expected expected,
            @Nullable RoomName named,
            Consumer<Result> onResult) {
        if (decoded instanceof HttpJson.Wrong wrong) {
            onResult.accept(Result.problem(named, wrong.code(), wrong.reason()));
            return;
        }
        Post post = (Post) decoded;
        String id = key == null ? post.id() : unquoted(key);
        Optional<Result> refused = refused(caller, room, post, named);
        if (id != null
                && (!HttpJson.isId(id) || (post.id() != null && !post.id().equals(id)))) {
            onResult.accept(Result.problem(
                    named,
                    ErrorCode.MISSING_FIELD,
                    "Idempotency-Key is another name for id, which has 1 to 64 characters; send one of them"));
        } else if (refused.isPresent()) {
            onResult.accept(refused.get());
        } else {
            Draft draft = new Draft(from(caller, post), user(caller, room, post), post.content(), id, post.standing());
            screen.pass(
                    room,
                    draft,
                    (passed, onOutcome) -> rooms.publish(room, passed, expected, onOutcome),
                    outcome -> published(room, outcome, named, onResult));
        }
    }

    private void published(RoomName room, Outcome outcome, @Nullable RoomName named, Consumer<Result> onResult) {
        if (outcome instanceof Outcome.Published published) {
            rooms.locate(room, published.seq(), located -> onResult.accept(kept(room, published, located)));
        } else if (outcome instanceof Outcome.Moved moved) {
            String json = HttpJson.moved(
                    room,
                    412,
                    "moved",
                    "something was said since; the room is where epoch and seq say",
                    moved.epoch(),
                    moved.seq());
            onResult.accept(new Result(412, json, Positions.tag(moved.epoch(), moved.seq())));
        } else if (outcome instanceof Outcome.CannotCompare cannot) {
            onResult.accept(Result.problem(named, 501, "not-implemented", cannot.reason()));
        } else if (outcome instanceof Outcome.CannotChange cannot) {
            onResult.accept(Result.problem(named, ErrorCode.NOT_IMPLEMENTED, cannot.reason()));
        } else if (outcome instanceof Outcome.Full full) {
            onResult.accept(Result.problem(named, ErrorCode.ROOM_FULL, full.reason()));
        } else if (outcome instanceof Outcome.Refused refused) {
            onResult.accept(Result.problem(named, ErrorCode.FORBIDDEN, refused.reason()));
        } else if (outcome instanceof Outcome.TooLarge tooLarge) {
            onResult.accept(Result.problem(named, ErrorCode.TOO_LARGE, tooLarge.reason()));
        } else {
            onResult.accept(Result.problem(named, ErrorCode.UNAVAILABLE, ((Outcome.NotKept) outcome).reason()));
        }
    }

    private static Result kept(RoomName room, Outcome.Published published, Optional<RoomRegistry.Located> located) {
        String epoch = located.map(RoomRegistry.Located::epoch).orElse(null);
        Long at = located.map(RoomRegistry.Located::at).orElse(null);
        String json = HttpJson.kept(new HttpJson.Kept(room, epoch, published.seq(), at, published.duplicate()));
        String tag = epoch == null || published.duplicate() ? null : Positions.tag(epoch, published.seq());
        return new Result(published.duplicate() ? 200 : 201, json, tag);
    }

    /** Without the quotes that the header's draft has around a key. */
    private static String unquoted(String key) {
        String stripped = key.strip();
        return stripped.length() >= 2 && stripped.startsWith("\"") && stripped.endsWith("\"")
                ? stripped.substring(1, stripped.length() - 1)
                : stripped;
    }
}
