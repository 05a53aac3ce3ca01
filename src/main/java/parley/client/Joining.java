package parley.client;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/** How a room is joined: where to start, and what hears of it from the beginning. Immutable. */
public final class Joining {
    private static final int MOST_HISTORY = 999_999_999;

    private final Place place;
    private final List<RoomCallbacks> callbacks;
    private final List<Flow.Subscriber<? super RoomMessage>> subscribers;

    /**
     * Where to start: behind a message, or a number of messages back.
     *
     * @param epoch null for {@code history}
     */
    record Place(@Nullable String epoch, long after, int history) {}

    private Joining(
            Place place, List<RoomCallbacks> callbacks, List<Flow.Subscriber<? super RoomMessage>> subscribers) {
        this.place = place;
        this.callbacks = List.copyOf(callbacks);
        this.subscribers = List.copyOf(subscribers);
    }

    /** With the next message. */
    public static Joining live() {
        return last(0);
    }

    /** So many messages back, as far as the room has them. */
    public static Joining last(int messages) {
        if (messages < 0 || messages > MOST_HISTORY) {
            throw new IllegalArgumentException(
                    "a history has 0 to " + MOST_HISTORY + " messages, and cannot have " + messages);
        }
        return new Joining(new Place(null, 0, messages), List.of(), List.of());
    }

    /** Behind a message that an earlier client had: by the epoch of its room and its number. */
    public static Joining after(String epoch, long seq) {
        if (epoch.isEmpty() || seq < 0) {
            throw new IllegalArgumentException(
                    "'" + epoch + "', " + seq + " is no position: give the epoch and the number of a message");
        }
        return new Joining(new Place(epoch, seq, 0), List.of(), List.of());
    }

    /** With callbacks besides, which hear everything from the start. */
    public Joining callbacks(RoomCallbacks more) {
        List<RoomCallbacks> all = new ArrayList<>(callbacks);
        all.add(Objects.requireNonNull(more));
        return new Joining(place, all, subscribers);
    }

    /** With a subscriber besides, which has every message from the start; see {@link ClientRoom#subscribe}. */
    public Joining subscriber(Flow.Subscriber<? super RoomMessage> more) {
        List<Flow.Subscriber<? super RoomMessage>> all = new ArrayList<>(subscribers);
        all.add(Objects.requireNonNull(more));
        return new Joining(place, callbacks, all);
    }

    Place place() {
        return place;
    }

    List<RoomCallbacks> callbacks() {
        return callbacks;
    }

    List<Flow.Subscriber<? super RoomMessage>> subscribers() {
        return subscribers;
    }
}
