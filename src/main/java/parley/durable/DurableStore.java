package parley.durable;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.room.Outcome;
import parley.room.Retention;
import parley.room.RoomStore;

/**
 * Rooms in a file. Any thread may call any method.
 *
 * <p>One thread writes: what has been given to it since its last commit it commits together, so that one wait for the disk is shared by all
 * messages of a moment, and then tells rooms and senders. Another reads, from a connection of its own, and waits for no writer. Whoever
 * gives them something only puts it into a queue that is bounded.
 */
public final class DurableStore implements RoomStore, AutoCloseable {
    private static final Logger LOG = System.getLogger("parley.durable");

    private static final Outcome.NotKept NOT_NOW =
            new Outcome.NotKept("the message could not be kept; say it again later, with the same id");
    private static final Outcome.NotKept TOO_MUCH =
            new Outcome.NotKept("the disk is slower than what is said; say it again later, with the same id");
    private static final Outcome.NotKept FULL =
            new Outcome.NotKept("as much is kept as may be; say it again later, with the same id");
    private static final Outcome.NotKept FULL_OF_ROOMS =
            new Outcome.NotKept("as many rooms are kept as may be; say it again later, with the same id");
    private static final Outcome.NotKept CLOSING =
            new Outcome.NotKept("the server stops; say it again to the next, with the same id");

    private static final int BATCH = 2_000;
    private static final int MOST_READS = 10_000;
    private static final long CHORES_NANOS = 1_000_000_000L;
    /** For so long whoever writes may be kept from it, about. */
    private static final long CHORE_NANOS = 20_000_000L;
    /** How many of the oldest messages go in one commit, about. More than are added in one. */
    private static final int MOST_GONE = 5_000;
    /** What is said is refused when there is this part more than may be: it comes faster than rooms can give way. */
    private static final int SLACK = 16;

    private static final long COMPLAINT_NANOS = 60_000_000_000L;
    private static final int ROOMS_A_CHORE = 200;
    private static final int PAGES_A_CHORE = 256;
    private static final long END_NANOS = 10_000_000_000L;
    /** Messages that cannot be read for so long count as lost for members that wait for them. */
    private static final long LOST_NANOS = 10_000_000_000L;
    /** Changes nothing of what a room knows. */
    private static final Extent UNKNOWN = new Extent(0, 0);

    private final DataSettings settings;
    private final Function<RoomName, @Nullable Retention> retentionOf;
    private final Clock clock;
    private final ThreadFactory threads;
    private final Folder folder;
    private final Database database;
    private final Database reading;
    private final BlockingQueue<Task> toWrite = new LinkedBlockingQueue<>();
    private final BlockingQueue<Runnable> toRead = new ArrayBlockingQueue<>(MOST_READS);
    private final Thread writer;
    private final Thread reader;

    /** What waits to be written, in bytes. */
    private final AtomicLong waiting = new AtomicLong();

    private final LongAdder commits = new LongAdder();
    private final LongAdder failures = new LongAdder();
    private volatile boolean canWrite = true;
    private volatile boolean canRead = true;
    private volatile boolean isClosing;
    private volatile boolean hasEnded;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong roomCount = new AtomicLong();

    /** Since when messages cannot be read; 0 while they can. Of the reading thread. */
    private long unreadableSince;

    // Of the writing thread
    /** The rooms that are open, and those that are written to. */
    private final Map<RoomName, Stored> rooms = new HashMap<>();

    private long syncedAt = System.nanoTime();
    private boolean isUnsynced;
    private long choresAt = syncedAt;
    /** The room that was looked at last for messages that are too old. */
    private String looked = "";

    // Guarded by this
    private long complainedAt;
    private boolean hasComplained;

    /**
     * Opens a folder, and makes it if there is none.
     *
     * @param retentionOf how much is kept of a room; null for one that is not durable any more
     * @param threads makes the two threads
     * @throws DataException when it cannot be used
     */
    public DurableStore(
            DataSettings settings,
            Function<RoomName, @Nullable Retention> retentionOf,
            Clock clock,
            ThreadFactory threads) {
        this(settings, retentionOf, clock, threads, boot());
    }

    /** For tests, which have their machine boot. */
    DurableStore(
            DataSettings settings,
            Function<RoomName, @Nullable Retention> retentionOf,
            Clock clock,
            ThreadFactory threads,
            String boot) {
        this.settings = settings;
        this.retentionOf = retentionOf;
        this.clock = clock;
        this.threads = threads;
        this.folder = take(settings.folder());
        Database toWriteTo = null;
        Database toReadFrom = null;
        try {
            toWriteTo = Database.write(settings.folder(), settings.sync() == DataSettings.Sync.ALWAYS);
            toReadFrom = Database.read(settings.folder());
            roomCount.set(toWriteTo.rooms());
            bytes.set(toWriteTo.bytes());
            start(toWriteTo, boot);
        } catch (SQLException | DataException e) {
            closeAll(toReadFrom, toWriteTo, folder);
            throw refused(
                    settings.folder(),
                    e instanceof DataException ? words(e) : "its file parley.db cannot be read (" + words(e) + ")");
        } catch (RuntimeException | Error e) {
            closeAll(toReadFrom, toWriteTo, folder);
            throw e;
        }
        this.database = toWriteTo;
        this.reading = toReadFrom;
        this.writer = threads.newThread(this::write);
        this.reader = threads.newThread(this::read);
        writer.start();
        reader.start();
    }

    private static Folder take(Path folder) {
        if (folder.toString().contains("?")) {
            throw refused(folder, "its name has a question mark, which SQLite takes for the end of it");
        }
        try {
            return Folder.take(folder);
        } catch (DataException e) {
            throw refused(folder, words(e));
        } catch (IOException e) {
            throw refused(folder, "it cannot be written to (" + e + ")");
        }
    }

    /** Which boot of the machine this is; where that is not known, one that never was. */
    private static String boot() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        } catch (IOException | RuntimeException e) {
            return UUID.randomUUID().toString();
        }
    }

    private void start(Database database, String boot) {
        try {
            long anew = database.start(boot, Stored.epoch());
            if (anew > 0) {
                LOG.log(
                        Level.WARNING,
                        "the data folder '" + settings.folder()
                                + "': with data.sync=interval what was said last may be lost, since Parley"
                                + " was not stopped and the machine may have been; all rooms (" + anew
                                + ") begin another epoch");
            }
        } catch (SQLException e) {
            throw new DataException("it cannot be written to (" + words(e) + ")");
        }
    }

    private static void closeAll(@Nullable AutoCloseable... all) {
        for (AutoCloseable one : all) {
            close(one);
        }
    }

    private static void close(@Nullable AutoCloseable one) {
        try {
            if (one != null) {
                one.close();
            }
        } catch (Exception e) {
            LOG.log(Level.DEBUG, "the data folder", e);
        }
    }

    private static DataException refused(Path folder, String why) {
        return new DataException("The data folder '" + folder + "' cannot be used: " + why + ".");
    }

    private static String words(Throwable e) {
        return e.getMessage() + (e.getCause() == null ? "" : ": " + e.getCause());
    }

    @Override
    public Log open(RoomName name, Listener room) {
        Task.Open open = new Task.Open(name, room);
        toWrite.add(open);
        if (hasEnded && toWrite.remove(open)) { // on a thread of its own: who opens may hold a lock
            threads.newThread(() -> couldNotOpen(open)).start();
        }
        return new Log() {
            @Override
            public void append(long at, Draft draft, Consumer<Outcome> onResult) {
                Outcome.NotKept refused = DurableStore.this.append(new Task.Append(name, at, draft, onResult));
                if (refused != null) {
                    onResult.accept(refused);
                }
            }

            @Override
            public void read(Query query, Consumer<Answer> onAnswer) {
                if (isClosing || !toRead.offer(() -> DurableStore.this.read(name, query, onAnswer))) {
                    onAnswer.accept(Unread.NOT_NOW);
                }
            }

            @Override
            public void refresh(Consumer<Extent> onExtent) {
                Task.Refresh refresh = new Task.Refresh(name, onExtent);
                toWrite.add(refresh);
                if (hasEnded && toWrite.remove(refresh)) {
                    onExtent.accept(UNKNOWN);
                }
            }

            @Override
            public void close() {
                toWrite.add(new Task.Close(name, room));
            }
        };
    }

    private Outcome.@Nullable NotKept append(Task.Append append) {
        if (isClosing) {
            return CLOSING;
        }
        if (hasEnded) {
            return NOT_NOW;
        }
        long waits = waiting.addAndGet(append.weight);
        if (waits > settings.waitingBytes() && waits > append.weight) { // alone any may wait
            waiting.addAndGet(-append.weight);
            return TOO_MUCH;
        }
        toWrite.add(append);
        if (hasEnded && toWrite.remove(append)) { // it looked for what was left before this came
            waiting.addAndGet(-append.weight);
            return NOT_NOW;
        }
        return null;
    }

    private void read(RoomName name, Query query, Consumer<Answer> onAnswer) {
        Answer answer = Unread.NOT_NOW;
        try {
            answer = reading.messages(name, query);
            canRead = true;
            unreadableSince = 0;
        } catch (SQLException | RuntimeException | Error e) {
            canRead = false;
            reading.rollback();
            complain("messages cannot be read", e);
            unreadableSince = unreadableSince == 0 ? System.nanoTime() : unreadableSince;
            answer = System.nanoTime() - unreadableSince > LOST_NANOS ? Unread.LOST : Unread.NOT_NOW;
        } finally {
            onAnswer.accept(answer);
        }
    }

    private void read() {
        while (!isClosing) {
            try {
                toRead.take().run();
            } catch (InterruptedException e) {
                // It closes, most likely.
            } catch (RuntimeException | Error e) { // who comes next may be luckier
                LOG.log(Level.ERROR, "messages were read, and who asked for them failed", e);
            }
        }
    }

    /** Whether it can be read again, though nobody asks since it could not. */
    private void probeReading() {
        try {
            reading.rooms();
            canRead = true;
        } catch (SQLException e) {
            complain("it can still not be read", e);
        }
    }

    private void write() {
        List<Task> batch = new ArrayList<>();
        try {
            while (!isClosing || !toWrite.isEmpty()) {
                take(batch);
                work(batch);
                batch.clear();
            }
            database.end();
        } catch (InterruptedException e) {
            LOG.log(Level.WARNING, "the thread that writes messages was interrupted");
        } catch (SQLException e) {
            failed("what was written cannot be made sure of", e);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the thread that writes messages has ended", e);
        } finally {
            hasEnded = true;
            canWrite = false;
            toWrite.drainTo(batch);
            batch.forEach(this::refuse);
        }
    }

    private void take(List<Task> batch) throws InterruptedException {
        Task first = toWrite.poll(pause(), TimeUnit.NANOSECONDS);
        if (first != null) {
            batch.add(first);
            toWrite.drainTo(batch, BATCH);
        }
    }

    private void work(List<Task> batch) {
        try {
            for (Task task : batch) {
                if (task instanceof Task.Do something) {
                    something.work().with(database);
                }
            }
            open(batch);
            append(batch);
            refresh(batch);
            close(batch);
            doChores();
        } catch (SQLException | RuntimeException | Error e) { // who comes next may be luckier
            abandon(batch, e);
        }
    }

    /** What has not been committed does not count, and nobody waits any longer for what has not been told. */
    private void abandon(List<Task> batch, Throwable e) {
        undo(rooms.values(), "what was to be done cannot be", e);
        batch.forEach(this::refuse);
        close(batch);
        rooms.values().removeIf(stored -> !stored.hasListeners());
    }

    private void refuse(Task task) {
        if (task instanceof Task.Append append && !append.isTold) {
            done(append, NOT_NOW);
        } else if (task instanceof Task.Open open && !open.isTold) {
            couldNotOpen(open);
        } else if (task instanceof Task.Refresh refresh && !refresh.isDone) {
            done(refresh, UNKNOWN);
        }
    }

    private void refresh(List<Task> batch) throws SQLException {
        for (Task task : batch) {
            if (task instanceof Task.Refresh refresh) {
                done(refresh, stored(refresh.name).extent());
            }
        }
    }

    private static void done(Task.Refresh refresh, Extent extent) {
        refresh.isDone = true;
        try {
            refresh.onExtent.accept(extent);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the room " + refresh.name + " failed to take what there is of it", e);
        }
    }

    private long pause() {
        if (canWrite && isTooMuch()) {
            return 0;
        }
        return isUnsynced ? Math.min(CHORES_NANOS, settings.interval().toNanos()) : CHORES_NANOS;
    }

    private boolean isTooMuch() {
        return bytes.get() > settings.bytes() || roomCount.get() > settings.rooms();
    }

    /** Opens come first: what is added behind them, or was before, the room hears of. */
    private void open(List<Task> batch) {
        for (Task task : batch) {
            if (task instanceof Task.Open open) {
                open(open);
            }
        }
    }

    private void open(Task.Open open) {
        try {
            Stored stored = stored(open.name);
            open.isTold = true;
            stored.listen(open.room);
        } catch (SQLException | RuntimeException | Error e) {
            couldNotOpen(open);
            Stored stored = rooms.get(open.name);
            if (stored != null) {
                stored.leave(open.room);
                forgetUnlessOpen(stored);
            }
            database.rollback();
            failures.increment();
            canRead = false;
            complain("a room cannot be read", e);
        }
    }

    private static void couldNotOpen(Task.Open open) {
        open.isTold = true;
        try {
            open.room.couldNotOpen();
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a room cannot be opened, and could not be told", e);
        }
    }

    private Stored stored(RoomName name) throws SQLException {
        Stored stored = rooms.get(name);
        if (stored == null) {
            stored = Stored.find(database, name, retentionOf.apply(name));
            rooms.put(name, stored);
        }
        return stored;
    }

    private void append(List<Task> batch) {
        List<Task.Append> appends = new ArrayList<>();
        for (Task task : batch) {
            if (task instanceof Task.Append append) {
                appends.add(append);
            }
        }
        appendAll(appends);
    }

    /** In one commit; in two and more when that fails, so that one that can never be written does not keep the others from it. */
    private void appendAll(List<Task.Append> appends) {
        List<Outcome> outcomes = write(appends);
        if (outcomes == null && appends.size() > 1 && probe()) {
            int half = appends.size() / 2;
            appendAll(appends.subList(0, half));
            appendAll(appends.subList(half, appends.size()));
            return;
        }
        for (int i = 0; i < appends.size(); i++) {
            done(appends.get(i), outcomes == null ? NOT_NOW : outcomes.get(i));
        }
    }

    private void done(Task.Append append, Outcome outcome) {
        append.isTold = true;
        waiting.addAndGet(-append.weight);
        try {
            append.told.accept(outcome);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a message was written, and its sender could not be told", e);
        }
    }

    /** Writes them in one commit; null when that cannot be done, and then none is there. */
    private @Nullable List<Outcome> write(List<Task.Append> appends) {
        List<Outcome> outcomes = new ArrayList<>(appends.size());
        Set<Stored> touched = new LinkedHashSet<>();
        try {
            for (Task.Append append : appends) {
                Stored stored = stored(append.name);
                touched.add(stored);
                outcomes.add(add(stored, append));
            }
            settle(touched);
            commit(touched);
        } catch (SQLException | RuntimeException | Error e) {
            undo(touched, "messages cannot be written", e);
            touched.forEach(this::forgetUnlessOpen);
            return null;
        }
        tell(touched); // not above: what has been committed is not to be written again
        return outcomes;
    }

    private Outcome add(Stored stored, Task.Append append) throws SQLException {
        boolean isFull = isFarMore(bytes.get(), settings.bytes());
        if (isFull || (!stored.isKept() && isFarMore(roomCount.get(), settings.rooms()))) {
            complain(
                    "there is more than data.bytes or data.rooms, and rooms give way too slowly; messages are refused",
                    null);
            return isFull ? FULL : FULL_OF_ROOMS;
        }
        long seq = stored.add(database, append.at, append.draft);
        return new Outcome.Published(Math.abs(seq), seq < 0);
    }

    private static boolean isFarMore(long kept, long most) {
        return kept > most + most / SLACK;
    }

    private void settle(Collection<Stored> touched) throws SQLException {
        int most = MOST_GONE;
        for (Stored stored : touched) {
            most -= stored.settle(database, clock.millis(), most);
        }
    }

    private void commit(Collection<Stored> touched) throws SQLException {
        boolean wrote = database.commit();
        for (Stored stored : touched) {
            bytes.addAndGet(stored.bytesAdded());
            roomCount.addAndGet(stored.roomsAdded());
            stored.committed();
        }
        if (wrote) {
            commits.increment();
            isUnsynced = settings.sync() == DataSettings.Sync.INTERVAL;
            canWrite = true;
        }
    }

    private void tell(Collection<Stored> touched) {
        touched.forEach(Stored::tell);
        touched.forEach(this::forgetUnlessOpen);
    }

    private void undo(Collection<Stored> touched, String what, Throwable e) {
        touched.forEach(Stored::undone);
        database.rollback();
        failed(what, e);
    }

    private void failed(String what, Throwable e) {
        failures.increment();
        canWrite = false;
        complain(what, e);
    }

    private void forgetUnlessOpen(Stored stored) {
        if (!stored.hasListeners()) {
            rooms.remove(stored.name());
        }
    }

    private void close(List<Task> batch) {
        for (Task task : batch) {
            if (task instanceof Task.Close close) {
                Stored stored = rooms.get(close.name());
                if (stored != null) {
                    stored.leave(close.room());
                    forgetUnlessOpen(stored);
                }
            }
        }
    }

    private void doChores() {
        long now = System.nanoTime();
        if (isUnsynced && now - syncedAt >= settings.interval().toNanos()) {
            sync(now);
        }
        if (canWrite && isTooMuch()) {
            letLeastUsedGiveWay();
        }
        if (now - choresAt >= CHORES_NANOS) {
            choresAt = now;
            if (!canRead) {
                toRead.offer(this::probeReading);
            }
            if (canWrite || probe()) {
                letOldGo();
            }
        }
    }

    private void sync(long now) {
        syncedAt = now;
        try {
            database.sync();
            isUnsynced = false;
        } catch (SQLException e) {
            failed("what was written cannot be made sure of", e);
        }
    }

    /** Whether it can be written again, though nobody says anything since it could not. */
    private boolean probe() {
        try {
            database.probe();
            canWrite = true;
        } catch (SQLException e) {
            complain("it can still not be written to", e);
        }
        return canWrite;
    }

    /** For a moment, so that who writes does not wait for it; in one commit, since it is the disk that is waited for. */
    private void letLeastUsedGiveWay() {
        long began = System.nanoTime();
        Set<Stored> touched = new LinkedHashSet<>();
        try {
            long tooHeavy = bytes.get() - settings.bytes();
            long tooMany = roomCount.get() - settings.rooms();
            while ((tooHeavy > 0 || tooMany > 0) && System.nanoTime() - began < CHORE_NANOS) {
                RoomName name = database.leastUsed(tooHeavy > 0);
                if (name == null && touched.isEmpty()) { // nothing is there, so that is what it weighs
                    bytes.set(database.bytes());
                    roomCount.set(database.rooms());
                }
                if (name == null) {
                    break;
                }
                Stored stored = stored(name);
                touched.add(stored);
                long weighed = stored.bytesAdded();
                int counted = stored.roomsAdded();
                stored.giveWay(database, tooMany > 0);
                tooHeavy += stored.bytesAdded() - weighed;
                tooMany += stored.roomsAdded() - counted;
            }
            commit(touched);
            tell(touched);
        } catch (SQLException | RuntimeException | Error e) {
            undo(touched, "rooms cannot give way", e);
            touched.forEach(this::forgetUnlessOpen);
        }
    }

    /** Looks at some rooms whether they have messages that are too old, so that in time it looks at all. */
    private void letOldGo() {
        Set<Stored> touched = new LinkedHashSet<>();
        try {
            settleNext(touched);
            commit(touched);
            tell(touched);
            database.giveBack(PAGES_A_CHORE);
            database.restartLog();
        } catch (SQLException | RuntimeException | Error e) {
            undo(touched, "old messages cannot go", e);
            touched.forEach(this::forgetUnlessOpen);
        }
    }

    private void settleNext(Set<Stored> touched) throws SQLException {
        long began = System.nanoTime();
        List<RoomName> names = database.after(looked, ROOMS_A_CHORE);
        if (names.isEmpty()) {
            looked = "";
        }
        int most = MOST_GONE;
        for (RoomName name : names) {
            looked = name.value(); // also when it fails: the others are not to wait for it
            Stored stored = stored(name);
            touched.add(stored);
            most -= stored.settle(database, clock.millis(), most);
            if (most <= 0 || System.nanoTime() - began >= CHORE_NANOS) {
                return;
            }
        }
    }

    private synchronized void complain(String what, @Nullable Throwable e) {
        long now = System.nanoTime();
        if (!hasComplained || now - complainedAt >= COMPLAINT_NANOS) {
            hasComplained = true;
            complainedAt = now;
            LOG.log(
                    Level.ERROR,
                    "the data folder '" + settings.folder() + "': " + what + (e == null ? "" : ": " + words(e)));
        }
    }

    /** Whether what was written and read last could be. */
    public boolean isWell() {
        return canWrite && canRead;
    }

    /** How many rooms are kept. */
    public long roomCount() {
        return roomCount.get();
    }

    /** What their messages weigh. */
    public long bytes() {
        return bytes.get();
    }

    /** What waits to be written, in bytes. */
    public long waitingBytes() {
        return waiting.get();
    }

    /** How often messages were committed. */
    public long commitCount() {
        return commits.sum();
    }

    /** How often they could not be. */
    public long failureCount() {
        return failures.sum();
    }

    /** For tests: has the writing thread do something with the file, before all that is given to it later. */
    void doWith(Task.Work work) {
        toWrite.add(new Task.Do(work));
    }

    /** Writes what waits to be written, tells those who wait for it, and lets the folder go. Waits for a while. */
    @Override
    public void close() {
        isClosing = true;
        toWrite.add(new Task.Wake());
        reader.interrupt();
        if (!awaitEnd()) { // the lock ends with the process
            LOG.log(Level.ERROR, "the data folder '" + settings.folder() + "' is still in use, and is not closed");
            return;
        }
        closeAll(reading, database, folder);
    }

    /** Whether both have ended in time. An interrupt does not shorten it: the folder would stay taken. */
    private boolean awaitEnd() {
        long until = System.nanoTime() + END_NANOS;
        boolean wasInterrupted = Thread.interrupted();
        for (Thread thread : List.of(writer, reader)) {
            while (thread.isAlive() && System.nanoTime() < until) {
                try {
                    TimeUnit.NANOSECONDS.timedJoin(thread, until - System.nanoTime());
                } catch (InterruptedException e) {
                    wasInterrupted = true;
                }
            }
        }
        if (wasInterrupted) {
            Thread.currentThread().interrupt();
        }
        return !writer.isAlive() && !reader.isAlive();
    }
}
