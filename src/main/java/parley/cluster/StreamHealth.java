package parley.cluster;

import java.io.IOException;
import java.util.concurrent.Executor;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether the streams are there, which they are, and who leads them: looks at all every few seconds. For the store's
 * thread, except for {@link #areThere}; the looking itself is done by a thread that may wait.
 */
final class StreamHealth {
    private static final long POLL_NANOS = 5_000_000_000L;
    private static final long POLL_SOON_NANOS = 500_000_000L;

    /** Rooms that follow streams. Called by the store's thread. */
    interface Listener {
        /** For each stream the highest number that has been heard. */
        long[] heard();

        /** All streams are there, for the first time. */
        void prepared();

        /**
         * A stream was looked at.
         *
         * @param hasLost whether it has less than it had
         */
        void looked(int shard, Streams.State state, boolean hasLost);

        /** Another server leads a stream than before. */
        void ledByAnother(int shard);
    }

    /** What is known of one stream. */
    private static final class Known {
        /** Whether it had less than had been heard, when it was looked at last. */
        private boolean wasLower;

        private String leader = "";
    }

    private final Streams streams;
    private final Listener listener;
    private final LongSupplier nanoTime;
    private final Executor waiting;
    private final Executor loop;
    private final Complaints complaints;
    private final Known[] known;

    private boolean isPolling;
    private long polledAt;
    /** Whether all streams have been there once, as they have to be. */
    private volatile boolean isPrepared;
    /** Whether all were at the last look. */
    private volatile boolean areThere;

    /**
     * @param count how many streams there are
     * @param waiting carries out what waits for a server
     * @param loop the store's thread
     */
    StreamHealth(
            Streams streams,
            int count,
            Listener listener,
            LongSupplier nanoTime,
            Executor waiting,
            Executor loop,
            Complaints complaints) {
        this.streams = streams;
        this.listener = listener;
        this.nanoTime = nanoTime;
        this.waiting = waiting;
        this.loop = loop;
        this.complaints = complaints;
        this.known = new Known[count];
        for (int shard = 0; shard < count; shard++) {
            known[shard] = new Known();
        }
        this.polledAt = nanoTime.getAsLong() - POLL_NANOS;
    }

    boolean isPrepared() {
        return isPrepared;
    }

    boolean areThere() {
        return areThere;
    }

    /** Something may be wrong: looks before it is time. */
    void pollSoon() {
        polledAt = Math.min(polledAt, nanoTime.getAsLong() - POLL_NANOS + POLL_SOON_NANOS);
    }

    /** Looks, when it is time. */
    void tick(long now) {
        if (isPolling || now - polledAt < POLL_NANOS) {
            return;
        }
        isPolling = true;
        polledAt = now;
        boolean prepares = !isPrepared;
        long[] heardBefore = listener.heard();
        waiting.execute(() -> {
            Streams.@Nullable State[] states = new Streams.State[known.length];
            boolean areAllThere = true;
            for (int shard = 0; shard < states.length; shard++) {
                try {
                    Streams.State state = prepares ? null : streams.state(shard, null);
                    states[shard] = state == null ? streams.prepare(shard) : state;
                } catch (IOException | RuntimeException e) {
                    areAllThere = false;
                    complaints.log("a stream cannot be used", e);
                }
            }
            boolean result = areAllThere;
            loop.execute(() -> polled(states, result, heardBefore));
        });
    }

    /**
     * The streams have been looked at.
     *
     * @param states null for one that could not be: its rooms wait, and the others go on
     * @param heardBefore the highest number of each stream that had been heard before
     */
    private void polled(Streams.@Nullable State[] states, boolean areAllThere, long[] heardBefore) {
        isPolling = false;
        areThere = areAllThere;
        if (!areAllThere) {
            pollSoon();
        }
        if (!isPrepared && !areAllThere) {
            return;
        }
        if (!isPrepared) {
            isPrepared = true;
            listener.prepared();
        }
        for (int shard = 0; shard < states.length; shard++) {
            Streams.State state = states[shard];
            if (state != null) {
                compare(shard, state, heardBefore[shard]);
            }
        }
    }

    private void compare(int shard, Streams.State state, long heardBefore) {
        Known is = known[shard];
        boolean isLower = state.last() < heardBefore;
        boolean hasLost = isLower && is.wasLower; // once may be a server that has just come to lead the stream
        is.wasLower = isLower && !is.wasLower;
        if (is.wasLower) {
            pollSoon();
        }
        if (!state.leader().equals(is.leader)) {
            boolean isFirst = is.leader.isEmpty();
            is.leader = state.leader();
            if (!isFirst) {
                listener.ledByAnother(shard);
            }
        }
        listener.looked(shard, state, hasLost);
    }
}
