package parley.room;

import java.util.Objects;
import java.util.Optional;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * A change of a message before the room's log has numbered it. Immutable.
 *
 * @param of the number of the message
 * @param draft what the message says from then on, and the sender of the change
 * @param right whose messages the sender may change
 */
public record ChangeDraft(long of, Draft draft, Right right) {

    /** Whose messages the sender of a change may change. */
    public enum Right {
        /** Those of the user that it is; none when it is no user. */
        OWN,
        /** Any. */
        ANY
    }

    /** Takes back what a message says. */
    public static ChangeDraft removal(long of, Draft sender, Right right) {
        return new ChangeDraft(of, sender.with(Content.REMOVED), right);
    }

    /** The same with another draft. */
    ChangeDraft with(Draft other) {
        return new ChangeDraft(of, other, right);
    }

    /** Whether it takes back what the message says. */
    public boolean isRemoval() {
        return draft.content().kind() == Content.Kind.REMOVED;
    }

    /**
     * What comes of it without changing anything: it is not allowed, or was done before; empty when it is to be made.
     *
     * @param message the message as it is now; empty where the room does not keep one of that number
     */
    public Optional<Outcome> answer(Optional<Message> message) {
        if (message.isEmpty()) {
            return Optional.of(new Outcome.NotFound("the room does not keep a message with seq " + of));
        }
        Message now = message.get();
        if (now.revision() instanceof Revision.Change change) {
            return Optional.of(new Outcome.NotFound(
                    "seq " + of + " is itself a change; change the message that it changes, seq " + change.of()));
        }
        boolean isOwn = now.user() != null && Objects.equals(now.user(), draft.user());
        if (right != Right.ANY && !isOwn) {
            return Optional.of(
                    new Outcome.Refused("seq " + of + " is not a message of this client; a token with the claim "
                            + (isRemoval() ? "remove" : "edit") + " changes messages of others"));
        }
        if (now.content().kind() != Content.Kind.REMOVED) {
            return Optional.empty();
        }
        return Optional.of(
                isRemoval() && now.revision() instanceof Revision.Changed removed
                        ? new Outcome.Published(removed.seq(), true)
                        : new Outcome.NotFound("the message with seq " + of + " has been removed"));
    }

    /** The change as the log keeps it, and has its members hear of it. */
    public Message numbered(long seq, long at, Message original) {
        long before = original.revision() instanceof Revision.Changed changed ? changed.seq() : 0;
        return new Message(seq, at, draft, new Revision.Change(of, before));
    }
}
