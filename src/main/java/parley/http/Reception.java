package parley.http;

import java.util.function.BiConsumer;
import java.util.function.Consumer;
import parley.door.HttpDoor;
import parley.protocol.ErrorCode;
import parley.protocol.RoomName;
import parley.room.Openings;
import parley.room.Room;
import parley.room.RoomRegistry;
import parley.room.RoomStore;

/**
 * Where each request for rooms, members and messages is looked at first: what it does not pass is answered here. Any
 * thread.
 */
final class Reception {
    private final HttpDoor door;
    private final RoomRegistry rooms;
    private final Openings openings;

    Reception(HttpDoor door, RoomRegistry rooms, Openings openings) {
        this.door = door;
        this.rooms = rooms;
        this.openings = openings;
    }

    /** Goes on with the client, if the door lets it in. */
    void admit(Exchange exchange, Consumer<HttpDoor.Caller> then) {
        HttpDoor.Verdict verdict = door.ask(exchange.request());
        if (verdict instanceof HttpDoor.Refusal refusal) {
            exchange.answer(Problem.of(refusal));
        } else {
            then.accept((HttpDoor.Caller) verdict);
        }
    }

    /** Goes on with the client and the room that the path names. */
    void admit(Exchange exchange, String room, BiConsumer<HttpDoor.Caller, RoomName> then) {
        RoomName name = RoomName.parse(room);
        if (name == null) {
            exchange.answer(Problem.of(404, ErrorCode.BAD_ROOM.word(), "a room's name is " + RoomName.RULE));
        } else {
            admit(exchange, caller -> then.accept(caller, name));
        }
    }

    /** Goes on if an operator asks. */
    void admitOperator(Exchange exchange, Consumer<HttpDoor.Caller> then) {
        admit(exchange, caller -> {
            if (caller.grant().isAdmin()) {
                then.accept(caller);
            } else {
                forbid(exchange, caller, "this needs the API key, or a token with the claim admin");
            }
        });
    }

    /** Goes on with a room that a client may read, once the store has said what there is of it. */
    void admitReader(Exchange exchange, String room, Reader then) {
        admit(exchange, room, (caller, name) -> {
            if (!caller.grant().mayRead(name)) {
                forbid(exchange, caller, "this token does not give access to this room");
                return;
            }
            whenOpen(exchange, name, (found, newest) -> then.read(caller, found, newest));
        });
    }

    /** Goes on with a room once it is open, or answers that it cannot be opened now. */
    void whenOpen(Exchange exchange, RoomName room, BiConsumer<Room, RoomStore.Expected> then) {
        openings.visit(rooms, room, then, refusal -> exchange.answer(Problem.unavailable(refusal.sentence())));
    }

    /** What goes on with a room that is open. */
    @FunctionalInterface
    interface Reader {
        void read(HttpDoor.Caller caller, Room room, RoomStore.Expected newest);
    }

    void forbid(Exchange exchange, HttpDoor.Caller caller, String reason) {
        exchange.answer(Problem.of(door.forbidden(caller, reason)));
    }

    /** Whether a caller may do one thing more in the same request. */
    boolean mayGoOn(HttpDoor.Caller caller) {
        return door.mayGoOn(caller);
    }
}
