package parley.client;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/**
 * The callbacks and subscribers of a room, and the calls that wait for them. Used on the client's strand, except where
 * it says otherwise.
 */
final class Audience {
    private final ClientConnection connection;
    private final List<RoomCallbacks> callbacks;
    private final Deliveries deliveries;
    private final List<MessageFeed> feeds = new ArrayList<>();

    private boolean isOver;

    Audience(ClientConnection connection, List<RoomCallbacks> callbacks) {
        this.connection = connection;
        this.callbacks = new CopyOnWriteArrayList<>(callbacks);
        this.deliveries = new Deliveries(connection.executor(), connection.remembered());
    }

    /** Any thread. */
    void listen(RoomCallbacks more) {
        callbacks.add(more);
    }

    void subscribe(Flow.Subscriber<? super RoomMessage> subscriber) {
        MessageFeed feed = new MessageFeed(subscriber, connection.executor(), connection.remembered());
        if (isOver) {
            feed.end(null);
        } else {
            feeds.add(feed);
        }
    }

    /** Calls all callbacks, each even if one before it has thrown. */
    void tell(Consumer<RoomCallbacks> call) {
        for (RoomCallbacks each : callbacks) {
            deliveries.post(() -> call.accept(each));
        }
    }

    /** The same unless the same call waits already: it has the newest when it is made. */
    void tellOnce(AtomicBoolean isDue, Consumer<RoomCallbacks> call) {
        if (isDue.compareAndSet(false, true)) {
            deliveries.post(() -> isDue.set(false));
            tell(call);
        }
    }

    void offer(RoomMessage message) {
        feeds.removeIf(MessageFeed::isEnded);
        feeds.forEach(feed -> feed.offer(message));
    }

    boolean isFull() {
        return deliveries.isFull();
    }

    /** Calls back on the client's strand when there is room again. */
    void whenThereIsRoom(Runnable task) {
        deliveries.whenHalfEmpty(() -> connection.execute(task));
    }

    /** Ends the subscribers; callbacks go on. */
    void end() {
        isOver = true;
        feeds.forEach(feed -> feed.end(null));
        feeds.clear();
    }
}
