package parley.client;

import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The rooms that a client watches without being in them: one list, asked for again over each connection. However often
 * they change while the callback is behind, one call waits for it. Used on the client's strand.
 */
final class WatchedList {
    /**
     * A list.
     *
     * @param taken completed when the server has it, or another takes its place
     */
    record Wanted(
            List<String> rooms,
            Set<WatchDetail> details,
            Consumer<RoomSummaries> callback,
            CompletableFuture<Void> taken) {}

    private final ClientConnection connection;
    private final Deliveries deliveries;
    /** What the callback has still to be called with; touched by the strand and by the callback's thread. */
    private final AtomicReference<@Nullable RoomSummaries> due = new AtomicReference<>();

    private final Map<String, RoomSummary> known = new LinkedHashMap<>();
    /** Null for none. */
    private @Nullable Wanted wanted;
    /** Whether the server has taken the list over this connection: what comes before that is of the list before. */
    private boolean isTaken;
    /** Whether it has over any. */
    private boolean wasTaken;
    /** Whether all that is known comes anew. */
    private boolean isAnew;

    WatchedList(ClientConnection connection) {
        this.connection = connection;
        this.deliveries = new Deliveries(connection.executor(), connection.remembered());
    }

    /** Watches these in place of those before. */
    void replace(Wanted next, boolean isOpen) {
        takeOver();
        known.clear();
        due.set(null);
        wasTaken = false;
        wanted = next.rooms.isEmpty() ? null : next;
        if (isOpen) {
            send(next);
        } else if (wanted == null) {
            connection.complete(next.taken, null);
        }
    }

    private void takeOver() {
        Wanted before = wanted;
        if (before != null) {
            connection.complete(before.taken, null);
        }
    }

    private void send(Wanted next) {
        isTaken = false;
        JsonArrayBuilder rooms = Wire.array();
        next.rooms.forEach(rooms::add);
        JsonObjectBuilder command = Wire.command("watch").add("rooms", rooms);
        next.details.forEach(detail -> command.add(detail.word(), true));
        connection.give(
                command.build(),
                ack -> {
                    if (wanted == next) {
                        isTaken = true;
                        wasTaken = true;
                        isAnew = true;
                    }
                    connection.complete(next.taken, null);
                },
                (failure, wasSent) -> {
                    if (!failure.isLost()) {
                        connection.fail(next.taken, failure);
                        if (wanted == next) {
                            refused(next, failure);
                        }
                    } else if (next.rooms.isEmpty()) {
                        connection.complete(next.taken, null); // the next connection begins without any
                    }
                });
    }

    /** The server does not take the list, perhaps not any more over another connection: nothing is watched. */
    private void refused(Wanted list, ParleyException failure) {
        wanted = null;
        isTaken = false;
        if (wasTaken) {
            List<String> gone = new ArrayList<>(known.keySet());
            known.clear();
            tell(list, new RoomSummaries(Map.of(), List.of(), gone, false, failure));
        }
    }

    /** The server has said welcome. */
    void opened() {
        Wanted list = wanted;
        if (list != null) {
            send(list);
        }
    }

    /** Takes the event {@code watched}. */
    void take(JsonObject event) {
        Wanted list = wanted;
        if (list == null || !isTaken) {
            return;
        }
        if (isAnew) {
            isAnew = false;
            known.clear();
        }
        List<String> gone = Wire.names(event, "gone");
        gone.forEach(known::remove);
        List<String> changed = new ArrayList<>();
        for (JsonObject one : event.getJsonArray("rooms").getValuesAs(JsonObject.class)) {
            RoomSummary room = RoomSummary.of(one);
            known.put(room.name(), room);
            changed.add(room.name());
        }
        tell(list, new RoomSummaries(known, changed, gone, event.getBoolean("more", false), null));
    }

    private void tell(Wanted list, RoomSummaries now) {
        if (due.getAndUpdate(before -> before == null ? now : both(before, now)) == null) {
            deliveries.post(() -> {
                RoomSummaries newest = due.getAndSet(null);
                if (newest != null) { // of another list otherwise
                    list.callback.accept(newest);
                }
            });
        }
    }

    /** What has changed since before both of them. */
    private static RoomSummaries both(RoomSummaries before, RoomSummaries now) {
        Set<String> changed = new LinkedHashSet<>(before.changed());
        changed.addAll(now.changed());
        changed.retainAll(now.rooms().keySet());
        Set<String> gone = new LinkedHashSet<>(before.gone());
        gone.addAll(now.gone());
        gone.removeAll(now.rooms().keySet());
        return new RoomSummaries(now.rooms(), List.copyOf(changed), List.copyOf(gone), now.hasMore(), now.failure());
    }

    /** The client has been closed. */
    void end(ParleyException failure) {
        Wanted list = wanted;
        wanted = null;
        if (list != null) {
            connection.fail(list.taken, failure);
        }
    }
}
