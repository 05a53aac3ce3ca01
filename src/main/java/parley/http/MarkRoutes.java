package parley.http;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import parley.door.HttpDoor;
import parley.protocol.ErrorCode;
import parley.protocol.Event;
import parley.protocol.HttpJson;
import parley.protocol.JsonCodec;
import parley.protocol.ReadMark;
import parley.protocol.UserId;
import parley.room.MarkStore;
import parley.room.Room;
import parley.room.RoomStore;

/** The read mark of a caller in a room. Any thread. */
final class MarkRoutes {
    private static final int MOST_BYTES = 4_096;

    private final Reception reception;

    MarkRoutes(Reception reception) {
        this.reception = reception;
    }

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        routes.on("GET", "/rooms/{room}/mark", (exchange, values) -> ofUser(exchange, values.get(0), this::tell));
        routes.on("PUT", "/rooms/{room}/mark", (exchange, values) -> ofUser(exchange, values.get(0), this::set));
    }

    private interface OfUser {
        void answer(Exchange exchange, String user, Room room, RoomStore.Expected newest);
    }

    private void ofUser(Exchange exchange, String name, OfUser then) {
        reception.admitReader(exchange, name, (caller, room, newest) -> {
            UserId user = caller.grant().user();
            if (user == null) {
                forbid(exchange, caller);
            } else {
                then.answer(exchange, user.value(), room, newest);
            }
        });
    }

    private void forbid(Exchange exchange, HttpDoor.Caller caller) {
        reception.forbid(
                exchange,
                caller,
                "a read mark belongs to a user, and the server does not know which user asks; bring a token that has a"
                        + " sub");
    }

    private void tell(Exchange exchange, String user, Room room, RoomStore.Expected newest) {
        room.marks().find(user, newest, read -> exchange.answer(answer(room, newest, read)));
    }

    private static Answer answer(Room room, RoomStore.Expected newest, @Nullable ReadMark read) {
        if (read == null) {
            return Problem.of(404, "no-mark", "this user has set no mark in this room, or it cannot be read now");
        }
        String line = JsonCodec.encode(new Event.Mark(room.name(), newest.epoch(), newest.seq(), read));
        return Answer.of(200, Map.of("Content-Type", "application/json", "Cache-Control", "no-store"), line + "\n");
    }

    private void set(Exchange exchange, String user, Room room, RoomStore.Expected newest) {
        exchange.body(MOST_BYTES, body -> {
            if (body instanceof Body.Whole whole) {
                set(exchange, user, room, new String(whole.bytes(), StandardCharsets.UTF_8));
            } else if (body instanceof Body.TooLong) {
                exchange.answer(Problem.of(413, "too-large", "a mark has at most " + MOST_BYTES + " bytes"));
            } else {
                exchange.answer(Problem.of(400, "bad-json", "the body did not come to its end"));
            }
        });
    }

    private void set(Exchange exchange, String user, Room room, String text) {
        HttpJson.Decoded decoded = HttpJson.mark(text);
        if (!(decoded instanceof HttpJson.Mark mark)) {
            HttpJson.Wrong wrong = (HttpJson.Wrong) decoded;
            exchange.answer(
                    Problem.of(Problem.status(wrong.code()), wrong.code().word(), wrong.reason()));
            return;
        }
        room.marks().raise(user, mark.epoch(), mark.seq(), raised -> {
            if (raised instanceof MarkStore.Holds) {
                tell(exchange, user, room, room.newest());
            } else if (raised == MarkStore.No.OTHER_HISTORY) {
                exchange.answer(Problem.of(
                        409,
                        ErrorCode.OTHER_EPOCH.word(),
                        "the room is in another epoch, in which this seq means another message"));
            } else if (raised == MarkStore.No.FULL) {
                exchange.answer(Problem.of(
                        503,
                        ErrorCode.ROOM_FULL.word(),
                        "the server keeps as many read marks as room.marks or its memory allows"));
            } else {
                exchange.answer(Problem.unavailable("the mark could not be kept now; send it again"));
            }
        });
    }
}
