package parley.cluster;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.room.Outcome;
import parley.room.RoomStore;

/**
 * A message that is stored only behind the one that its sender expects to be the newest. The stream compares and stores
 * in one step. For the store's thread.
 *
 * <p>When the stream says that another message is the newest, that may be this very message, whose acknowledgement was
 * lost, or one with the same id; servers differ in which of the two they look at first. It may also be an older one,
 * since the expected one has been let go of, or is no message but a number behind the room's newest. So the stream is
 * read behind the expected number, and the room has heard all of it before the sender is answered.
 */
final class Comparison {
    /** How often it is sent behind another number that means the same. */
    private static final int MOST_TRIES = 3;
    /** How often the stream is read; a server that is behind the others gives no answer. */
    private static final int MOST_LOOKS = 10;

    /** What it has done for it. */
    interface Steps {
        /** Sends the message, to be stored behind a message of the room, or as its first with 0. */
        Outbox.Entry send(RoomStore.Expected behind, Consumer<Outcome> onResult);

        /** Reads what comes behind a number; then is given null when that cannot be read. */
        void look(long after, Consumer<StreamReader.@Nullable Behind> then);

        /** Has the room hear of all that there is. */
        void refresh(Runnable then);
    }

    private final Remote remote;
    private final RoomStore.Expected expected;
    private final String dedupId;
    private final boolean hasId;
    private final Steps steps;
    private final Promises.Promise<Outcome> promise;

    private Outbox.@Nullable Entry entry;
    private int tries;
    private int looks;

    /**
     * @param dedupId by which the stream knows the message
     * @param hasId whether that is the sender's own id, so that others may have stored it
     */
    Comparison(
            Remote remote,
            RoomStore.Expected expected,
            String dedupId,
            boolean hasId,
            Steps steps,
            Promises.Promise<Outcome> promise) {
        this.remote = remote;
        this.expected = expected;
        this.dedupId = dedupId;
        this.hasId = hasId;
        this.steps = steps;
        this.promise = promise;
    }

    void begin() {
        if (!remote.isOpen()) {
            steps.refresh(this::look);
        } else if (!hasMoved()) {
            send(expected.seq());
        } else if (hasId) {
            look();
        } else {
            promise.keep(moved());
        }
    }

    private boolean hasMoved() {
        return !isOfThisHistory() || remote.newest() > expected.seq();
    }

    private boolean isOfThisHistory() {
        return expected.epoch().equals(remote.epoch());
    }

    private Outcome moved() {
        return new Outcome.Moved(remote.epoch(), remote.newest());
    }

    private void send(long behind) {
        tries++;
        entry = steps.send(new RoomStore.Expected(remote.epoch(), behind), outcome -> {
            if (outcome instanceof Outcome.Moved) {
                look();
            } else {
                promise.keep(outcome);
            }
        });
    }

    private void look() {
        if (promise.isDue()) {
            looks++;
            steps.look(isOfThisHistory() ? expected.seq() : 0, found -> {
                if (found != null) {
                    steps.refresh(() -> decide(found));
                } else if (looks < MOST_LOOKS) {
                    steps.refresh(this::look);
                } else {
                    promise.keep(Outbox.NOT_NOW);
                }
            });
        }
    }

    private void decide(StreamReader.Behind found) {
        if (!promise.isDue()) {
            return;
        }
        Outbox.Entry sent = entry;
        for (Remote.Heard heard : found.messages()) {
            if (dedupId.equals(heard.dedupId())) {
                boolean isOfOthers = sent == null || !sent.isOf(heard.hash());
                promise.keep(new Outcome.Published(heard.seq(), isOfOthers));
                return;
            }
        }
        if (!found.epoch().equals(remote.epoch())) {
            promise.keep(Outbox.NOT_NOW); // it is not known here yet which history the room has
        } else if (hasMoved() || expected.seq() > found.head()) {
            promise.keep(mayHaveBeenStored(found) ? Outbox.NOT_NOW : moved());
        } else if (tries < MOST_TRIES) {
            send(found.last());
        } else {
            promise.keep(Outbox.NOT_NOW);
        }
    }

    /** An attempt was not answered, and what became of it cannot be seen any more. */
    private boolean mayHaveBeenStored(StreamReader.Behind found) {
        boolean isAllSeen = isOfThisHistory() && found.isAll() && remote.first() <= expected.seq() + 1;
        return entry != null && entry.wasSentAgain() && !isAllSeen;
    }
}
