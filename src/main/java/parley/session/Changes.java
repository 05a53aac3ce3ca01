package parley.session;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.access.Grant;
import parley.protocol.Command;
import parley.protocol.Draft;
import parley.protocol.ErrorCode;
import parley.protocol.Event;
import parley.protocol.RoomName;
import parley.room.ChangeDraft;
import parley.room.Member;
import parley.room.Outcome;
import parley.room.ReactionDraft;

/**
 * The commands of a JSON session that change messages, and which messages it may change: those of its user, or where it
 * is no user the last ones that this connection said, and any with the right to do so. The thread that brings the
 * messages calls; any thread gives results.
 */
final class Changes {
    private final JsonConnection connection;
    private final Answers answers;

    /** Null before the connection has said any, and where it is a user's. */
    @GuardedBy("this")
    private @Nullable LastSaid said;

    /** Null before the connection has opened any, and where it is a user's. */
    @GuardedBy("this")
    private @Nullable OpenSaid open;

    Changes(JsonConnection connection, Answers answers) {
        this.connection = connection;
        this.answers = answers;
    }

    /** The connection has said that message. */
    void said(Member in, long seq, boolean isOpen) {
        if (connection.user() == null && isOpen) {
            grows(in, in.room().epoch(), seq);
        } else if (connection.user() == null) {
            isSaid(in.room().name(), in.room().epoch(), seq);
        }
    }

    private synchronized void grows(Member in, String epoch, long seq) {
        open = open == null ? new OpenSaid() : open;
        open.grows(in.room().name(), epoch, seq, in.room().openMessages());
    }

    private synchronized void isSaid(RoomName room, String epoch, long seq) {
        if (open != null) {
            open.isFinal(room, epoch, seq);
        }
        said = said == null ? new LastSaid() : said;
        said.add(room, epoch, seq);
    }

    private synchronized boolean hasSaid(RoomName room, String epoch, long seq) {
        return (said != null && said.has(room, epoch, seq)) || (open != null && open.has(room, epoch, seq));
    }

    /** It has appended to a message that it said. */
    private void appended(Command.Append append, Member in, String epoch) {
        if (connection.user() != null) {
            return;
        }
        if (append.isLast()) {
            isSaid(in.room().name(), epoch, append.seq());
        } else {
            grows(in, epoch, append.seq());
        }
    }

    private boolean isOfOtherEpoch(Command.OfMessage command, String epoch) {
        boolean isOther = command.epoch() != null && !command.epoch().equals(epoch);
        if (isOther) {
            answers.fail(
                    command,
                    ErrorCode.OTHER_EPOCH,
                    "the room is in another epoch, in which this seq means another message; joined says which");
        }
        return isOther;
    }

    /** Sets a reaction or takes it back, as {@link #carryOut} does; whoever may write may react to any message. */
    void react(Command.React react, Member in, Draft sender) {
        if (isOfOtherEpoch(react, in.room().epoch())) {
            return;
        }
        if (!connection.grant().mayWrite(in.room().name())) {
            answers.fail(react, ErrorCode.FORBIDDEN, "this token does not allow writing in this room");
            return;
        }
        Optional<ReactionDraft> reaction = ReactionDraft.by(sender, react.seq(), react.key(), react.off());
        if (reaction.isEmpty()) {
            answers.fail(
                    react,
                    ErrorCode.FORBIDDEN,
                    "a reaction belongs to a user or a name, and this client has neither; take a name, or connect with"
                            + " a token that has a sub");
            return;
        }
        change(react, in, reaction.get());
    }

    /**
     * Carries a command out and answers it, at once or later.
     *
     * @param sender who changes it, and what the message is to say
     */
    void carryOut(Command.OfMessage command, Member in, Draft sender) {
        String epoch = in.room().epoch();
        if (isOfOtherEpoch(command, epoch)) {
            return;
        }
        Grant grant = connection.grant();
        RoomName room = in.room().name();
        boolean mayAny = mayAny(command, grant, room);
        if (!mayAny && !grant.mayWrite(room)) {
            answers.fail(command, ErrorCode.FORBIDDEN, "this token does not allow writing in this room");
            return;
        }
        boolean isAny = mayAny || hasSaid(room, epoch, command.seq());
        ChangeDraft.Right right = isAny ? ChangeDraft.Right.ANY : ChangeDraft.Right.OWN;
        change(command, in, change(command, sender, right));
    }

    private void change(Command.OfMessage command, Member in, ChangeDraft change) {
        Answers.Later answer = answers.later();
        String epoch = in.room().epoch();
        connection.backpressure().change(in.room(), change, outcome -> {
            if (command instanceof Command.Append append && outcome instanceof Outcome.Published) {
                appended(append, in, epoch);
            }
            answer.give(answer(command, outcome));
        });
        answer.carriedOut();
    }

    /** Whether it may do that with messages of others. */
    private static boolean mayAny(Command.OfMessage command, Grant grant, RoomName room) {
        if (command instanceof Command.Append) {
            return false;
        }
        return command instanceof Command.Remove ? grant.mayRemove(room) : grant.mayEdit(room);
    }

    private ChangeDraft change(Command.OfMessage command, Draft sender, ChangeDraft.Right right) {
        if (command instanceof Command.Append append) {
            int most = connection.sessions().limits().messageBytes();
            return new ChangeDraft.Append(append.seq(), sender, right, append.isLast(), most);
        }
        return command instanceof Command.Remove
                ? ChangeDraft.Removal.by(command.seq(), sender, right)
                : new ChangeDraft.Edit(command.seq(), sender, right);
    }

    /** Answers with what became of a change, or of a value of a key. */
    static Event answer(Command command, Outcome outcome) {
        if (outcome instanceof Outcome.Published published) {
            return new Event.Ack(command.ref(), command.room(), published.seq(), published.duplicate());
        }
        if (outcome instanceof Outcome.NotFound notFound) {
            return error(command, ErrorCode.NOT_FOUND, notFound.reason());
        }
        return refusal(command, outcome);
    }

    /** Answers a message or a change of which nothing came. */
    static Event refusal(Command command, Outcome outcome) {
        if (outcome instanceof Outcome.Refused refused) {
            return error(command, ErrorCode.FORBIDDEN, refused.reason());
        }
        if (outcome instanceof Outcome.CannotChange cannot) {
            return error(command, ErrorCode.NOT_IMPLEMENTED, cannot.reason());
        }
        if (outcome instanceof Outcome.Full full) {
            return error(command, ErrorCode.ROOM_FULL, full.reason());
        }
        return outcome instanceof Outcome.TooLarge tooLarge
                ? error(command, ErrorCode.TOO_LARGE, tooLarge.reason())
                : error(command, ErrorCode.UNAVAILABLE, ((Outcome.NotKept) outcome).reason());
    }

    private static Event error(Command command, ErrorCode code, String reason) {
        return new Event.Error(command.ref(), code, reason, command.room());
    }
}
