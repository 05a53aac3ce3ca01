package parley.http;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import parley.access.Grant;
import parley.door.HttpDoor;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.ErrorCode;
import parley.protocol.HttpJson;
import parley.protocol.Post;
import parley.protocol.RoomName;
import parley.room.ChangeDraft;
import parley.room.Inspection;
import parley.room.Outcome;
import parley.room.Room;
import parley.room.RoomRegistry;
import parley.room.Screen;

/** Editing, removing and going on with a message over HTTP. Any thread. */
final class ChangeRoutes {
    static final String MESSAGE = "/rooms/{room}/messages/{seq}";

    private final Reception reception;
    private final RoomRegistry rooms;
    private final Inspection inspection;
    private final int messageBytes;
    private final int bodyBytes;

    ChangeRoutes(Reception reception, RoomRegistry rooms, Inspection inspection, int messageBytes, int bodyBytes) {
        this.reception = reception;
        this.rooms = rooms;
        this.inspection = inspection;
        this.messageBytes = messageBytes;
        this.bodyBytes = bodyBytes;
    }

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        routes.on(
                "PATCH",
                MESSAGE,
                (exchange, values) -> reception.admit(
                        exchange, values.get(0), (caller, room) -> edit(exchange, caller, room, values.get(1))));
        routes.on(
                "POST",
                MESSAGE + "/append",
                (exchange, values) -> reception.admit(
                        exchange, values.get(0), (caller, room) -> append(exchange, caller, room, values.get(1))));
        routes.on(
                "DELETE",
                MESSAGE,
                (exchange, values) -> reception.admit(
                        exchange, values.get(0), (caller, room) -> remove(exchange, caller, room, values.get(1))));
    }

    private void edit(Exchange exchange, HttpDoor.Caller caller, RoomName room, String seq) {
        Optional<Long> number = number(exchange, seq);
        if (number.isEmpty()
                || hasCondition(exchange)
                || !mayChange(exchange, caller, room, caller.grant().mayEdit(room))) {
            return;
        }
        readJson(exchange, text -> edit(exchange, caller, room, number.get(), text));
    }

    private void readJson(Exchange exchange, Consumer<String> then) {
        if (RequestText.contentType(exchange.request()).equals(RequestText.JSON)) {
            RequestText.read(exchange, bodyBytes, then);
        } else {
            exchange.answer(RequestText.unsupported(RequestText.JSON));
        }
    }

    /** A caller that may publish for others, who are no users then, may go on with what these said, too. */
    private void append(Exchange exchange, HttpDoor.Caller caller, RoomName room, String seq) {
        Optional<Long> number = number(exchange, seq);
        if (number.isEmpty()
                || hasCondition(exchange)
                || !mayChange(exchange, caller, room, rightToAppend(caller.grant(), room) != ChangeDraft.Right.OWN)) {
            return;
        }
        readJson(exchange, text -> append(exchange, caller, room, number.get(), text));
    }

    private void append(Exchange exchange, HttpDoor.Caller caller, RoomName room, long seq, String text) {
        HttpJson.Decoded decoded = HttpJson.piece(text);
        if (decoded instanceof HttpJson.Wrong wrong) {
            exchange.answer(problem(wrong.code(), wrong.reason()));
            return;
        }
        HttpJson.Piece piece = (HttpJson.Piece) decoded;
        Grant grant = caller.grant();
        String name = grant.name() == null ? null : grant.name().value();
        String user = grant.user() == null ? null : grant.user().value();
        Draft draft = new Draft(name, user, piece.text(), piece.id());
        ChangeDraft.Right right = rightToAppend(grant, room);
        change(exchange, caller, room, new ChangeDraft.Append(seq, draft, right, piece.isLast(), messageBytes));
    }

    private static ChangeDraft.Right rightToAppend(Grant grant, RoomName room) {
        if (grant.mayEdit(room)) {
            return ChangeDraft.Right.ANY;
        }
        return grant.mayPublish(room) ? ChangeDraft.Right.OWN_AND_NOBODYS : ChangeDraft.Right.OWN;
    }

    private void edit(Exchange exchange, HttpDoor.Caller caller, RoomName room, long seq, String text) {
        HttpJson.Decoded decoded = HttpJson.message(text, false);
        if (decoded instanceof HttpJson.Wrong wrong) {
            exchange.answer(problem(wrong.code(), wrong.reason()));
            return;
        }
        Post post = (Post) decoded;
        Grant grant = caller.grant();
        if (post.from() != null && !grant.mayPublish(room) && !post.from().equals(grant.name())) {
            exchange.answer(problem(
                    ErrorCode.FORBIDDEN,
                    "from is the name that the token says; to name others takes the claim publish"));
        } else if (post.content().bytes() > messageBytes) {
            exchange.answer(
                    problem(ErrorCode.TOO_LARGE, "text and data are at most " + messageBytes + " bytes of UTF-8"));
        } else {
            String user = grant.user() == null ? null : grant.user().value();
            Draft draft = new Draft(PublishRoutes.from(caller, post), user, post.content(), post.id());
            change(exchange, caller, room, new ChangeDraft.Edit(seq, draft, right(grant.mayEdit(room))));
        }
    }

    private void remove(Exchange exchange, HttpDoor.Caller caller, RoomName room, String seq) {
        Grant grant = caller.grant();
        Optional<Long> number = number(exchange, seq);
        if (number.isEmpty() || hasCondition(exchange) || !mayChange(exchange, caller, room, grant.mayRemove(room))) {
            return;
        }
        String name = grant.name() == null ? null : grant.name().value();
        String user = grant.user() == null ? null : grant.user().value();
        Draft sender = new Draft(name, user, Content.REMOVED, null);
        change(exchange, caller, room, ChangeDraft.Removal.by(number.get(), sender, right(grant.mayRemove(room))));
    }

    private static ChangeDraft.Right right(boolean mayAny) {
        return mayAny ? ChangeDraft.Right.ANY : ChangeDraft.Right.OWN;
    }

    /** The number in the path; answers where it is none. */
    static Optional<Long> number(Exchange exchange, String seq) {
        if (seq.matches("\\d{1,18}")) {
            return Optional.of(Long.valueOf(seq));
        }
        exchange.answer(problem(ErrorCode.NOT_FOUND, "a message is named by its seq, a number"));
        return Optional.empty();
    }

    /** Whether the request has a condition, which changes do not take; answers where it has one. */
    static boolean hasCondition(Exchange exchange) {
        boolean isThere = exchange.request().headers().value("If-Match") != null;
        if (isThere) {
            exchange.answer(Problem.of(
                    422,
                    "missing-field",
                    "If-Match goes with a message that is published; a change takes the parameter epoch"));
        }
        return isThere;
    }

    /** Whether a caller may change messages, if only its own; answers where it may not. */
    private boolean mayChange(Exchange exchange, HttpDoor.Caller caller, RoomName room, boolean mayAny) {
        Grant grant = caller.grant();
        if (mayAny || (grant.user() != null && (grant.mayWrite(room) || grant.mayPublish(room)))) {
            return true;
        }
        reception.forbid(
                exchange,
                caller,
                "changing messages in this room over HTTP is not allowed; a token with a sub and the claim write or"
                        + " publish may change its own, one with the claim edit or remove any, and so may the API key");
        return false;
    }

    /** Makes a change of a caller that may make it, and answers. */
    void change(Exchange exchange, HttpDoor.Caller caller, RoomName room, ChangeDraft change) {
        String epoch = caller.parameters().get("epoch");
        reception.whenOpen(exchange, room, (found, newest) -> {
            if (epoch != null && !epoch.equals(newest.epoch())) {
                exchange.answer(problem(
                        ErrorCode.OTHER_EPOCH,
                        "the room is in epoch " + newest.epoch() + ", in which this seq means another message"));
                return;
            }
            boolean isThere =
                    found.changeAsVisitor(change, new Screen(inspection), outcome -> changed(exchange, found, outcome));
            if (!isThere) {
                exchange.answer(Problem.unavailable("the room was empty and is given up right now; retry"));
            }
        });
    }

    private void changed(Exchange exchange, Room room, Outcome outcome) {
        if (outcome instanceof Outcome.Published published) {
            rooms.locate(
                    room.name(), published.seq(), located -> exchange.answer(changed(room.name(), published, located)));
        } else if (outcome instanceof Outcome.NotFound notFound) {
            exchange.answer(problem(ErrorCode.NOT_FOUND, notFound.reason()));
        } else if (outcome instanceof Outcome.CannotChange cannot) {
            exchange.answer(problem(ErrorCode.NOT_IMPLEMENTED, cannot.reason()));
        } else if (outcome instanceof Outcome.Refused refused) {
            exchange.answer(problem(ErrorCode.FORBIDDEN, refused.reason()));
        } else if (outcome instanceof Outcome.TooLarge tooLarge) {
            exchange.answer(problem(ErrorCode.TOO_LARGE, tooLarge.reason()));
        } else {
            exchange.answer(Problem.unavailable(((Outcome.NotKept) outcome).reason()));
        }
    }

    private static Answer changed(RoomName room, Outcome.Published published, Optional<RoomRegistry.Located> located) {
        String epoch = located.map(RoomRegistry.Located::epoch).orElse(null);
        Long at = located.map(RoomRegistry.Located::at).orElse(null);
        Map<String, String> headers = new HashMap<>();
        headers.put("Content-Type", RequestText.JSON);
        headers.put("Cache-Control", "no-store");
        if (epoch != null && !published.duplicate()) {
            headers.put("ETag", Positions.tag(epoch, published.seq()));
        }
        return Answer.of(
                200,
                headers,
                HttpJson.kept(new HttpJson.Kept(room, epoch, published.seq(), at, published.duplicate())));
    }

    static Answer problem(ErrorCode code, String detail) {
        return Problem.of(Problem.status(code), code.word(), detail);
    }
}
