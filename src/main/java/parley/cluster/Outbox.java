package parley.cluster;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import parley.room.Outcome;
import parley.room.RoomStore;

/**
 * Messages that were published in one room of this node and are not answered yet, in order. For one thread.
 *
 * <p>Many are on their way at once, over one connection, which keeps their order. When one fails, the order is kept
 * like this: nothing new is sent until those on their way are answered or given up, and the room has looked which of
 * them the stream has; then the others are sent again, in order, under the same ids, by which the stream knows those
 * that reach it late. Once a later one has been stored, an earlier one that failed is refused, since it would come
 * behind: its sender may publish it again.
 */
final class Outbox {
    static final Outcome.NotKept NOT_NOW =
            new Outcome.NotKept("the message could not be stored in the cluster in time; retry later with the same id");

    private static final int MOST_ON_THEIR_WAY = 512;
    private static final long SHORTEST_PAUSE_NANOS = 50_000_000L;
    private static final long LONGEST_PAUSE_NANOS = 1_000_000_000L;

    /** Sends one. The same thread calls the outbox with the result, later. */
    interface Sender {
        void send(Entry entry, int attempt);
    }

    private enum State {
        WAITING,
        ON_ITS_WAY,
        FAILED,
        STORED,
        DONE
    }

    /** A message that was published here. */
    static final class Entry {
        final String dedupId;
        final long untilNanos;
        /** The newest message of the room, behind which alone it is stored; null for any. */
        final RoomStore.@Nullable Expected behind;

        private final Supplier<byte[]> encoding;
        private final Consumer<Outcome> onResult;
        private byte @Nullable [] payload;
        private State state = State.WAITING;
        private long place;
        private int attempt;
        private long seq;
        private boolean isDuplicate;
        /** Its number, when it has come by before it was acknowledged; else 0. */
        private long heardAs;

        /** Whether that one had been sent before by somebody else: another node, or an earlier command with its id. */
        private boolean isOfOthers;

        /** Makes one, which is encoded when it is sent for the first time: it names a message before it. */
        Entry(
                Supplier<byte[]> encoding,
                String dedupId,
                RoomStore.@Nullable Expected behind,
                long untilNanos,
                Consumer<Outcome> onResult) {
            this.encoding = encoding;
            this.dedupId = dedupId;
            this.behind = behind;
            this.untilNanos = untilNanos;
            this.onResult = onResult;
        }

        /** The same each time. */
        byte[] payload() {
            if (payload == null) {
                payload = encoding.get();
            }
            return payload;
        }

        /** Whether bytes of that hash are those that were sent. */
        boolean isOf(int hash) {
            return payload != null && Arrays.hashCode(payload) == hash;
        }

        /** Whether it is not known what became of an attempt. */
        boolean wasSentAgain() {
            return attempt > 1;
        }
    }

    private final Sender sender;
    private final Deque<Entry> entries = new ArrayDeque<>();
    private final Map<String, Entry> byDedupId = new HashMap<>();
    private long places;
    private long newestStored;
    private int onTheirWay;
    private int failed;
    private int waiting;
    private int stored;
    /** How often something has failed, and how often it had when the room last looked what the stream has. */
    private long failures;

    private long failuresRefreshed;
    private long pauseNanos = SHORTEST_PAUSE_NANOS;
    private long notBeforeNanos;

    Outbox(Sender sender) {
        this.sender = sender;
    }

    void add(Entry entry) {
        entry.place = ++places;
        entries.add(entry);
        byDedupId.put(entry.dedupId, entry);
        waiting++;
    }

    /** The place of the message that was added last; places count up. */
    long newestPlace() {
        return places;
    }

    /** Whether the message at a place and all before it have been answered. */
    boolean hasAnswered(long place) {
        removeDone();
        return entries.isEmpty() || entries.getFirst().place > place;
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    /** How often it has not been known whether the stream has a message. */
    long failures() {
        return failures;
    }

    /** Whether nothing is sent until the room has {@linkplain #refreshed looked} which messages the stream has. */
    boolean waitsForARefresh(long nowNanos) {
        return maySendAgain(nowNanos) && failuresRefreshed < failures;
    }

    private boolean maySendAgain(long nowNanos) {
        return failed > 0 && onTheirWay == 0 && nowNanos - notBeforeNanos >= 0;
    }

    /**
     * The room has looked: {@link #heard} was called with all that the stream has.
     *
     * @param failuresBefore what {@link #failures} was before it did
     */
    void refreshed(long failuresBefore) {
        failuresRefreshed = Math.max(failuresRefreshed, failuresBefore);
    }

    /** Sends what may be sent. */
    void send(long nowNanos) {
        if (failed > 0) {
            if (!maySendAgain(nowNanos) || failuresRefreshed < failures) {
                return;
            }
            for (Entry entry : entries) {
                if (entry.state == State.FAILED) {
                    entry.state = State.WAITING;
                    waiting++;
                }
            }
            failed = 0;
        }
        if (waiting == 0) {
            return;
        }
        List<Entry> next = new ArrayList<>();
        for (Entry entry : entries) {
            if (onTheirWay + next.size() >= MOST_ON_THEIR_WAY) {
                break;
            }
            if (entry.state == State.WAITING) {
                next.add(entry);
            }
        }
        for (Entry entry : next) {
            entry.state = State.ON_ITS_WAY;
            entry.attempt++;
            waiting--;
            onTheirWay++;
        }
        for (Entry entry : next) {
            sender.send(entry, entry.attempt); // may say at once that it failed
        }
    }

    /** The stream has it, since now or since before. Also of an attempt that had been given up. */
    void stored(Entry entry, long seq, boolean isDuplicate) {
        if (entry.state == State.DONE || entry.state == State.STORED) {
            return;
        }
        pauseNanos = SHORTEST_PAUSE_NANOS;
        become(entry, State.STORED);
        entry.seq = seq;
        entry.isDuplicate = isDuplicate;
        refuseFailedBefore(entry);
    }

    private void refuseFailedBefore(Entry stored) {
        if (stored.place <= newestStored) {
            return;
        }
        newestStored = stored.place;
        if (failed > 0) {
            for (Entry earlier : entries) {
                if (earlier.place < stored.place && earlier.state == State.FAILED) {
                    end(earlier);
                }
            }
        }
    }

    /** It is not known whether the stream has it. */
    void failed(Entry entry, int attempt, long nowNanos) {
        if (entry.state != State.ON_ITS_WAY || entry.attempt != attempt) {
            return;
        }
        if (entry.heardAs > 0) {
            stored(entry, entry.heardAs, entry.isOfOthers);
            return;
        }
        if (entry.place < newestStored) {
            end(entry);
            return;
        }
        become(entry, State.FAILED);
        failures++;
        if (failed == 1) { // the others fail for the same reason
            notBeforeNanos = nowNanos + pauseNanos;
            pauseNanos = Math.min(2 * pauseNanos, LONGEST_PAUSE_NANOS);
        }
    }

    /** The stream does not take it. */
    void refused(Entry entry, int attempt, Outcome why) {
        if (entry.state == State.ON_ITS_WAY && entry.attempt == attempt) {
            end(entry, why);
        }
    }

    /** The connection is gone: nothing that is on its way will be answered. */
    void disconnected(long nowNanos) {
        for (Entry entry : entries) {
            failed(entry, entry.attempt, nowNanos);
        }
        pauseNanos = SHORTEST_PAUSE_NANOS;
    }

    /**
     * A message of that id has come by.
     *
     * @param hash that of its bytes, which name the node and the time: those of the same message that was sent before
     *     differ
     */
    void heard(String dedupId, long seq, int hash) {
        Entry entry = byDedupId.get(dedupId);
        if (entry != null && entry.heardAs == 0) {
            entry.heardAs = seq;
            entry.isOfOthers = !entry.isOf(hash);
            if (entry.state == State.FAILED) {
                stored(entry, seq, entry.isOfOthers);
            } else {
                refuseFailedBefore(entry);
            }
        }
    }

    /** The highest number under which something was stored that has not been heard here; 0 for none. */
    long storedUnheard() {
        long highest = 0;
        if (stored > 0) {
            for (Entry entry : entries) {
                highest = entry.state == State.STORED ? Math.max(highest, entry.seq) : highest;
            }
        }
        return highest;
    }

    /** Answers those that are stored, of which everybody here has heard that far. */
    void answer(long heardUpTo) {
        if (stored > 0) {
            for (Entry entry : entries) {
                if (entry.state == State.WAITING) {
                    break; // and all behind it
                }
                if (entry.state == State.STORED && entry.seq <= heardUpTo) {
                    end(entry);
                }
            }
        }
        removeDone();
    }

    /** Gives up what has waited for too long. */
    void expire(long nowNanos) {
        for (Entry entry : entries) {
            if (entry.state != State.DONE && nowNanos - entry.untilNanos < 0) {
                break; // and all behind it
            }
            end(entry);
        }
        removeDone();
    }

    /** Gives up all. */
    void end(Outcome.NotKept why) {
        for (Entry entry : entries) {
            if (entry.state == State.STORED || entry.heardAs > 0) {
                end(entry);
            } else {
                end(entry, why);
            }
        }
        removeDone();
    }

    private void end(Entry entry) {
        if (entry.state == State.STORED) {
            end(entry, new Outcome.Published(entry.seq, entry.isDuplicate));
        } else if (entry.heardAs > 0) {
            end(entry, new Outcome.Published(entry.heardAs, entry.isOfOthers));
        } else {
            end(entry, NOT_NOW);
        }
    }

    private void end(Entry entry, Outcome outcome) {
        if (entry.state == State.DONE) {
            return;
        }
        become(entry, State.DONE);
        byDedupId.remove(entry.dedupId, entry);
        entry.onResult.accept(outcome);
    }

    private void become(Entry entry, State next) {
        switch (entry.state) {
            case WAITING -> waiting--;
            case ON_ITS_WAY -> onTheirWay--;
            case FAILED -> failed--;
            case STORED -> stored--;
            case DONE -> {}
        }
        entry.state = next;
        stored += next == State.STORED ? 1 : 0;
        failed += next == State.FAILED ? 1 : 0;
    }

    private void removeDone() {
        while (!entries.isEmpty() && entries.getFirst().state == State.DONE) {
            entries.poll();
        }
    }
}
