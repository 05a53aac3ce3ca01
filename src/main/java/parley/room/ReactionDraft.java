package parley.room;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.ReactionKey;
import parley.protocol.Reactions;
import parley.protocol.Reactor;
import parley.protocol.Revision;
import parley.protocol.Standing;

/**
 * A reaction that is set or taken back, before the room's log has numbered it; whoever may write in the room may do so.
 * Which senders have reacted is known to the store, so that it is {@linkplain #among asked} before the draft is
 * answered. Immutable.
 *
 * @param of the number of the message
 * @param draft its sender, who is a user or has a name
 * @param mostKeys how many keys a message has at most
 * @param mostHeld how many bytes of memory all senders in a room take at most, where they are in memory
 * @param asked what the store knows of the sender's reaction; null before it was asked
 */
public record ReactionDraft(
        long of,
        Draft draft,
        ReactionKey key,
        boolean isOff,
        int mostKeys,
        long mostHeld,
        @Nullable Known asked) implements ChangeDraft {
    /**
     * What a store knows.
     *
     * @param setBy the number of the entry with which the sender set the key; empty where it is not set
     * @param others the last senders of the key without this one
     * @param held the bytes of memory that the sender takes
     * @param heldByAll those that all senders in the room take already
     */
    record Known(OptionalLong setBy, List<Reactor> others, long held, long heldByAll) {}

    /** How many bytes senders have beside each byte of messages ({@link RoomLimits#historyBytes}). */
    static final int HELD_FOR_A_BYTE = 4;

    /** The reaction of a sender; empty when the sender is no user and has no name. */
    public static Optional<ReactionDraft> by(Draft sender, long of, ReactionKey key, boolean isOff) {
        return sender.user() == null && sender.from() == null
                ? Optional.empty()
                : Optional.of(new ReactionDraft(of, sender.with(Content.REACTIONS), key, isOff, 0, 0, null));
    }

    @Override
    public ReactionDraft with(Draft other) {
        return new ReactionDraft(of, other, key, isOff, mostKeys, mostHeld, asked);
    }

    @Override
    public ReactionDraft within(RoomLimits limits) {
        long held = limits.historyBytes() * HELD_FOR_A_BYTE;
        return new ReactionDraft(of, draft, key, isOff, limits.reactions(), held, asked);
    }

    @Override
    public <X extends Exception> ReactionDraft among(Reactors<X> reactors) throws X {
        OptionalLong setBy = reactors.find(of, key, sender());
        List<Reactor> others = isOff ? reactors.newestBut(of, key, sender()) : List.of();
        Known known = new Known(setBy, others, reactors.held(key, sender()), reactors.held());
        return new ReactionDraft(of, draft, key, isOff, mostKeys, mostHeld, known);
    }

    @Override
    public <X extends Exception> void added(long seq, Reactors<X> reactors) throws X {
        if (isOff) {
            reactors.takeBack(of, key, sender());
        } else {
            reactors.set(of, key, sender(), seq);
        }
    }

    /** Who reacts. */
    public Reactor sender() {
        String user = draft.user();
        return user == null ? new Reactor(Objects.requireNonNull(draft.from()), false) : new Reactor(user, true);
    }

    private Known known() {
        return Objects.requireNonNull(asked, "the store was not asked");
    }

    @Override
    public Optional<Outcome> refusal(Message now) {
        if (asked == null) {
            return Optional.of(new Outcome.CannotChange(
                    "this room keeps no senders of reactions; react needs rooms in memory or on disk"));
        }
        return now.content().kind() == Content.Kind.REMOVED
                ? Optional.of(new Outcome.NotFound("the message with seq " + of + " has been removed"))
                : isSo(now).or(() -> isTooMuch(now.reactions()));
    }

    private Optional<Outcome> isSo(Message now) {
        OptionalLong setBy = known().setBy;
        if (isOff == setBy.isPresent()) {
            return Optional.empty();
        }
        long newest = now.reactions().isNone() ? of : now.reactions().seq();
        return Optional.of(new Outcome.Published(setBy.orElse(newest), true));
    }

    private Optional<Outcome> isTooMuch(Reactions now) {
        if (isOff) {
            return Optional.empty();
        }
        if (mostKeys == 0) {
            return Optional.of(new Outcome.Refused("this room takes no reactions (room.reactions=0)"));
        }
        int count = now.of(key).map(Reactions.OfKey::count).orElse(0);
        if (count >= Reactions.MOST_OF_A_KEY) {
            return Optional.of(new Outcome.TooLarge("a message takes " + Reactions.MOST_OF_A_KEY
                    + " reactions of one key; the message with seq " + of + " has as many"));
        }
        if (count == 0 && now.keys().size() >= mostKeys) {
            return Optional.of(new Outcome.TooLarge("a message takes " + mostKeys
                    + " different reactions (room.reactions), which the message with seq " + of
                    + " has; use one of these"));
        }
        return known().held == 0 || known().heldByAll + known().held <= mostHeld
                ? Optional.empty()
                : Optional.of(new Outcome.TooLarge("the reactions of this room take " + known().heldByAll
                        + " bytes of memory; they have at most " + mostHeld + " (" + HELD_FOR_A_BYTE
                        + " times room.history-bytes); take some back, or react again when old messages have gone"));
    }

    @Override
    public Message numbered(long seq, long at, Message original) {
        Reactions before = original.reactions();
        long held = known().held;
        Reactions now = isOff
                ? before.without(seq, key, known().others, before.held() - held)
                : before.with(seq, key, sender(), before.held() + held);
        Revision.Change change = new Revision.Change(of, before.seq(), ChangeKind.Reacting.REACTION);
        return new Message(seq, at, draft, change).with(draft.content(), change, Standing.NONE.with(now));
    }

    @Override
    public boolean takesAway() {
        return isOff;
    }

    @Override
    public boolean isLookedAt() {
        return false;
    }
}
