package parley.client;

import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What was said in a room and not acknowledged: it is said again on the next connection, with the same id, but not
 * before the replay has shown that the room does not have it. Used on the client's strand, but for {@link #size}.
 */
final class Sayings {
    /** How long a replay may be without a message before what waits for its end is said. */
    private static final long REPLAY_WAIT = 10_000;

    /** A message that was said. Compared by identity: two may have one id. */
    static final class Saying {
        private final String id;
        private final JsonObject body;
        private final CompletableFuture<Receipt> receipt;
        /** Of the command that is on its way; 0 for none. */
        private long ref;
        /** Whether the server may have it though the connection was lost. */
        private boolean wasLost;

        /** The body has text or data. */
        Saying(String id, JsonObject body, CompletableFuture<Receipt> receipt) {
            this.id = id;
            this.body = body;
            this.receipt = receipt;
        }
    }

    private final ClientConnection connection;
    private final String room;
    private final LongSupplier reached;
    /** Oldest first. */
    private final Set<Saying> unsettled = new LinkedHashSet<>();
    /** Ids of what was said here, so that its messages are known as one's own. */
    private final Set<String> own = new LinkedHashSet<>();

    private volatile int size;
    private boolean isIn;
    /** Up to which message the replay has to come before anything is said; null for none. */
    private @Nullable Long replayed;

    private ClientTimers.Alarm still = ClientTimers.Alarm.NONE;

    /** {@code reached} is how far the room has come. */
    Sayings(ClientConnection connection, String room, LongSupplier reached) {
        this.connection = connection;
        this.room = room;
        this.reached = reached;
    }

    void say(Saying saying) {
        unsettled.add(saying);
        size = unsettled.size();
        own.add(saying.id);
        if (own.size() > Math.max(connection.remembered(), unsettled.size())) {
            Iterator<String> oldest = own.iterator();
            oldest.next();
            oldest.remove();
        }
        if (isIn && replayed == null) {
            send(saying);
        }
    }

    boolean isOwn(@Nullable String id) {
        return id != null && own.contains(id);
    }

    private void send(Saying saying) {
        JsonObjectBuilder command = Wire.command("say", room).add("id", saying.id);
        saying.body.forEach(command::add);
        saying.ref = connection.give(
                command.build(),
                ack -> settle(
                        saying, new Receipt(saying.id, Wire.number(ack, "seq", 0), ack.getBoolean("duplicate", false))),
                (failure, wasSent) -> {
                    saying.ref = 0;
                    if (failure.isLost()) {
                        saying.wasLost |= wasSent;
                    } else if (isSettled(saying)) {
                        connection.fail(saying.receipt, failure);
                    }
                });
    }

    private void settle(Saying saying, Receipt receipt) {
        if (isSettled(saying)) {
            connection.complete(saying.receipt, receipt);
        }
    }

    /** Takes it off; returns false when it had been. */
    private boolean isSettled(Saying saying) {
        boolean wasWaiting = unsettled.remove(saying);
        if (wasWaiting) {
            size = unsettled.size();
            connection.freeSlot();
        }
        return wasWaiting;
    }

    /** One's own message has come by: it need not be said again, nor be acknowledged. */
    void cameBy(String id, long seq) {
        boolean isFirst = true;
        for (Saying saying : List.copyOf(unsettled)) {
            if (saying.id.equals(id)) {
                connection.settled(saying.ref);
                settle(saying, new Receipt(id, seq, saying.wasLost || !isFirst));
                isFirst = false;
            }
        }
    }

    /** The room has been entered, at that newest message. */
    void entered(long seq) {
        isIn = true;
        // What was on its way when the connection was lost may be in the replay, and the server may not know its id.
        boolean isInDoubt = unsettled.stream().anyMatch(saying -> saying.wasLost && saying.ref == 0);
        replayed = isInDoubt ? seq : 0;
        moved();
    }

    /** The room has come further. */
    void moved() {
        still.cancel();
        if (replayed == null) {
            return;
        }
        if (reached.getAsLong() < replayed) {
            // A replay that stands still is not waited for: a server may count what is not this room's.
            still = connection.timers().after(REPLAY_WAIT, () -> {
                replayed = Math.min(Objects.requireNonNullElse(replayed, 0L), reached.getAsLong());
                moved();
            });
            return;
        }
        replayed = null;
        for (Saying saying : new ArrayList<>(unsettled)) {
            if (saying.ref == 0) {
                send(saying);
            }
        }
    }

    void lost() {
        isIn = false;
        still.cancel();
    }

    void end(ParleyException failure) {
        lost();
        for (Saying saying : List.copyOf(unsettled)) {
            if (isSettled(saying)) {
                connection.fail(saying.receipt, failure);
            }
        }
    }

    int size() {
        return size;
    }
}
