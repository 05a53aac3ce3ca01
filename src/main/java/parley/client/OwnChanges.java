package parley.client;

import jakarta.json.JsonObject;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * Edits and removals that the server has not acknowledged: each is sent while the client is in the room, and again over
 * another connection. Repeating one changes nothing, since an edit has an id and a removed message stays removed. Used
 * on the client's strand.
 */
final class OwnChanges {
    /** A change that is to be made. Its equality is its identity. */
    private static final class Change {
        private final JsonObject command;
        private final CompletableFuture<ChangeReceipt> made;
        private boolean isSent;

        Change(JsonObject command, CompletableFuture<ChangeReceipt> made) {
            this.command = command;
            this.made = made;
        }
    }

    private final ClientConnection connection;
    /** Oldest first. */
    private final Set<Change> unsettled = new LinkedHashSet<>();

    private boolean isIn;

    OwnChanges(ClientConnection connection) {
        this.connection = connection;
    }

    /** Makes a change that has taken a slot of the connection. */
    void make(JsonObject command, CompletableFuture<ChangeReceipt> made) {
        Change change = new Change(command, made);
        unsettled.add(change);
        if (isIn) {
            send(change);
        }
    }

    private void send(Change change) {
        change.isSent = true;
        connection.give(
                change.command,
                ack -> {
                    if (isSettled(change)) {
                        connection.complete(
                                change.made,
                                new ChangeReceipt(Wire.number(ack, "seq", 0), ack.getBoolean("duplicate", false)));
                    }
                },
                (failure, wasSent) -> {
                    change.isSent = false;
                    if (!failure.isLost()) {
                        fail(change, failure);
                    }
                });
    }

    /** Takes it off; returns false when it had been. */
    private boolean isSettled(Change change) {
        boolean wasWaiting = unsettled.remove(change);
        if (wasWaiting) {
            connection.freeSlot();
        }
        return wasWaiting;
    }

    private void fail(Change change, ParleyException failure) {
        if (isSettled(change)) {
            connection.fail(change.made, failure);
        }
    }

    /** The room has been entered, or begins anew. */
    void entered() {
        isIn = true;
        for (Change change : new ArrayList<>(unsettled)) {
            if (!change.isSent) {
                send(change);
            }
        }
    }

    void lost() {
        isIn = false;
    }

    void end(ParleyException failure) {
        lost();
        List.copyOf(unsettled).forEach(change -> fail(change, failure));
    }
}
