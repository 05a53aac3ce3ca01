package parley.cluster;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.Revision;
import parley.room.ChangeDraft;
import parley.room.Outcome;

/**
 * Changes of messages that clients of this node make: those of one message one after the other, since each has to know
 * what the one before has made of it. A change is decided, published as an entry of the room, folded into its message
 * in the stream, and then answered. For the store's thread.
 */
final class Changing {
    /** What is done for a change. */
    interface Steps {
        /** Does something behind what the store's thread has to do now. */
        void later(Runnable task);

        /** Reads the message of a number as it is now; then is given null when that cannot be read. */
        void find(Remote remote, long seq, Consumer<@Nullable Optional<Message>> then);

        /** Says why a message cannot be kept as a change makes it; empty when it can. */
        Optional<Outcome> refusal(Message changed);

        /** Finds out whether changes can be folded now; then is given false when that is not known. */
        void prepare(Remote remote, Consumer<Boolean> then);

        /** Publishes a change. */
        void send(Remote remote, long at, Draft draft, Revision revision, long untilNanos, Consumer<Outcome> onResult);

        /** Folds the change that was stored under a number; then is given null when that is not known to be done. */
        void fold(Remote remote, long of, long seq, Consumer<StreamFolding.@Nullable Result> then);
    }

    /** A message that is being changed. */
    private record Place(Remote remote, long of) {}

    private record Change(long at, ChangeDraft draft, long untilNanos, Promises.Promise<Outcome> promise) {}

    private final Promises promises;
    private final Steps steps;
    private final Map<Place, Deque<Change>> waiting = new HashMap<>();

    Changing(Promises promises, Steps steps) {
        this.promises = promises;
        this.steps = steps;
    }

    void change(Remote remote, long at, ChangeDraft draft, long untilNanos, Consumer<Outcome> onResult) {
        Place place = new Place(remote, draft.of());
        Deque<Change> others = waiting.computeIfAbsent(place, unused -> new ArrayDeque<>());
        Consumer<Outcome> whenKnown = outcome -> {
            letGoOfExpired(others);
            onResult.accept(outcome);
        };
        Change change = new Change(at, draft, untilNanos, promises.make(untilNanos, Outbox.NOT_NOW, whenKnown));
        others.add(change);
        if (others.size() == 1) {
            begin(place, change);
        }
    }

    /** How many changes it has that are not made. */
    int waiting() {
        return waiting.values().stream().mapToInt(Deque::size).sum();
    }

    /** The first is under way, and has others wait until it ends. */
    private static void letGoOfExpired(Deque<Change> others) {
        Iterator<Change> each = others.iterator();
        for (boolean isFirst = true; each.hasNext(); isFirst = false) {
            boolean isDue = each.next().promise.isDue();
            if (!isDue && !isFirst) {
                each.remove();
            }
        }
    }

    private void begin(Place place, Change change) {
        if (change.promise.isDue() && place.remote.isOpen()) {
            look(place, change);
        } else {
            end(place, change, Outbox.NOT_NOW);
        }
    }

    /** What the room's memory has is what the message is now, as far as this node has heard. */
    private void look(Place place, Change change) {
        place.remote.flush();
        Optional<Message> message = place.remote.room().kept(place.of);
        if (place.of < place.remote.first()) {
            decide(place, change, Optional.empty());
        } else if (message.isPresent()) {
            decide(place, change, message);
        } else {
            steps.find(place.remote, place.of, found -> {
                if (found == null) {
                    end(place, change, Outbox.NOT_NOW);
                } else {
                    decide(place, change, found);
                }
            });
        }
    }

    private void decide(Place place, Change change, Optional<Message> message) {
        Optional<Outcome> answer = change.draft.answer(message);
        if (answer.isPresent() || !change.promise.isDue()) {
            end(place, change, answer.orElse(Outbox.NOT_NOW));
            return;
        }
        Message entry = change.draft.numbered(0, change.at, message.orElseThrow());
        Optional<Outcome> refusal = steps.refusal(message.orElseThrow().changedBy(entry));
        if (refusal.isPresent()) {
            end(place, change, refusal.get());
            return;
        }
        steps.prepare(place.remote, isReady -> {
            if (isReady && change.promise.isDue()) {
                publish(place, change, entry.revision());
            } else {
                end(place, change, Outbox.NOT_NOW);
            }
        });
    }

    private void publish(Place place, Change change, Revision revision) {
        steps.send(place.remote, change.at, change.draft.draft(), revision, change.untilNanos, outcome -> {
            if (outcome instanceof Outcome.Published published) {
                steps.fold(place.remote, place.of, published.seq(), result -> {
                    Outcome known = result == null ? Outbox.NOT_NOW : outcome(change.draft, published, result);
                    end(place, change, known);
                });
            } else {
                end(place, change, outcome);
            }
        });
    }

    /** Another node may have removed the message in the same moment. */
    private static Outcome outcome(ChangeDraft draft, Outcome.Published published, StreamFolding.Result result) {
        if (result instanceof StreamFolding.Result.Removed removed) {
            return draft instanceof ChangeDraft.Removal
                    ? new Outcome.Published(removed.by(), true)
                    : new Outcome.NotFound("the message with seq " + draft.of() + " has been removed");
        }
        return result instanceof StreamFolding.Result.Gone
                ? new Outcome.NotFound("the room does not keep a message with seq " + draft.of())
                : published;
    }

    private void end(Place place, Change change, Outcome outcome) {
        change.promise.keep(outcome);
        next(place);
    }

    private void next(Place place) {
        Deque<Change> others = waiting.get(place);
        if (others != null) {
            others.poll();
            if (others.isEmpty()) {
                waiting.remove(place);
            } else {
                Change next = others.element();
                steps.later(() -> begin(place, next));
            }
        }
    }
}
