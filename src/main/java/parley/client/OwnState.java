package parley.client;

import jakarta.json.JsonValue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * The state that this member is to show in a room. The newest alone is sent, one at a time, and again over another
 * connection, since a state goes with its connection. However many are set, one waits. Used on the client's strand,
 * except for {@link #set}.
 */
final class OwnState {
    /**
     * What is to be sent next.
     *
     * @param state an object; null of JSON for none
     * @param taken completed when the server has it, or a newer one
     */
    private record Wish(JsonValue state, CompletableFuture<Void> taken) {}

    private final ClientConnection connection;
    private final String room;
    private final AtomicReference<@Nullable Wish> wish = new AtomicReference<>();

    /** What the server took last. */
    private JsonValue shown = JsonValue.NULL;
    /** Whether this connection shows that. */
    private boolean isShown = true;

    private boolean isIn;
    private boolean isAsking;
    /** Why nothing is sent any more. */
    private @Nullable ParleyException ended;

    OwnState(ClientConnection connection, String room) {
        this.connection = connection;
        this.room = room;
    }

    /** Any thread. Returns the future of all that wait together, since any number may be set. */
    CompletableFuture<Void> set(JsonValue state) {
        CompletableFuture<Void> fresh = new CompletableFuture<>();
        Wish before = wish.getAndUpdate(waiting -> new Wish(state, waiting == null ? fresh : waiting.taken));
        if (before != null) {
            return before.taken; // whatever lets that one go sends this
        }
        connection.execute(this::send);
        return fresh;
    }

    private void send() {
        if (ended != null) {
            failWaiting(ended);
            return;
        }
        Wish next = isIn && !isAsking ? wish.getAndSet(null) : null;
        if (next == null) {
            return;
        }
        isAsking = true;
        connection.give(
                Wire.command("state", room).add("state", next.state).build(),
                ack -> {
                    isAsking = false;
                    shown = next.state;
                    isShown = true;
                    connection.complete(next.taken, null);
                    send();
                },
                (failure, wasSent) -> {
                    isAsking = false;
                    if (failure.isLost() && ended == null) {
                        again(next);
                    } else {
                        refused(next);
                        connection.fail(next.taken, failure);
                        connection.execute(this::send);
                    }
                });
    }

    /** What the server took before is shown on, on this connection too. */
    private void refused(Wish refused) {
        if (refused.state.equals(shown)) {
            shown = JsonValue.NULL; // it was taken once, and is not any more
            isShown = true;
        } else {
            showAgain();
        }
    }

    private void showAgain() {
        if (!isShown) {
            wish.compareAndSet(null, new Wish(shown, new CompletableFuture<>()));
        }
    }

    /** The next connection sends it, or what came meanwhile. */
    private void again(Wish unsent) {
        Wish newer = wish.getAndUpdate(waiting -> waiting == null ? unsent : waiting);
        if (newer != null) {
            newer.taken.whenComplete((done, failure) -> {
                if (failure == null) {
                    unsent.taken.complete(null);
                } else {
                    unsent.taken.completeExceptionally(failure);
                }
            });
        }
    }

    /** The room has been entered, or begins anew. */
    void entered() {
        isIn = true;
        isShown = shown.equals(JsonValue.NULL);
        showAgain();
        send();
    }

    void lost() {
        isIn = false;
    }

    void end(ParleyException failure) {
        ended = failure;
        failWaiting(failure);
    }

    private void failWaiting(ParleyException failure) {
        Wish waiting = wish.getAndSet(null);
        if (waiting != null) {
            connection.fail(waiting.taken, failure);
        }
    }
}
