package parley.session;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import parley.protocol.Command;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.ErrorCode;
import parley.protocol.Event;
import parley.protocol.RoomName;
import parley.room.KeyDraft;
import parley.room.Member;
import parley.room.Outcome;

/**
 * The commands of a JSON session that set values of keys and remove them: state that a room's members share, so who may
 * write may set any. The thread that brings the messages calls; any thread gives results.
 */
final class KeyCommands {
    private final JsonConnection connection;
    private final Answers answers;

    KeyCommands(JsonConnection connection, Answers answers) {
        this.connection = connection;
        this.answers = answers;
    }

    /** Sets a value and answers, at once or later. */
    void put(Command.Put put, Member in, @Nullable String from) {
        Duration longest = in.room().keys().limits().ttl();
        if (!longest.isZero() && put.ttl() > longest.toMillis()) {
            answers.fail(
                    put,
                    ErrorCode.TOO_LARGE,
                    "ttl is " + put.ttl() + ", and at most " + longest.toMillis() + " milliseconds (room.key-ttl)");
            return;
        }
        Draft draft = new Draft(from, connection.user(), put.content(), put.id());
        carryOut(
                put,
                put.room(),
                in,
                new KeyDraft(
                        put.key(),
                        draft,
                        put.expected(),
                        put.ttl(),
                        in.room().keys().limits()));
    }

    /** Removes a value and answers, at once or later. */
    void unset(Command.Unset unset, Member in, @Nullable String from) {
        Draft sender = new Draft(from, connection.user(), Content.REMOVED, null);
        carryOut(unset, unset.room(), in, KeyDraft.removal(unset.key(), sender, unset.expected()));
    }

    private void carryOut(Command.OfKey command, RoomName room, Member in, KeyDraft draft) {
        String epoch = command.epoch();
        if (epoch != null && !epoch.equals(in.room().epoch())) {
            answers.fail(
                    command,
                    ErrorCode.OTHER_EPOCH,
                    "the room is in another epoch, in which the seq of if means another value; joined says which");
            return;
        }
        Answers.Later answer = answers.later();
        connection.backpressure().put(in.room(), draft, outcome -> answer.give(answer(command, room, outcome)));
        answer.carriedOut();
    }

    private static Event answer(Command command, RoomName room, Outcome outcome) {
        if (outcome instanceof Outcome.Conflict conflict) {
            return new Event.Conflict(
                    command.ref(), room, conflict.reason(), conflict.value().orElse(null));
        }
        return outcome instanceof Outcome.Full full
                ? new Event.Error(command.ref(), ErrorCode.ROOM_FULL, full.reason(), room)
                : Changes.answer(command, outcome);
    }
}
