package parley.cluster;

import java.security.SecureRandom;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.room.ChangeDraft;
import parley.room.MarkStore;
import parley.room.Outcome;
import parley.room.RoomStore;

/**
 * Rooms of a cluster. Any thread may call any method, and none waits except for {@link #close}.
 *
 * <p>One thread, the {@link Loop}, knows the state of all rooms; tasks for it wait in a queue, in which messages that
 * clients publish and messages that come by are bounded by their bytes. Five others, the {@link Readers}, read from
 * streams and wait for NATS; one keeps the connection.
 */
public final class ClusterStore implements RoomStore, AutoCloseable {
    static final Outcome.NotKept CLOSING =
            new Outcome.NotKept("the server stops; retry with the next one, with the same id");

    private static final Outcome.NotKept TOO_MUCH =
            new Outcome.NotKept("the cluster is slower than its senders; retry later with the same id");

    private static final int OVERHEAD_BYTES = 300;
    private static final int MOST_WAITING_FOR_SIGNALS = 20_000;
    private static final int END_SECONDS = 5;

    private final ClusterSettings settings;
    private final LongSupplier nanoTime;
    private final Counted counted = new Counted();
    private final Link link;
    private final Loop loop;
    private final Readers readers;
    private final FollowedRooms rooms;
    private final ClusterMarks marks;
    private final Thread loopThread;
    private final Thread linkThread;

    /** What waits to be stored, in bytes. */
    private final AtomicLong waiting = new AtomicLong();

    /**
     * Joins the cluster: now, or when NATS is there.
     *
     * @param threads makes the threads
     * @param clock tells how old messages are
     * @param nanoTime tells how time passes, as {@link System#nanoTime} does
     * @throws ClusterException when it can never be joined as it is set up
     */
    public ClusterStore(ClusterSettings settings, ThreadFactory threads, Clock clock, LongSupplier nanoTime) {
        this.settings = settings;
        this.nanoTime = nanoTime;
        Subjects subjects = new Subjects(settings.name(), settings.streams());
        String node = Long.toString(new SecureRandom().nextLong(Long.MAX_VALUE), Character.MAX_RADIX);
        Complaints complaints = new Complaints(nanoTime);
        this.loop = new Loop(nanoTime);
        this.link = new Link(settings, node, complaints, new Link.Events() {
            @Override
            public void up() {
                loop.execute(() -> rooms.up());
            }

            @Override
            public void down() {
                loop.execute(() -> rooms.down());
            }
        });
        this.readers = new Readers(threads);
        NatsStreams streams = new NatsStreams(settings, subjects, link, nanoTime);
        this.rooms = new FollowedRooms(
                settings, subjects, node, link, streams, readers, loop, clock, nanoTime, counted, complaints);
        NatsMarks bucket = new NatsMarks(settings, subjects, link);
        this.marks = new ClusterMarks(node, subjects, link, bucket, readers, loop, nanoTime, complaints);
        this.loopThread = threads.newThread(() -> loop.run(rooms));
        this.linkThread = threads.newThread(link::keepConnected);
        loopThread.start();
        linkThread.start();
        readers.start();
    }

    @Override
    public Log open(RoomName name, Listener room) {
        Remote remote = rooms.make(name, room);
        loop.execute(() -> rooms.open(remote));
        return new RemoteLog(remote);
    }

    @Override
    public Beyond beyond() {
        return Beyond.SHARED;
    }

    @Override
    public boolean keepsValues() {
        return false;
    }

    /** Has the store's thread store something by a time, and answer. */
    private interface Storing {
        void store(long untilNanos, Consumer<Outcome> onResult);
    }

    /** One room's log. */
    private final class RemoteLog implements Log {
        private final Remote remote;

        RemoteLog(Remote remote) {
            this.remote = remote;
        }

        @Override
        public void append(long at, Draft draft, Consumer<Outcome> onResult) {
            publish(at, draft, null, onResult);
        }

        @Override
        public void appendBehind(Expected expected, long at, Draft draft, Consumer<Outcome> onResult) {
            publish(at, draft, expected, onResult);
        }

        private void publish(long at, Draft draft, @Nullable Expected expected, Consumer<Outcome> onResult) {
            if (draft.standing().growth().isOpen()) {
                onResult.accept(new Outcome.CannotChange(
                        "messages in rooms of a cluster do not grow yet; a message with final false needs a room in"
                                + " memory or on disk (room.keep=memory)"));
                return;
            }
            store(
                    draft,
                    onResult,
                    (until, whenKnown) -> rooms.outgoing().publish(remote, at, draft, expected, until, whenKnown));
        }

        @Override
        public void change(long at, ChangeDraft change, Consumer<Outcome> onResult) {
            if (!(change instanceof ChangeDraft.Edit || change instanceof ChangeDraft.Removal)) {
                RoomStore.Log.super.change(at, change, onResult);
                return;
            }
            store(
                    change.draft(),
                    onResult,
                    (until, whenKnown) -> rooms.outgoing().change(remote, at, change, until, whenKnown));
        }

        private void store(Draft draft, Consumer<Outcome> onResult, Storing storing) {
            long bytes = draft.content().bytes() + OVERHEAD_BYTES;
            if (loop.isClosing()) {
                onResult.accept(CLOSING);
                return;
            }
            if (waiting.addAndGet(bytes) > settings.waitingBytes()) {
                waiting.addAndGet(-bytes);
                counted.refused.increment();
                onResult.accept(TOO_MUCH);
                return;
            }
            long until = until();
            Consumer<Outcome> whenKnown = outcome -> {
                waiting.addAndGet(-bytes);
                count(outcome);
                Loop.attempt(() -> onResult.accept(outcome));
            };
            if (!loop.offer(() -> storing.store(until, whenKnown))) {
                whenKnown.accept(CLOSING);
            }
        }

        /** What is answered by how the room is now is neither. */
        private void count(Outcome outcome) {
            if (outcome instanceof Outcome.Published) {
                counted.stored.increment();
            } else if (!(outcome instanceof Outcome.Moved
                    || outcome instanceof Outcome.Refused
                    || outcome instanceof Outcome.NotFound)) {
                counted.refused.increment();
            }
        }

        private long until() {
            return nanoTime.getAsLong() + settings.deadline().toNanos();
        }

        @Override
        public void forget(long upTo, Consumer<Forgotten> onForgotten) {
            long until = until();
            Consumer<Forgotten> whenKnown = what -> Loop.attempt(() -> onForgotten.accept(what));
            if (!loop.offer(() -> rooms.outgoing().forget(remote, upTo, until, whenKnown))) {
                onForgotten.accept(Forgotten.NOT_NOW);
            }
        }

        @Override
        public void read(Query query, Consumer<Answer> onAnswer) {
            readers.ask(() -> rooms.answer(remote, query, onAnswer), () -> onAnswer.accept(Unread.NOT_NOW));
        }

        @Override
        public void refresh(Consumer<Extent> onExtent) {
            if (!loop.offer(() -> rooms.refresh(remote, extent -> Loop.attempt(() -> onExtent.accept(extent))))) {
                onExtent.accept(new Extent(0, 0));
            }
        }

        @Override
        public void signal(Draft draft) {
            if (link.isUp() && loop.size() < MOST_WAITING_FOR_SIGNALS) {
                loop.execute(() -> rooms.outgoing().signal(remote, draft));
            }
        }

        @Override
        public void present(Present here) {
            loop.execute(() -> rooms.present(remote, here));
        }

        @Override
        public MarkStore marks() {
            return marks.of(remote);
        }

        @Override
        public void close() {
            loop.execute(() -> rooms.close(remote));
        }
    }

    /** Whether messages can be stored and read now, as far as is known. */
    public boolean isWell() {
        return rooms.isWell() && !loop.hasEnded();
    }

    /** How many nodes there are, this one included, as far as is known. */
    public int nodeCount() {
        return rooms.nodeCount();
    }

    /** How many rooms this node follows. */
    public int roomCount() {
        return rooms.roomCount();
    }

    /** What waits to be stored, in bytes. */
    public long waitingBytes() {
        return waiting.get();
    }

    /** How many messages published here were stored. */
    public long storedCount() {
        return counted.stored.sum();
    }

    /** How many messages published here were refused, or not answered in time. */
    public long refusedCount() {
        return counted.refused.sum();
    }

    /** How many messages came by. */
    public long heardCount() {
        return counted.heard.sum();
    }

    /** How many messages were missed on the way and read from the streams. */
    public long filledCount() {
        return counted.filled.sum();
    }

    /** How often the connection to NATS was lost. */
    public long disconnectCount() {
        return counted.disconnects.sum();
    }

    /** How many messages were stored under numbers that their rooms had reached before. */
    public long givenTwiceCount() {
        return counted.givenTwice.sum();
    }

    /** How many times something was read that this node does not understand. */
    public long unreadableCount() {
        return counted.unreadable.sum();
    }

    /**
     * Stores what waits, for as long as a deadline allows, answers the rest, and leaves the cluster. Waits for a
     * while.
     */
    @Override
    public void close() {
        loop.execute(rooms::leave);
        loop.close();
        long patience = TimeUnit.SECONDS.toMillis(END_SECONDS);
        try {
            loopThread.join(patience + settings.deadline().toMillis());
            for (Thread thread : List.of(loopThread, linkThread)) {
                thread.interrupt();
            }
            link.close();
            readers.end(patience);
            loopThread.join(patience);
            linkThread.join(patience);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
