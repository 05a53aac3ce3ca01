package parley.room;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import parley.protocol.Draft;
import parley.protocol.RoomName;

/**
 * What the messages of one sender pass before they are published: one is inspected at a time, so that they stay in
 * their order, and a sender takes no more of the inspection than that. How many wait is bounded by the sender, which
 * counts messages without a result. Any thread.
 */
public final class Screen {
    private record Waiting(
            RoomName room, Draft draft, BiConsumer<Draft, Consumer<Outcome>> publish, Consumer<Outcome> onResult) {}

    private final Inspection inspection;
    private final Queue<Waiting> waiting = new ConcurrentLinkedQueue<>();
    private final AtomicInteger count = new AtomicInteger();

    /** Makes one for a sender. */
    public Screen(Inspection inspection) {
        this.inspection = inspection;
    }

    /**
     * Passes a message.
     *
     * @param publish called with the message as it may be published
     * @param onResult called once with what became of it: now, or later on another thread
     */
    public void pass(
            RoomName room, Draft draft, BiConsumer<Draft, Consumer<Outcome>> publish, Consumer<Outcome> onResult) {
        if (inspection == Inspection.NONE) {
            publish.accept(draft, onResult);
            return;
        }
        waiting.add(new Waiting(room, draft, publish, onResult));
        if (count.getAndIncrement() == 0) {
            inspectNext();
        }
    }

    /** Passes a change: what the message is to say, as a message, a piece of one by itself; what says nothing passes. */
    public void pass(
            RoomName room,
            ChangeDraft change,
            BiConsumer<ChangeDraft, Consumer<Outcome>> publish,
            Consumer<Outcome> onResult) {
        if (!change.isLookedAt()) {
            publish.accept(change, onResult);
        } else {
            pass(room, change.draft(), (draft, then) -> publish.accept(change.with(draft), then), onResult);
        }
    }

    /** Passes the value of a key, as a message; a removal says nothing and passes. */
    public void pass(
            RoomName room, KeyDraft put, BiConsumer<KeyDraft, Consumer<Outcome>> publish, Consumer<Outcome> onResult) {
        if (put.isRemoval()) {
            publish.accept(put, onResult);
        } else {
            pass(room, put.draft(), (draft, then) -> publish.accept(put.with(draft), then), onResult);
        }
    }

    private void inspectNext() {
        Waiting next = waiting.remove();
        inspection.inspect(next.room, next.draft, finding -> {
            try {
                if (finding instanceof Inspection.Passed passed) {
                    next.publish.accept(passed.draft(), next.onResult);
                } else {
                    next.onResult.accept(new Outcome.Refused(((Inspection.Refused) finding).reason()));
                }
            } finally {
                if (count.decrementAndGet() > 0) {
                    inspectNext();
                }
            }
        });
    }
}
