package parley.durable;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.room.ChangeDraft;
import parley.room.KeyDraft;
import parley.room.MarkStore;
import parley.room.Outcome;
import parley.room.Retention;
import parley.room.RoomStore;

/**
 * Rooms in a file: {@link DiskWriter} writes on one thread, {@link DiskReader} reads on another. Any thread may call
 * any method, and none waits for the disk, {@link #close} excepted.
 */
public final class DurableStore implements RoomStore, AutoCloseable {
    private static final Logger LOG = System.getLogger("parley.durable");

    private static final long END_NANOS = 10_000_000_000L;

    private final Path folder;
    private final LongSupplier nanos;
    private final ThreadFactory threads;
    private final DataFile file;
    private final DiskHealth health;
    private final StoredRooms rooms;
    private final DiskWriter writer;
    private final DiskReader reader;
    private final List<Thread> running;

    /**
     * Opens a folder, and makes it if there is none.
     *
     * @param retentionOf how much is kept of a room; null for one that is not durable any more
     * @param clock the time of day, for the age of messages
     * @param nanos a time that is never set, for how long something takes
     * @param threads makes the two threads
     * @throws DataException when it cannot be used
     */
    public DurableStore(
            DataSettings settings,
            Function<RoomName, @Nullable Retention> retentionOf,
            Clock clock,
            LongSupplier nanos,
            ThreadFactory threads) {
        this(settings, retentionOf, clock, nanos, threads, DataFile.boot());
    }

    /** For tests, which have their machine boot. */
    DurableStore(
            DataSettings settings,
            Function<RoomName, @Nullable Retention> retentionOf,
            Clock clock,
            LongSupplier nanos,
            ThreadFactory threads,
            String boot) {
        this.folder = settings.folder();
        this.nanos = nanos;
        this.threads = threads;
        this.health = new DiskHealth(folder, nanos);
        this.file = DataFile.open(settings, boot);
        this.rooms = new StoredRooms(file, retentionOf, health);
        this.reader = new DiskReader(file.reading(), health, nanos);
        this.writer = new DiskWriter(settings, file.writing(), rooms, health, reader, clock, nanos);
        this.running = List.of(threads.newThread(writer), threads.newThread(reader));
        running.forEach(Thread::start);
    }

    @Override
    public Log open(RoomName name, Listener room) {
        Subscription subscription = new Subscription(room);
        Task.Open open = new Task.Open(name, subscription);
        if (!writer.add(open)) { // not by this thread: the registry would look for another room of that name
            threads.newThread(() -> DiskWriter.couldNotOpen(open)).start();
        }
        return new StoredLog(name, subscription);
    }

    /**
     * Has messages that are not kept any more heard of, also those of rooms that are not open. The writing thread calls
     * it.
     */
    public void onTrimmed(Trims hears) {
        rooms.onTrimmed(hears);
    }

    @Override
    public Beyond beyond() {
        return Beyond.KEPT;
    }

    /** One room's log. */
    private final class StoredLog implements Log {
        private final RoomName name;
        private final Subscription subscription;

        StoredLog(RoomName name, Subscription subscription) {
            this.name = name;
            this.subscription = subscription;
        }

        @Override
        public void append(long at, Draft draft, Consumer<Outcome> onResult) {
            writer.append(new Task.Append(name, at, draft, null, onResult));
        }

        @Override
        public void appendBehind(Expected expected, long at, Draft draft, Consumer<Outcome> onResult) {
            writer.append(new Task.Append(name, at, draft, expected, onResult));
        }

        @Override
        public void change(long at, ChangeDraft change, Consumer<Outcome> onResult) {
            writer.append(new Task.Append(name, at, change, onResult));
        }

        @Override
        public void put(long at, KeyDraft draft, Consumer<Outcome> onResult) {
            writer.append(new Task.Append(name, at, draft, onResult));
        }

        @Override
        public void forget(long upTo, Consumer<Forgotten> onForgotten) {
            if (!writer.add(new Task.Forget(name, upTo, onForgotten))) {
                onForgotten.accept(Forgotten.NOT_NOW);
            }
        }

        @Override
        public void read(Query query, Consumer<Answer> onAnswer) {
            reader.read(name, query, onAnswer);
        }

        @Override
        public void refresh(Consumer<Extent> onExtent) {
            Task.Refresh refresh = new Task.Refresh(name, onExtent);
            if (!writer.add(refresh)) {
                DiskWriter.refuse(refresh);
            }
        }

        @Override
        public MarkStore marks() {
            return new MarkStore() {
                @Override
                public void raise(String user, Mark mark, int most, Consumer<MarkStore.Answer> onRaised) {
                    writer.raise(new Task.Raise(name, user, mark, most, onRaised));
                }

                @Override
                public void find(String user, Consumer<MarkStore.Answer> onFound) {
                    reader.find(name, user, onFound);
                }
            };
        }

        @Override
        public void close() {
            subscription.end();
            writer.add(new Task.Close(name, subscription));
        }
    }

    /** Whether what was written and read last could be. */
    public boolean isWell() {
        return health.isWell();
    }

    /** How many rooms are kept. */
    public long roomCount() {
        return rooms.roomCount();
    }

    /** The bytes of their messages. */
    public long bytes() {
        return rooms.bytes();
    }

    /** How many read marks are kept. */
    public long markCount() {
        return rooms.markCount();
    }

    /** The bytes of the messages that wait to be written. */
    public long waitingBytes() {
        return writer.waitingBytes();
    }

    /** How often messages were committed. */
    public long commitCount() {
        return rooms.commitCount();
    }

    /** How often they could not be. */
    public long failureCount() {
        return health.failureCount();
    }

    /** For tests: has the writing thread do something with the file, before all that is given to it later. */
    void doWith(Task.Work work) {
        writer.add(new Task.Do(work));
    }

    /** For tests, which set the clock: has the writing thread do what is due. */
    void wake() {
        writer.add(new Task.Wake());
    }

    /**
     * Writes what waits to be written, answers whatever waits for an answer, and lets the folder go. Waits for a while.
     */
    @Override
    public void close() {
        writer.close();
        reader.close();
        if (!awaitEnd()) { // the lock ends with the process
            LOG.log(Level.ERROR, "the data folder '" + folder + "' is still in use, and is not closed");
            return;
        }
        file.close();
    }

    /** Whether both threads have ended in time. An interrupt does not shorten it: the folder would stay taken. */
    private boolean awaitEnd() {
        boolean wasInterrupted = Thread.interrupted();
        long until = nanos.getAsLong() + END_NANOS;
        for (Thread thread : running) {
            wasInterrupted |= join(thread, until);
        }
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
        return running.stream().noneMatch(Thread::isAlive);
    }

    /** Waits for the end of a thread; whether it was interrupted meanwhile. */
    private boolean join(Thread thread, long until) {
        boolean wasInterrupted = false;
        while (true) {
            try {
                TimeUnit.NANOSECONDS.timedJoin(thread, until - nanos.getAsLong());
                return wasInterrupted;
            } catch (InterruptedException e) {
                wasInterrupted = true;
            }
        }
    }
}
