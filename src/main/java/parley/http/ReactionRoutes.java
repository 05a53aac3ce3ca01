package parley.http;

import java.util.Objects;
import java.util.Optional;
import parley.access.Grant;
import parley.door.HttpDoor;
import parley.door.Query;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.ErrorCode;
import parley.protocol.MemberName;
import parley.protocol.ReactionKey;
import parley.protocol.RoomName;
import parley.room.ReactionDraft;

/** Reactions to messages over HTTP. Any thread. */
final class ReactionRoutes {
    private static final String REACTION = ChangeRoutes.MESSAGE + "/reactions/{key}";

    private final Reception reception;
    private final ChangeRoutes changes;

    /** Makes them; what they do is a change like others. */
    ReactionRoutes(Reception reception, ChangeRoutes changes) {
        this.reception = reception;
        this.changes = changes;
    }

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        routes.on(
                "PUT",
                REACTION,
                (exchange, values) -> react(exchange, values.get(0), values.get(1), values.get(2), false));
        routes.on(
                "DELETE",
                REACTION,
                (exchange, values) -> react(exchange, values.get(0), values.get(1), values.get(2), true));
    }

    private void react(Exchange exchange, String room, String seq, String part, boolean isOff) {
        reception.admit(exchange, room, (caller, name) -> {
            Optional<Long> number = ChangeRoutes.number(exchange, seq);
            if (number.isEmpty() || ChangeRoutes.hasCondition(exchange)) {
                return;
            }
            Optional<ReactionKey> key = key(part);
            if (key.isEmpty()) {
                exchange.answer(ChangeRoutes.problem(
                        ErrorCode.BAD_NAME, "the key of a reaction is " + ReactionKey.RULE + ", percent-encoded"));
                return;
            }
            react(exchange, caller, name, number.get(), key.get(), isOff);
        });
    }

    private static Optional<ReactionKey> key(String part) {
        try {
            return ReactionKey.parse(Query.path(part));
        } catch (IllegalArgumentException e) {
            return Optional.empty(); // a broken escape
        }
    }

    private void react(
            Exchange exchange, HttpDoor.Caller caller, RoomName room, long seq, ReactionKey key, boolean isOff) {
        Grant grant = caller.grant();
        if (!grant.mayWrite(room) && !grant.mayPublish(room)) {
            reception.forbid(
                    exchange,
                    caller,
                    "reacting in this room over HTTP is not allowed; it takes the claim write or publish");
            return;
        }
        String asked = caller.parameters().get("from");
        MemberName from = asked == null ? grant.name() : MemberName.parse(asked);
        if (asked != null && from == null) {
            exchange.answer(ChangeRoutes.problem(ErrorCode.BAD_NAME, "from is " + MemberName.RULE));
            return;
        }
        boolean isOther = asked != null && !Objects.equals(from, grant.name());
        if (isOther && grant.name() != null && !grant.mayPublish(room)) {
            exchange.answer(ChangeRoutes.problem(
                    ErrorCode.FORBIDDEN,
                    "from is the name that the token says; to react on behalf of others takes the claim publish"));
            return;
        }
        boolean isForAnother = isOther && grant.mayPublish(room);
        String user = grant.user() == null || isForAnother ? null : grant.user().value();
        Draft sender = new Draft(from == null ? null : from.value(), user, Content.REACTIONS, null);
        Optional<ReactionDraft> reaction = ReactionDraft.by(sender, seq, key, isOff);
        if (reaction.isEmpty()) {
            exchange.answer(ChangeRoutes.problem(
                    ErrorCode.FORBIDDEN,
                    "a reaction belongs to a user or a name; take a token with a sub or a name, or the parameter"
                            + " from"));
            return;
        }
        changes.change(exchange, caller, room, reaction.get());
    }
}
