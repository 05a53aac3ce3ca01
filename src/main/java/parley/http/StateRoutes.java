package parley.http;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import parley.access.Grant;
import parley.door.HttpDoor;
import parley.door.Query;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.ErrorCode;
import parley.protocol.Event;
import parley.protocol.HttpJson;
import parley.protocol.JsonCodec;
import parley.protocol.Key;
import parley.protocol.Message;
import parley.protocol.Post;
import parley.protocol.RoomName;
import parley.room.Inspection;
import parley.room.KeyDraft;
import parley.room.KeySnapshot;
import parley.room.KeyedValues;
import parley.room.Outcome;
import parley.room.Room;
import parley.room.RoomRegistry;
import parley.room.RoomStore;
import parley.room.Screen;

/** Values of keys over HTTP: each has an address, and an entity tag to compare with (RFC 9110 section 13). Any thread. */
final class StateRoutes {
    private static final String STATE = "/rooms/{room}/state";
    private static final String VALUE = STATE + "/{key}";

    private final Reception reception;
    private final RoomRegistry rooms;
    private final Inspection inspection;
    private final int messageBytes;
    private final int bodyBytes;

    StateRoutes(Reception reception, RoomRegistry rooms, Inspection inspection, int messageBytes, int bodyBytes) {
        this.reception = reception;
        this.rooms = rooms;
        this.inspection = inspection;
        this.messageBytes = messageBytes;
        this.bodyBytes = bodyBytes;
    }

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        routes.on(
                "GET",
                STATE,
                (exchange, values) -> reception.admitReader(
                        exchange,
                        values.get(0),
                        (caller, room, newest) ->
                                ifThereAreValues(exchange, room, () -> page(exchange, caller, room))));
        routes.on(
                "GET",
                VALUE,
                (exchange, values) -> reception.admitReader(
                        exchange,
                        values.get(0),
                        (caller, room, newest) -> ifThereAreValues(
                                exchange,
                                room,
                                () -> key(exchange, values.get(1), key -> value(exchange, room, key)))));
        routes.on("PUT", VALUE, this::put);
        routes.on("DELETE", VALUE, this::remove);
    }

    /** Goes on in a room whose store has values. */
    private void ifThereAreValues(Exchange exchange, Room room, Runnable then) {
        if (rooms.store(room.name()).keepsValues()) {
            then.run();
        } else {
            exchange.answer(problem(ErrorCode.NOT_IMPLEMENTED, KeyedValues.NOT_HERE));
        }
    }

    /** Goes on with the key that the path names; answers where it is none. */
    private static void key(Exchange exchange, String part, Consumer<Key> then) {
        Key key;
        try {
            key = Key.parse(Query.path(part));
        } catch (IllegalArgumentException e) {
            key = null; // a broken escape
        }
        if (key == null) {
            exchange.answer(problem(ErrorCode.MISSING_FIELD, "a key is " + Key.RULE + ", percent-encoded"));
        } else {
            then.accept(key);
        }
    }

    private static void page(Exchange exchange, HttpDoor.Caller caller, Room room) {
        Map<String, String> parameters = caller.parameters();
        String epoch = parameters.get("epoch");
        String seq = parameters.get("seq");
        String page = parameters.getOrDefault("page", "0");
        boolean isFirst = seq == null && epoch == null && page.equals("0");
        if (!isFirst && (seq == null || epoch == null || !seq.matches("\\d{1,18}") || !page.matches("\\d{1,9}"))) {
            exchange.answer(Problem.of(
                    400,
                    "bad-query",
                    "a further page takes epoch and seq of the first one, and page, a number from 1"));
            return;
        }
        Optional<KeySnapshot> found = isFirst
                ? Optional.of(room.keys().snapshot())
                : room.keys().snapshotAsOf(String.valueOf(epoch), Long.parseLong(String.valueOf(seq)));
        int index = Integer.parseInt(page);
        if (found.isEmpty() || index >= found.get().pageCount()) {
            exchange.answer(Problem.of(
                    410, "moved", "the values as of that seq are not kept any more, or have fewer pages; begin again"));
            return;
        }
        KeySnapshot snapshot = found.get();
        Event state = new Event.State(
                room.name(), snapshot.epoch(), snapshot.seq(), snapshot.page(index), index + 1 < snapshot.pageCount());
        exchange.answer(Answer.of(
                200,
                Map.of("Content-Type", RequestText.JSON, "Cache-Control", "no-store"),
                JsonCodec.encode(state) + "\n"));
    }

    private static void value(Exchange exchange, Room room, Key key) {
        KeyedValues.Found found = room.keys().find(key);
        if (found.value().isEmpty()) {
            exchange.answer(problem(ErrorCode.NOT_FOUND, "the room has no value of '" + key + "'"));
            return;
        }
        Message value = found.value().get();
        String tag = Positions.tag(found.epoch(), value.seq());
        Map<String, String> headers = new HashMap<>(Map.of("ETag", tag, "Cache-Control", "private, no-cache"));
        if (new EntityTag(tag).isKnownBy(exchange.request().headers().value("If-None-Match"))) {
            exchange.answer(new Answer(304, headers, new byte[0]));
            return;
        }
        headers.put("Content-Type", RequestText.JSON);
        exchange.answer(Answer.of(200, headers, JsonCodec.encode(new Event.Said(room.name(), value)) + "\n"));
    }

    private void put(Exchange exchange, List<String> values) {
        admitWriter(exchange, values, (caller, room, key) -> {
            if (!RequestText.contentType(exchange.request()).equals(RequestText.JSON)) {
                exchange.answer(RequestText.unsupported(RequestText.JSON));
                return;
            }
            RequestText.read(exchange, bodyBytes, text -> put(exchange, caller, room, key, text));
        });
    }

    private void put(Exchange exchange, HttpDoor.Caller caller, RoomName room, Key key, String text) {
        HttpJson.Decoded decoded = HttpJson.value(text);
        if (decoded instanceof HttpJson.Wrong wrong) {
            exchange.answer(problem(wrong.code(), wrong.reason()));
            return;
        }
        HttpJson.Value value = (HttpJson.Value) decoded;
        Post post = value.post();
        Grant grant = caller.grant();
        if (post.from() != null
                && !grant.mayPublish(room)
                && grant.name() != null
                && !post.from().equals(grant.name())) {
            exchange.answer(problem(
                    ErrorCode.FORBIDDEN,
                    "from is the name that the token says; to publish on behalf of others takes the claim publish"));
        } else if (post.content().bytes() > messageBytes) {
            exchange.answer(
                    problem(ErrorCode.TOO_LARGE, "text and data are at most " + messageBytes + " bytes of UTF-8"));
        } else {
            Draft draft = new Draft(
                    PublishRoutes.from(caller, post),
                    PublishRoutes.user(caller, room, post),
                    post.content(),
                    post.id());
            carryOut(exchange, room, key, draft, value.ttl());
        }
    }

    private void remove(Exchange exchange, List<String> values) {
        admitWriter(exchange, values, (caller, room, key) -> {
            Grant grant = caller.grant();
            String name = grant.name() == null ? null : grant.name().value();
            String user = grant.user() == null ? null : grant.user().value();
            carryOut(exchange, room, key, new Draft(name, user, Content.REMOVED, null), 0);
        });
    }

    /** What goes on with a key that the caller may set. */
    private interface Writer {
        void write(HttpDoor.Caller caller, RoomName room, Key key);
    }

    private void admitWriter(Exchange exchange, List<String> values, Writer then) {
        reception.admit(exchange, values.get(0), (caller, room) -> {
            if (caller.grant().mayPublish(room) || caller.grant().mayWrite(room)) {
                key(exchange, values.get(1), key -> then.write(caller, room, key));
            } else {
                reception.forbid(
                        exchange,
                        caller,
                        "setting values in this room over HTTP is not allowed; a token with the claim publish or write"
                                + " may, and the API key");
            }
        });
    }

    private void carryOut(Exchange exchange, RoomName name, Key key, Draft draft, long ttl) {
        String match = exchange.request().headers().value("If-Match");
        String noneMatch = exchange.request().headers().value("If-None-Match");
        Optional<RoomStore.Expected> expected = match == null ? Optional.empty() : Positions.parse(match);
        if ((match != null && expected.isEmpty())
                || (noneMatch != null && (match != null || !noneMatch.strip().equals("*")))) {
            exchange.answer(Problem.of(
                    422,
                    ErrorCode.MISSING_FIELD.word(),
                    "If-Match is the ETag of the value that is there, and If-None-Match is *, for none; one of them"));
            return;
        }
        reception.whenOpen(exchange, name, (room, newest) -> {
            long longest = room.keys().limits().ttl().toMillis();
            KeyedValues.Found before = room.keys().find(key);
            if (longest > 0 && ttl > longest) {
                exchange.answer(problem(
                        ErrorCode.TOO_LARGE,
                        "ttl is " + ttl + ", and at most " + longest + " milliseconds (room.key-ttl)"));
            } else if (expected.isPresent() && !expected.get().epoch().equals(before.epoch())) {
                exchange.answer(conflict(room, before, "the room is in another epoch"));
            } else {
                OptionalLong seq = expected.map(one -> OptionalLong.of(one.seq()))
                        .orElse(noneMatch == null ? OptionalLong.empty() : OptionalLong.of(0));
                KeyDraft put = draft.content().kind() == Content.Kind.REMOVED
                        ? KeyDraft.removal(key, draft, seq)
                        : new KeyDraft(key, draft, seq, ttl, room.keys().limits());
                carryOut(exchange, room, put, before);
            }
        });
    }

    private void carryOut(Exchange exchange, Room room, KeyDraft put, KeyedValues.Found before) {
        Screen screen = new Screen(inspection);
        boolean isThere = room.visitors()
                .stay(
                        then -> screen.pass(room.name(), put, room.keys()::put, then),
                        outcome -> exchange.answer(answer(room, put, before, outcome)));
        if (!isThere) {
            exchange.answer(Problem.unavailable("the room was empty and is given up right now; retry"));
        }
    }

    private static Answer answer(Room room, KeyDraft put, KeyedValues.Found before, Outcome outcome) {
        if (outcome instanceof Outcome.Published published) {
            boolean isNew = before.value().isEmpty() && !put.isRemoval() && !published.duplicate();
            HttpJson.Kept kept =
                    new HttpJson.Kept(room.name(), before.epoch(), published.seq(), null, published.duplicate());
            Map<String, String> headers =
                    new HashMap<>(Map.of("Content-Type", RequestText.JSON, "Cache-Control", "no-store"));
            if (!published.duplicate() && !put.isRemoval()) {
                headers.put("ETag", Positions.tag(before.epoch(), published.seq()));
            }
            return Answer.of(isNew ? 201 : 200, headers, HttpJson.kept(kept));
        } else if (outcome instanceof Outcome.Conflict conflict) {
            return conflict(room, new KeyedValues.Found(before.epoch(), conflict.value()), conflict.reason());
        } else if (outcome instanceof Outcome.Full full) {
            return problem(ErrorCode.ROOM_FULL, full.reason());
        } else if (outcome instanceof Outcome.NotFound notFound) {
            return problem(ErrorCode.NOT_FOUND, notFound.reason());
        } else if (outcome instanceof Outcome.CannotChange cannot) {
            return problem(ErrorCode.NOT_IMPLEMENTED, cannot.reason());
        } else if (outcome instanceof Outcome.Refused refused) {
            return problem(ErrorCode.FORBIDDEN, refused.reason());
        } else if (outcome instanceof Outcome.TooLarge tooLarge) {
            return problem(ErrorCode.TOO_LARGE, tooLarge.reason());
        }
        return Problem.unavailable(((Outcome.NotKept) outcome).reason());
    }

    /** Another value is there than was expected, or none. */
    private static Answer conflict(Room room, KeyedValues.Found there, String reason) {
        long seq = there.value().map(Message::seq).orElse(0L);
        Map<String, String> headers = seq == 0 ? Map.of() : Map.of("ETag", Positions.tag(there.epoch(), seq));
        return Problem.of(
                412, HttpJson.moved(room.name(), 412, ErrorCode.CONFLICT.word(), reason, there.epoch(), seq), headers);
    }

    private static Answer problem(ErrorCode code, String detail) {
        return Problem.of(Problem.status(code), code.word(), detail);
    }
}
