package parley.durable;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import parley.room.ChangeDraft;
import parley.room.KeyDraft;
import parley.room.MarkStore;
import parley.room.Outcome;
import parley.room.RoomStore;

/**
 * Writes messages, on a thread of its own: those that have come since its last commit it commits together, so that one
 * wait for the disk is shared by all messages of a moment. Then it calls rooms, and after them senders. Its queue is
 * bounded in bytes.
 */
final class DiskWriter implements Runnable {
    private static final Logger LOG = System.getLogger("parley.durable");

    private static final Outcome.NotKept NOT_NOW =
            new Outcome.NotKept("the message could not be stored; retry later with the same id");
    private static final Outcome.NotKept TOO_MUCH =
            new Outcome.NotKept("messages come faster than the disk takes them; retry later with the same id");
    private static final Outcome.NotKept FULL =
            new Outcome.NotKept("the server's storage is full; retry later with the same id");
    private static final Outcome.NotKept FULL_OF_ROOMS =
            new Outcome.NotKept("the server stores as many rooms as it may; retry later with the same id");
    private static final Outcome.NotKept CLOSING =
            new Outcome.NotKept("the server is stopping; reconnect and retry with the same id");
    /** Changes nothing of what a room knows. */
    private static final RoomStore.Extent UNKNOWN = new RoomStore.Extent(0, 0);

    private static final int BATCH = 2_000;

    private final DataSettings settings;
    private final Database database;
    private final StoredRooms rooms;
    private final DiskHealth health;
    private final DiskReader reader;
    private final Housekeeping housekeeping;
    private final Clock clock;
    private final LongSupplier nanos;
    private final BlockingQueue<Task> tasks = new LinkedBlockingQueue<>();
    /** The bytes of the messages that wait to be written. */
    private final AtomicLong waiting = new AtomicLong();

    private volatile boolean isClosing;
    private volatile boolean hasEnded;

    // Of the writing thread
    private long syncedAt;
    private long probedReadingAt;

    DiskWriter(
            DataSettings settings,
            Database database,
            StoredRooms rooms,
            DiskHealth health,
            DiskReader reader,
            Clock clock,
            LongSupplier nanos) {
        this.settings = settings;
        this.database = database;
        this.rooms = rooms;
        this.health = health;
        this.reader = reader;
        this.housekeeping = new Housekeeping(settings, database, rooms, health, clock, nanos);
        this.clock = clock;
        this.nanos = nanos;
        this.syncedAt = nanos.getAsLong();
        this.probedReadingAt = syncedAt;
    }

    /** Adds a message; any thread. Its sender is answered now if it is refused. */
    void append(Task.Append append) {
        Outcome.NotKept refused = refusal(append);
        if (refused != null) {
            append.onResult.accept(refused);
        }
    }

    private Outcome.@Nullable NotKept refusal(Task.Append append) {
        if (isClosing) {
            return CLOSING;
        }
        long waits = waiting.addAndGet(append.bytes);
        if (waits > settings.waitingBytes() && waits > append.bytes) { // alone any may wait
            waiting.addAndGet(-append.bytes);
            return TOO_MUCH;
        }
        if (!add(append)) {
            waiting.addAndGet(-append.bytes);
            return NOT_NOW;
        }
        return null;
    }

    /** Adds a read mark; any thread. Its user is answered now if it is refused. */
    void raise(Task.Raise raise) {
        boolean isTooMuch = waiting.addAndGet(MarkTable.BYTES) > settings.waitingBytes();
        if (isClosing || isTooMuch || !add(raise)) {
            waiting.addAndGet(-MarkTable.BYTES);
            raise.onRaised.accept(MarkStore.No.NOT_NOW);
        }
    }

    /** Gives it something to do; any thread. False when it has ended, and does it never. */
    boolean add(Task task) {
        if (hasEnded) {
            return false;
        }
        tasks.add(task);
        return !(hasEnded && tasks.remove(task)); // it looked for what was left before this came
    }

    /** Says that it has ended to a room that asks for what there is. */
    static void refuse(Task.Refresh refresh) {
        answer(refresh, UNKNOWN);
    }

    /** Has it write what waits, and end; any thread. */
    void close() {
        isClosing = true;
        tasks.add(new Task.Wake());
    }

    /** The bytes of the messages that wait to be written. */
    long waitingBytes() {
        return waiting.get();
    }

    @Override
    public void run() {
        List<Task> batch = new ArrayList<>();
        try {
            while (!isClosing || !tasks.isEmpty()) {
                take(batch);
                work(batch);
                batch.clear();
            }
            database.end();
        } catch (InterruptedException e) {
            LOG.log(Level.WARNING, "the thread that writes messages was interrupted");
        } catch (SQLException e) {
            health.cannotWrite("what was written cannot be synced", e);
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "the thread that writes messages has ended", e);
        } finally {
            hasEnded = true;
            health.writesNoMore();
            tasks.drainTo(batch);
            batch.forEach(this::refuse);
        }
    }

    private void take(List<Task> batch) throws InterruptedException {
        Task first = tasks.poll(pause(), TimeUnit.NANOSECONDS);
        if (first != null) {
            batch.add(first);
            tasks.drainTo(batch, BATCH);
        }
    }

    private long pause() {
        if (health.canWrite() && housekeeping.isTooMuch()) {
            return 0;
        }
        long most = Housekeeping.INTERVAL_NANOS;
        return database.isUnsynced() ? Math.min(most, settings.interval().toNanos()) : most;
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
            forget(batch);
            refresh(batch);
            close(batch);
            doWhatIsDue();
        } catch (SQLException | RuntimeException | Error e) { // the next batch may go better
            abandon(batch, e);
        }
    }

    /** What has not been committed does not count, and whatever has not been answered is refused. */
    private void abandon(List<Task> batch, Throwable e) {
        rooms.undo();
        health.cannotWrite("what was to be done cannot be", e);
        batch.forEach(this::refuse);
        close(batch);
    }

    private void refuse(Task task) {
        if (task instanceof Task.Append append && !append.isAnswered) {
            answer(append, NOT_NOW);
        } else if (task instanceof Task.Raise raise && !raise.isAnswered) {
            answer(raise, MarkStore.No.NOT_NOW);
        } else if (task instanceof Task.Open open && !open.isAnswered) {
            couldNotOpen(open);
        } else if (task instanceof Task.Refresh refresh && !refresh.isAnswered) {
            answer(refresh, UNKNOWN);
        } else if (task instanceof Task.Forget forget && !forget.isAnswered) {
            answer(forget, RoomStore.Forgotten.NOT_NOW);
        }
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
            Stored stored = rooms.find(open.name);
            open.isAnswered = true;
            stored.subscribe(open.room, rooms.changeTable(), rooms.keyTable());
        } catch (SQLException | RuntimeException | Error e) {
            couldNotOpen(open);
            unsubscribe(new Task.Close(open.name, open.room));
            database.rollback();
            health.cannotOpen(e);
        }
    }

    /** Says that a room cannot be opened. */
    static void couldNotOpen(Task.Open open) {
        open.isAnswered = true;
        attempt(
                "a room cannot be opened, and failed to take it",
                () -> open.room.call(RoomStore.Listener::couldNotOpen));
    }

    private void append(List<Task> batch) {
        List<Task.Append> appends = new ArrayList<>();
        List<Task.Raise> raises = new ArrayList<>();
        for (Task task : batch) {
            if (task instanceof Task.Append append) {
                appends.add(append);
            } else if (task instanceof Task.Raise raise) {
                raises.add(raise);
            }
        }
        writeAll(appends, raises);
    }

    /**
     * In one commit; in two and more when that fails, so that one that can never be written does not keep the others
     * from it.
     */
    private void writeAll(List<Task.Append> appends, List<Task.Raise> raises) {
        List<Outcome> outcomes = new ArrayList<>(appends.size());
        List<MarkStore.Answer> raised = new ArrayList<>(raises.size());
        boolean isWritten = rooms.change("messages cannot be written", touched -> {
            for (Task.Append append : appends) {
                outcomes.add(add(rooms.find(append.name, touched), append));
            }
            for (Task.Raise raise : raises) {
                Stored stored = rooms.find(raise.name, touched);
                raised.add(stored.raise(rooms.markTable(), raise, clock.millis(), housekeeping.isFullOfMarks()));
            }
            int most = Housekeeping.MOST_GONE;
            for (Stored stored : touched) {
                most -= stored.settle(rooms.tables(), rooms.changeTable(), clock.millis(), most);
            }
        });
        if (!isWritten && appends.size() + raises.size() > 1 && housekeeping.probe()) {
            boolean areBoth = !appends.isEmpty() && !raises.isEmpty();
            int half = areBoth ? appends.size() : appends.size() / 2;
            int halfOfRaises = areBoth ? 0 : raises.size() / 2;
            writeAll(appends.subList(0, half), raises.subList(0, halfOfRaises));
            writeAll(appends.subList(half, appends.size()), raises.subList(halfOfRaises, raises.size()));
            return;
        }
        for (int i = 0; i < appends.size(); i++) {
            answer(appends.get(i), isWritten ? outcomes.get(i) : NOT_NOW);
        }
        for (int i = 0; i < raises.size(); i++) {
            answer(raises.get(i), isWritten ? raised.get(i) : MarkStore.No.NOT_NOW);
        }
    }

    private Outcome add(Stored stored, Task.Append append) throws SQLException {
        ChangeDraft change = append.change;
        KeyDraft put = append.put;
        boolean takesAway = (change != null && change.takesAway()) || (put != null && put.isRemoval());
        boolean isFull = housekeeping.isFull() && !takesAway;
        if (isFull || (change == null && !stored.isKept() && housekeeping.isFullOfRooms())) {
            health.complain(
                    "there is more than data.bytes or data.rooms, and rooms give way too slowly; messages are refused",
                    null);
            return isFull ? FULL : FULL_OF_ROOMS;
        }
        if (change != null) {
            return stored.change(rooms.tables(), rooms.changeTable(), clock.millis(), append.at, change);
        }
        if (put != null) {
            return stored.put(
                    rooms.tables(), rooms.keyTable(), clock.millis(), append.at, put, housekeeping.isFullOfValues());
        }
        return stored.add(rooms.tables(), clock.millis(), append.at, append.draft, append.expected);
    }

    private void answer(Task.Append append, Outcome outcome) {
        append.isAnswered = true;
        waiting.addAndGet(-append.bytes);
        attempt(
                "a message was written, and its sender failed to take the result",
                () -> append.onResult.accept(outcome));
    }

    private void answer(Task.Raise raise, MarkStore.Answer answer) {
        raise.isAnswered = true;
        waiting.addAndGet(-MarkTable.BYTES);
        attempt("a read mark was written, and its user failed to take it", () -> raise.onRaised.accept(answer));
    }

    /** Some messages of each room at a time: senders wait for it. */
    private void forget(List<Task> batch) {
        for (Task task : batch) {
            if (task instanceof Task.Forget forget && !forget.isAnswered) {
                forget(forget);
            }
        }
    }

    private void forget(Task.Forget forget) {
        boolean[] isOver = {false};
        boolean isWritten = rooms.change("messages cannot be removed", touched -> {
            Stored stored = rooms.find(forget.name, touched);
            for (int gone = 0; gone < Housekeeping.MOST_GONE && !isOver[0]; gone += Stored.LOOK) {
                isOver[0] = stored.forget(rooms.tables(), forget.upTo);
            }
        });
        if (!isWritten || isOver[0] || isClosing) {
            answer(forget, isWritten && isOver[0] ? RoomStore.Forgotten.DONE : RoomStore.Forgotten.NOT_NOW);
        } else {
            tasks.add(forget);
        }
    }

    private static void answer(Task.Forget forget, RoomStore.Forgotten what) {
        forget.isAnswered = true;
        attempt(
                "the room " + forget.name + " failed to take that its messages are gone",
                () -> forget.onForgotten.accept(what));
    }

    private void refresh(List<Task> batch) throws SQLException {
        for (Task task : batch) {
            if (task instanceof Task.Refresh refresh) {
                Stored stored = rooms.find(refresh.name);
                rooms.letGo(stored);
                answer(refresh, stored.extent());
            }
        }
    }

    private static void answer(Task.Refresh refresh, RoomStore.Extent extent) {
        refresh.isAnswered = true;
        attempt(
                "the room " + refresh.name + " failed to take what there is of it",
                () -> refresh.onExtent.accept(extent));
    }

    private static void attempt(String failure, Runnable call) {
        try {
            call.run();
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, failure, e);
        }
    }

    private void close(List<Task> batch) {
        for (Task task : batch) {
            if (task instanceof Task.Close close) {
                unsubscribe(close);
            }
        }
    }

    private void unsubscribe(Task.Close close) {
        Stored stored = rooms.open(close.name());
        if (stored != null) {
            stored.unsubscribe(close.room());
            rooms.letGo(stored);
        }
    }

    private void doWhatIsDue() {
        long now = nanos.getAsLong();
        if (database.isUnsynced() && now - syncedAt >= settings.interval().toNanos()) {
            syncedAt = now;
            sync();
        }
        if (!health.canRead() && now - probedReadingAt >= Housekeeping.INTERVAL_NANOS) {
            probedReadingAt = now;
            reader.probe();
        }
        housekeeping.doWhatIsDue();
    }

    private void sync() {
        try {
            database.sync();
        } catch (SQLException e) {
            health.cannotWrite("what was written cannot be synced", e);
        }
    }
}
