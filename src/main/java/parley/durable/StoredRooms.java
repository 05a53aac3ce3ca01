package parley.durable;

import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import parley.protocol.RoomName;
import parley.room.Retention;
import parley.room.RoomStore;

/**
 * The rooms that are open or being written to, and what all rooms of the file amount to. For the writing thread, except
 * for the counts, which any thread may ask for.
 */
final class StoredRooms {
    private final Database database;
    private final Tables tables;
    private final MarkTable markTable;
    private final ChangeTable changeTable;
    private final KeyTable keyTable;
    private final Function<RoomName, @Nullable Retention> retentionOf;
    private final DiskHealth health;
    private final Map<RoomName, Stored> rooms = new HashMap<>();
    private final AtomicLong count = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong valueBytes = new AtomicLong();
    private final AtomicLong marks = new AtomicLong();
    private final LongAdder commits = new LongAdder();
    private volatile RoomStore.Trims trims = (room, epoch, first) -> {};

    /** Changes rooms, in one commit. */
    interface Change {
        /**
         * Makes the change.
         *
         * @param touched what each room is added to, before it is changed
         */
        void make(Set<Stored> touched) throws SQLException;
    }

    StoredRooms(DataFile file, Function<RoomName, @Nullable Retention> retentionOf, DiskHealth health) {
        this.database = file.writing();
        this.tables = new Tables(database);
        this.markTable = new MarkTable(database);
        this.changeTable = new ChangeTable(database, tables);
        this.keyTable = new KeyTable(database, tables);
        this.retentionOf = retentionOf;
        this.health = health;
        count.set(file.found().rooms());
        bytes.set(file.found().bytes());
        valueBytes.set(file.found().valueBytes());
        marks.set(file.found().marks());
    }

    /** Has messages that go heard of, also those of rooms that are not open. Any thread. */
    void onTrimmed(RoomStore.Trims hears) {
        trims = hears;
    }

    Tables tables() {
        return tables;
    }

    ChangeTable changeTable() {
        return changeTable;
    }

    KeyTable keyTable() {
        return keyTable;
    }

    MarkTable markTable() {
        return markTable;
    }

    /** A room, open or not. It is to be {@linkplain #letGo let go} of. */
    Stored find(RoomName name) throws SQLException {
        Stored stored = rooms.get(name);
        if (stored == null) {
            stored = Stored.find(tables, name, retentionOf.apply(name));
            rooms.put(name, stored);
        }
        return stored;
    }

    /** A room that is about to be changed. */
    Stored find(RoomName name, Set<Stored> touched) throws SQLException {
        Stored stored = find(name);
        touched.add(stored);
        return stored;
    }

    /** A room that is open, or null. */
    @Nullable
    Stored open(RoomName name) {
        return rooms.get(name);
    }

    /** Forgets a room, unless it is open. */
    void letGo(Stored stored) {
        if (!stored.hasSubscriptions()) {
            rooms.remove(stored.name());
        }
    }

    /**
     * Changes rooms in one commit, and has those that are open hear of it.
     *
     * @param failure what the log says when it fails
     * @return whether it went well; if not, nothing has been changed
     */
    boolean change(String failure, Change change) {
        Set<Stored> touched = new LinkedHashSet<>();
        try {
            change.make(touched);
            commit(touched);
        } catch (SQLException | RuntimeException | Error e) {
            undo(touched);
            touched.forEach(this::letGo);
            health.cannotWrite(failure, e);
            return false;
        }
        touched.forEach(
                stored -> stored.announce(trims)); // not above: what has been committed is not to be written again
        touched.forEach(this::letGo);
        return true;
    }

    private void commit(Collection<Stored> touched) throws SQLException {
        boolean wrote = database.commit();
        for (Stored stored : touched) {
            bytes.addAndGet(stored.bytesAdded());
            valueBytes.addAndGet(stored.valueBytesAdded());
            count.addAndGet(stored.roomsAdded());
            marks.addAndGet(stored.marksAdded());
            stored.committed();
        }
        if (wrote) {
            commits.increment();
            health.written();
        }
    }

    private void undo(Collection<Stored> touched) {
        touched.forEach(Stored::undone);
        database.rollback();
    }

    /** Undoes what has not been committed, and forgets the rooms that are not open. */
    void undo() {
        undo(rooms.values());
        rooms.values().removeIf(stored -> !stored.hasSubscriptions());
    }

    /** Counts once more what the file has. */
    void count() throws SQLException {
        count.set(tables.rooms());
        bytes.set(tables.bytes());
        valueBytes.set(tables.valueBytes());
        marks.set(markTable.count());
    }

    /** How many rooms are kept. */
    long roomCount() {
        return count.get();
    }

    /** The bytes of their messages. */
    long bytes() {
        return bytes.get();
    }

    /** Of these, the bytes of values of keys. */
    long valueBytes() {
        return valueBytes.get();
    }

    /** How many read marks they have. */
    long markCount() {
        return marks.get();
    }

    /** How often messages were committed. */
    long commitCount() {
        return commits.sum();
    }
}
