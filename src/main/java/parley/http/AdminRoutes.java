package parley.http;

import java.util.Map;
import java.util.function.Function;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import parley.door.HttpDoor;
import parley.door.Query;
import parley.protocol.HttpJson;
import parley.protocol.MemberName;
import parley.protocol.RoomName;
import parley.protocol.UserId;
import parley.room.RoomStore;
import parley.session.Sessions;

/** What ends over HTTP: messages and sessions, for operators; a stream, for the client that reads it. Any thread. */
final class AdminRoutes {
    private final Reception reception;
    private final Sessions sessions;

    AdminRoutes(Reception reception, Sessions sessions) {
        this.reception = reception;
        this.sessions = sessions;
    }

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        routes.on(
                "DELETE",
                "/rooms/{room}/messages",
                (exchange, values) -> reception.admitOperator(exchange, caller -> forget(exchange, values.get(0))));
        routes.on(
                "DELETE",
                "/sessions/{id}",
                (exchange, values) ->
                        reception.admitOperator(exchange, caller -> removeSession(exchange, caller, values.get(0))));
        routes.on(
                "DELETE",
                "/events/{key}",
                (exchange, values) -> reception.admit(exchange, caller -> endStream(exchange, values.get(0))));
        routes.on(
                "DELETE",
                "/members/{name}",
                (exchange, values) ->
                        reception.admitOperator(exchange, caller -> removeMembers(exchange, caller, values.get(0))));
        routes.on(
                "DELETE",
                "/users/{user}",
                (exchange, values) ->
                        reception.admitOperator(exchange, caller -> removeUser(exchange, caller, values.get(0))));
    }

    private void endStream(Exchange exchange, String key) {
        exchange.answer(
                sessions.endStream(key)
                        ? new Answer(204, Map.of("Cache-Control", "no-store"), new byte[0])
                        : Problem.of(404, "not-found", "there is no event stream with this key on this server"));
    }

    private void forget(Exchange exchange, String name) {
        RoomName room = RoomName.parse(name);
        if (room == null) {
            exchange.answer(Problem.of(404, "bad-room", "a room's name is " + RoomName.RULE));
            return;
        }
        reception.whenOpen(
                exchange, room, (found, newest) -> found.forgetMessages(what -> exchange.answer(answer(what))));
    }

    private static Answer answer(RoomStore.Forgotten what) {
        return switch (what) {
            case DONE -> new Answer(204, Map.of("Cache-Control", "no-store"), new byte[0]);
            case NOT_NOW -> Problem.unavailable("the messages cannot be removed now, or not all of them; ask again");
        };
    }

    private void removeSession(Exchange exchange, HttpDoor.Caller caller, String session) {
        String reason = reason(caller);
        if (reason == null) {
            exchange.answer(badReason());
        } else if (sessions.remove(session, reason)) {
            exchange.answer(closed(1));
        } else {
            exchange.answer(Problem.of(404, "not-found", "there is no such session on this server"));
        }
    }

    private void removeMembers(Exchange exchange, HttpDoor.Caller caller, String escaped) {
        MemberName name = named(escaped, MemberName::parse);
        if (name == null) {
            exchange.answer(Problem.of(404, "bad-name", "a name is " + MemberName.RULE + ", in %-escapes of UTF-8"));
        } else {
            remove(exchange, caller, "nobody on this server is called so", reason -> sessions.removeAll(name, reason));
        }
    }

    private void removeUser(Exchange exchange, HttpDoor.Caller caller, String escaped) {
        UserId user = named(escaped, UserId::parse);
        if (user == null) {
            exchange.answer(Problem.of(404, "bad-name", "a user has " + UserId.RULE + ", in %-escapes of UTF-8"));
        } else {
            remove(
                    exchange,
                    caller,
                    "this user has no session on this server",
                    reason -> sessions.removeAll(user, reason));
        }
    }

    private static <T> @Nullable T named(String escaped, Function<String, @Nullable T> parse) {
        try {
            return parse.apply(Query.path(escaped));
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static void remove(
            Exchange exchange, HttpDoor.Caller caller, String whenNone, ToIntFunction<String> removal) {
        String reason = reason(caller);
        if (reason == null) {
            exchange.answer(badReason());
        } else {
            int closed = removal.applyAsInt(reason);
            exchange.answer(closed == 0 ? Problem.of(404, "not-found", whenNone) : closed(closed));
        }
    }

    private static @Nullable String reason(HttpDoor.Caller caller) {
        String reason = caller.parameters().getOrDefault("reason", "removed");
        return Sessions.isReason(reason) ? reason : null;
    }

    private static Answer badReason() {
        return Problem.of(
                400,
                "bad-query",
                "reason has 1 to " + Sessions.LONGEST_REASON + " bytes of UTF-8 without control characters");
    }

    private static Answer closed(int sessions) {
        return Answer.of(
                200,
                Map.of("Content-Type", "application/json", "Cache-Control", "no-store"),
                HttpJson.closed(sessions));
    }
}
