package parley.client;

import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Up to where the client's user has read a room: what the server said last, with the messages that were passed on
 * since; and the mark that is to be set. The furthest alone is sent, one at a time, and again over another connection,
 * or a little later when the server could not keep it. Used on the client's strand, except where it says otherwise.
 */
final class OwnMark {
    /** How many messages are remembered that the server has not counted. */
    private static final int MOST_UNCOUNTED = 1_000;
    /** How long a mark waits that the server could not keep; doubles up to the most. */
    private static final long LEAST_WAIT = 1_000;

    private static final long MOST_WAIT = 20_000;

    /**
     * What is to be sent next.
     *
     * @param epoch the history that the number belongs to; empty for the one that the room is in
     * @param set completed with the mark that the server has then
     */
    private record Wish(String epoch, long seq, CompletableFuture<Long> set) {
        /** The further one of the same history, or the other; for those that wait for this one. */
        Wish or(String other, long number) {
            boolean isFurther = epoch.equals(other) && seq >= number;
            return isFurther ? this : new Wish(other, number, set);
        }
    }

    private final ClientConnection connection;
    private final String room;
    private final Runnable onChange;
    private final AtomicReference<@Nullable Wish> wish = new AtomicReference<>();

    /** What the server said last. Read by any thread. */
    private volatile @Nullable ReadPosition shown;

    private @Nullable ReadPosition told;
    /** Up to which message the server has counted. */
    private long counted;
    /** The numbers of messages that were passed on behind that, oldest first. */
    private final Deque<Long> uncounted = new ArrayDeque<>();

    private boolean isIn;
    private boolean isAsking;
    private long wait = LEAST_WAIT;
    private ClientTimers.@Nullable Alarm later;
    /** Why nothing is sent any more. */
    private @Nullable ParleyException ended;

    /**
     * @param onChange called when {@link #now} has changed
     */
    OwnMark(ClientConnection connection, String room, Runnable onChange) {
        this.connection = connection;
        this.room = room;
        this.onChange = onChange;
    }

    /** What is known. Any thread. */
    @Nullable
    ReadPosition now() {
        return shown;
    }

    /** Any thread. Returns the future of all that wait together, since any number may be set. */
    CompletableFuture<Long> set(String epoch, long seq) {
        CompletableFuture<Long> fresh = new CompletableFuture<>();
        Wish before =
                wish.getAndUpdate(waiting -> waiting == null ? new Wish(epoch, seq, fresh) : waiting.or(epoch, seq));
        if (before != null) {
            return before.set; // whatever lets that one go sends this
        }
        connection.execute(this::send);
        return fresh;
    }

    private void send() {
        if (ended != null) {
            failWaiting(ended);
            return;
        }
        Wish next = isIn && !isAsking && later == null ? wish.getAndSet(null) : null;
        if (next == null) {
            return;
        }
        isAsking = true;
        JsonObjectBuilder command = Wire.command("mark", room).add("seq", next.seq);
        if (!next.epoch.isEmpty()) {
            command.add("epoch", next.epoch);
        }
        connection.give(
                command.build(),
                ack -> {
                    isAsking = false;
                    wait = LEAST_WAIT;
                    connection.complete(next.set, Wire.number(ack, "seq", next.seq));
                    send();
                },
                (failure, wasSent) -> {
                    isAsking = false;
                    boolean isLater = failure.code().equals(ParleyException.UNAVAILABLE);
                    if (ended == null && (isLater || failure.isLost())) {
                        again(next);
                        if (isLater) {
                            sendLater();
                        }
                    } else {
                        connection.fail(next.set, failure);
                        connection.execute(this::send);
                    }
                });
    }

    /** It is sent with what came meanwhile, the furthest of them. */
    private void again(Wish unsent) {
        Wish newer = wish.getAndUpdate(waiting -> waiting == null ? unsent : waiting.or(unsent.epoch, unsent.seq));
        if (newer != null) {
            newer.set.whenComplete((mark, failure) -> {
                if (failure == null) {
                    unsent.set.complete(mark);
                } else {
                    unsent.set.completeExceptionally(failure);
                }
            });
        }
    }

    private void sendLater() {
        later = connection.timers().after(wait, () -> {
            later = null;
            send();
        });
        wait = Math.min(MOST_WAIT, wait * 2);
    }

    private void endWait() {
        ClientTimers.Alarm set = later;
        if (set != null) {
            set.cancel();
            later = null;
        }
    }

    /** The room has been entered, or begins anew; what is known belongs to another history if it is another. */
    void entered(JsonObject joined, boolean isAnother) {
        if (isAnother) {
            told = null;
            uncounted.clear();
            show();
        }
        isIn = true;
        take(joined);
        send();
    }

    /** An event says up to where the user has read, in the history that the room is in. */
    void take(JsonObject event) {
        ReadPosition now = ReadPosition.of(event);
        ReadPosition before = told;
        if (now == null || (before != null && now.seq() < before.seq())) {
            return;
        }
        told = now;
        counted = Wire.number(event, "seq", 0);
        uncounted.removeIf(seq -> seq <= counted);
        show();
        onChange.run();
    }

    /** A message has been passed on. */
    void passed(long seq) {
        if (told == null || seq <= counted) {
            return;
        }
        uncounted.add(seq);
        if (uncounted.size() > MOST_UNCOUNTED) {
            uncounted.remove();
        }
        show();
        onChange.run();
    }

    private void show() {
        ReadPosition now = told;
        shown = now == null ? null : now.with(uncounted.size());
    }

    void lost() {
        isIn = false;
        endWait(); // another connection does not wait
    }

    void end(ParleyException failure) {
        ended = failure;
        endWait();
        failWaiting(failure);
    }

    private void failWaiting(ParleyException failure) {
        Wish waiting = wish.getAndSet(null);
        if (waiting != null) {
            connection.fail(waiting.set, failure);
        }
    }
}
