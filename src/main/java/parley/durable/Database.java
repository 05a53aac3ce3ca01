package parley.durable;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.RoomStore;

/**
 * The file: rooms and their messages in SQLite, with a write-ahead log (https://sqlite.org/wal.html), which readers do not wait for. One
 * connection; for one thread.
 */
final class Database implements AutoCloseable {
    /** What a message weighs besides its texts, as in memory. */
    static final int OVERHEAD_BYTES = 96;

    private static final String FILE = "parley.db";
    /** Says that a database is one of Parley's: "Prly". */
    private static final int APPLICATION = 0x50726c79;
    /** Of the tables below; one more when they change. */
    private static final int VERSION = 1;
    /** What has to fit for a file to be one that can be written to, in bytes: a long message. */
    private static final int PROBE = 1 << 16;
    /** What the write-ahead log may keep of the disk when it has been copied into the file. */
    static final int LOG_BYTES = 1 << 26;
    /** How long one connection waits for another. */
    private static final int BUSY_MILLIS = 10_000;
    /** How long whoever writes waits for one who reads before it begins the log again. */
    private static final int SHORT_MILLIS = 100;
    /** SQLite's own limit. */
    private static final long MOST_PAGES = 4_294_967_294L;

    private static final String[] TABLES = {
        "CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL, first INTEGER NOT NULL,"
                + " head INTEGER NOT NULL, bytes INTEGER NOT NULL, said INTEGER NOT NULL) STRICT",
        "CREATE INDEX rooms_said ON rooms (said)",
        // Rooms whose messages have all grown old are many, and nothing is to be had from them.
        "CREATE INDEX rooms_weighing ON rooms (said) WHERE bytes > 0",
        // Content in bytes: text may hold anything.
        "CREATE TABLE messages (room INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, sender TEXT,"
                + " kind INTEGER NOT NULL, content BLOB NOT NULL, id TEXT, PRIMARY KEY (room, seq)) STRICT, WITHOUT ROWID",
        "CREATE UNIQUE INDEX messages_id ON messages (room, id) WHERE id IS NOT NULL",
        // boot: of the machine, while what is written is not made sure of at once; null after a clean stop.
        "CREATE TABLE synced (times INTEGER NOT NULL, probe BLOB, boot TEXT) STRICT",
        "INSERT INTO synced VALUES (0, NULL, NULL)",
        "PRAGMA application_id = " + APPLICATION,
        "PRAGMA user_version = " + VERSION
    };

    /** As length() does not, it counts what is behind a character 0. */
    private static final String WEIGHT = "length(content) + coalesce(octet_length(sender), 0)"
            + " + 2 * coalesce(octet_length(id), 0) + " + OVERHEAD_BYTES;

    private final Connection connection;
    private final Path log;
    private final boolean syncsAlways;
    /** Whether a transaction is under way. Not left to JDBC: after one that the disk ended it would begin no other. */
    private boolean isWriting;

    private final Map<String, PreparedStatement> statements = new HashMap<>();

    /** A room as the file has it. */
    record Row(long id, String epoch, long first, long head, long bytes) {}

    private Database(Connection connection, Path log, boolean syncsAlways) {
        this.connection = connection;
        this.log = log;
        this.syncsAlways = syncsAlways;
    }

    /** Opens the file to write, and makes it if there is none. */
    static Database write(Path folder, boolean syncsAlways) throws SQLException {
        Database database = open(folder, syncsAlways);
        try {
            database.prepareTables();
            return database;
        } catch (SQLException | RuntimeException e) {
            database.close();
            throw e;
        }
    }

    /** Opens the file, which is there, to read. */
    static Database read(Path folder) throws SQLException {
        Database database = open(folder, false);
        database.execute("PRAGMA query_only = 1");
        return database;
    }

    private static Database open(Path folder, boolean syncsAlways) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setSynchronous(syncsAlways ? SQLiteConfig.SynchronousMode.FULL : SQLiteConfig.SynchronousMode.NORMAL);
        config.setBusyTimeout(BUSY_MILLIS);
        Properties properties = config.toProperties();
        Connection connection = JDBC.createConnection("jdbc:sqlite:" + folder.resolve(FILE), properties);
        forgetDriver();
        return new Database(connection, folder.resolve(FILE + "-wal"), syncsAlways);
    }

    /** The driver has registered itself, and would keep an application that is undeployed. */
    private static void forgetDriver() throws SQLException {
        for (java.sql.Driver driver : DriverManager.drivers().toList()) {
            if (driver instanceof JDBC) {
                DriverManager.deregisterDriver(driver);
            }
        }
    }

    private void prepareTables() throws SQLException {
        int version = (int) number("PRAGMA user_version");
        boolean isEmpty = number("SELECT count(*) FROM sqlite_schema") == 0;
        if (!isEmpty && number("PRAGMA application_id") != APPLICATION) {
            throw new DataException("its file " + FILE + " is a database of something else");
        }
        if (version > VERSION) {
            throw new DataException("it was written by a newer Parley (version " + version
                    + " of the file; this one knows " + VERSION + ")");
        }
        if (isEmpty) {
            execute("PRAGMA auto_vacuum = INCREMENTAL"); // before there is a table
        }
        String mode = text("PRAGMA journal_mode = WAL");
        if (!"wal".equals(mode)) {
            throw new DataException("its file system does not allow a write-ahead log (" + mode + ")");
        }
        execute("PRAGMA journal_size_limit = " + LOG_BYTES);
        execute("PRAGMA fullfsync = 1"); // on macOS fsync alone leaves it in the disk's cache
        execute("PRAGMA checkpoint_fullfsync = 1");
        if (isEmpty) {
            begin();
            for (String table : TABLES) {
                execute(table);
            }
            commit();
        }
    }

    private void begin() throws SQLException {
        if (!isWriting) {
            execute("BEGIN IMMEDIATE");
            isWriting = true;
        }
    }

    /** Ends what has been written since the last commit, if anything has; whether it has. */
    boolean commit() throws SQLException {
        boolean wrote = isWriting;
        if (wrote) {
            execute("COMMIT");
            isWriting = false;
        }
        return wrote;
    }

    /** Undoes what was written since the last commit, if the file has not done so already. To be called after any failure. */
    void rollback() {
        closeStatements(); // the driver does not reset one that failed, and it could never be used again
        if (!isWriting) {
            return;
        }
        try {
            execute("ROLLBACK");
        } catch (SQLException e) {
            // A full disk ends a transaction by itself.
        }
        isWriting = false;
    }

    private void closeStatements() {
        for (PreparedStatement statement : statements.values()) {
            try {
                statement.close();
            } catch (SQLException e) {
                // It says once more why it failed.
            }
        }
        statements.clear();
    }

    /** Makes sure that all that has been committed is on the disk. Between transactions. */
    void sync() throws SQLException {
        writeSurely("UPDATE synced SET times = times + 1"); // the log is synced as a whole, with this commit
    }

    /**
     * Notes under which boot of the machine it is written to. When it was written to under another, which has not ended well, what was said
     * last may be gone, and its numbers are about to be given again: so that nobody takes one message for another, all rooms begin another
     * epoch.
     *
     * @return how many do
     */
    long start(String boot, String epoch) throws SQLException {
        String last = text("SELECT boot FROM synced");
        String next = syncsAlways ? null : boot;
        boolean isUnsure = last != null && !last.equals(boot);
        if (!isUnsure && Objects.equals(last, next)) {
            return 0;
        }
        String note = "UPDATE synced SET boot = " + (next == null ? "NULL" : "'" + next + "'");
        if (!isUnsure) {
            writeSurely(note);
            return 0;
        }
        writeSurely("UPDATE rooms SET epoch = '" + epoch + "'", note);
        return rooms();
    }

    /** Notes that all that was written is on the disk, and that it is not written to any more. */
    void end() throws SQLException {
        if (!syncsAlways) {
            writeSurely("UPDATE synced SET boot = NULL");
        }
    }

    private void writeSurely(String... sql) throws SQLException {
        execute("PRAGMA synchronous = FULL"); // which cannot be changed within a transaction
        try {
            write(sql);
        } finally {
            if (!syncsAlways) {
                execute("PRAGMA synchronous = NORMAL");
            }
        }
    }

    /** How what is committed is synced: 1 in time, 2 at once. */
    long synchronous() throws SQLException {
        return number("PRAGMA synchronous");
    }

    /** Has the write-ahead log begin again when it has grown because somebody always reads. Between transactions. */
    void restartLog() throws SQLException {
        if (log.toFile().length() <= LOG_BYTES) {
            return;
        }
        execute("PRAGMA busy_timeout = " + SHORT_MILLIS);
        try {
            number("PRAGMA wal_checkpoint(RESTART)");
        } finally {
            execute("PRAGMA busy_timeout = " + BUSY_MILLIS);
        }
    }

    /** Writes something that means nothing, and takes it back, to see whether there is space for messages. Between transactions. */
    void probe() throws SQLException {
        write("UPDATE synced SET probe = zeroblob(" + PROBE + ")");
        write("UPDATE synced SET probe = NULL");
    }

    private void write(String... sql) throws SQLException {
        try {
            begin();
            for (String one : sql) {
                execute(one);
            }
            commit();
        } catch (SQLException | RuntimeException | Error e) {
            rollback();
            throw e;
        }
    }

    /** Keeps the file from growing beyond so many pages, as a full disk would; 0 for any. */
    void limitPages(long pages) throws SQLException {
        number("PRAGMA max_page_count = " + (pages == 0 ? MOST_PAGES : pages));
    }

    /** How many pages the file has. */
    long pages() throws SQLException {
        return number("PRAGMA page_count");
    }

    private void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private long number(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery(sql)) {
            return found.next() ? found.getLong(1) : 0;
        }
    }

    private @Nullable String text(String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet found = statement.executeQuery(sql)) {
            return found.next() ? found.getString(1) : null;
        }
    }

    private PreparedStatement prepare(String sql) throws SQLException {
        PreparedStatement prepared = statements.get(sql);
        if (prepared == null) {
            prepared = connection.prepareStatement(sql);
            statements.put(sql, prepared);
        }
        return prepared;
    }

    /** How many rooms there are. */
    long rooms() throws SQLException {
        return number("SELECT count(*) FROM rooms");
    }

    /** What the messages of all rooms weigh. */
    long bytes() throws SQLException {
        return number("SELECT coalesce(sum(bytes), 0) FROM rooms");
    }

    @Nullable
    Row room(RoomName name) throws SQLException {
        PreparedStatement select = prepare("SELECT id, epoch, first, head, bytes FROM rooms WHERE name = ?");
        select.setString(1, name.value());
        try (ResultSet found = select.executeQuery()) {
            return found.next()
                    ? new Row(
                            found.getLong(1), found.getString(2), found.getLong(3), found.getLong(4), found.getLong(5))
                    : null;
        }
    }

    /** Adds a room in which nothing has been said, and returns its id. */
    long addRoom(RoomName name, String epoch) throws SQLException {
        begin();
        PreparedStatement insert = prepare(
                "INSERT INTO rooms (name, epoch, first, head, bytes, said) VALUES (?, ?, 1, 0, 0, 0) RETURNING id");
        insert.setString(1, name.value());
        insert.setString(2, epoch);
        try (ResultSet added = insert.executeQuery()) {
            added.next();
            return added.getLong(1);
        }
    }

    void update(Row room, long said) throws SQLException {
        begin();
        PreparedStatement update =
                prepare("UPDATE rooms SET first = ?, head = ?, bytes = ?, said = max(said, ?) WHERE id = ?");
        update.setLong(1, room.first);
        update.setLong(2, room.head);
        update.setLong(3, room.bytes);
        update.setLong(4, said);
        update.setLong(5, room.id);
        update.executeUpdate();
    }

    void removeRoom(long id) throws SQLException {
        begin();
        PreparedStatement delete = prepare("DELETE FROM rooms WHERE id = ?");
        delete.setLong(1, id);
        delete.executeUpdate();
    }

    /** The room in which nothing was said for the longest time, of those that weigh something, or of all; null if there is none. */
    @Nullable
    RoomName leastUsed(boolean weighsSomething) throws SQLException {
        List<RoomName> names = names(prepare(
                "SELECT name FROM rooms " + (weighsSomething ? "WHERE bytes > 0 " : "") + "ORDER BY said LIMIT 1"));
        return names.isEmpty() ? null : names.get(0);
    }

    /** The names of some rooms, in an order that stays: those behind a name. */
    List<RoomName> after(String name, int limit) throws SQLException {
        PreparedStatement select = prepare("SELECT name FROM rooms WHERE name > ? ORDER BY name LIMIT ?");
        select.setString(1, name);
        select.setInt(2, limit);
        return names(select);
    }

    private static List<RoomName> names(PreparedStatement select) throws SQLException {
        List<RoomName> names = new ArrayList<>();
        try (ResultSet found = select.executeQuery()) {
            while (found.next()) {
                RoomName name = RoomName.parse(found.getString(1));
                if (name != null) {
                    names.add(name);
                }
            }
        }
        return names;
    }

    /** The number of the message of that id, or 0. */
    long seq(long room, String id) throws SQLException {
        PreparedStatement select = prepare("SELECT seq FROM messages WHERE room = ? AND id = ?");
        select.setLong(1, room);
        select.setString(2, id);
        try (ResultSet found = select.executeQuery()) {
            return found.next() ? found.getLong(1) : 0;
        }
    }

    void add(long room, Message message) throws SQLException {
        begin();
        PreparedStatement insert =
                prepare("INSERT INTO messages (room, seq, at, sender, kind, content, id) VALUES (?, ?, ?, ?, ?, ?, ?)");
        insert.setLong(1, room);
        insert.setLong(2, message.seq());
        insert.setLong(3, message.at());
        insert.setString(4, message.from());
        insert.setInt(5, message.content().kind().ordinal());
        insert.setBytes(6, message.content().text().getBytes(StandardCharsets.UTF_8));
        insert.setString(7, message.id());
        insert.executeUpdate();
    }

    /** What a message weighs: its texts in UTF-8, the id twice, since it is in an index too, and an overhead. */
    static long weight(Message message) {
        return weight(message.from(), message.content(), message.id());
    }

    /** What a message will weigh. */
    static long weight(Draft draft) {
        return weight(draft.from(), draft.content(), draft.id());
    }

    private static long weight(@Nullable String from, Content content, @Nullable String id) {
        return content.bytes() + bytes(from) + 2L * bytes(id) + OVERHEAD_BYTES;
    }

    private static int bytes(@Nullable String text) {
        return text == null ? 0 : text.getBytes(StandardCharsets.UTF_8).length;
    }

    /** Messages on from a number, or back from it; as many as weigh so much, and one at least if there is any. */
    RoomStore.Found messages(RoomName name, RoomStore.Query query) throws SQLException {
        boolean back = query.direction() == RoomStore.Direction.BACKWARD;
        PreparedStatement select = prepare("SELECT seq, at, sender, kind, content, id FROM messages"
                + " WHERE room = (SELECT id FROM rooms WHERE name = ?) AND seq " + (back ? "<=" : ">=")
                + " ? ORDER BY seq"
                + (back ? " DESC" : "") + " LIMIT ?");
        select.setString(1, name.value());
        select.setLong(2, query.from());
        select.setInt(3, query.limit());
        List<Message> messages = new ArrayList<>();
        long weight = 0;
        boolean follows = true;
        try (ResultSet found = select.executeQuery()) {
            while (weight < query.bytes() && follows && found.next()) {
                Message message = message(found);
                long expected = messages.isEmpty()
                        ? message.seq()
                        : messages.get(messages.size() - 1).seq() + (back ? -1 : 1);
                follows = message.seq() == expected; // what is behind a hole is read by itself
                if (follows) {
                    messages.add(message);
                    weight += weight(message);
                }
            }
        }
        return found(room(name), query, messages);
    }

    private static RoomStore.Found found(@Nullable Row room, RoomStore.Query query, List<Message> messages) {
        long first = room == null ? query.from() : room.first();
        long head = room == null ? query.from() - 1 : room.head();
        if (messages.isEmpty()) {
            return new RoomStore.Found(Math.max(query.from(), head + 1), messages, false);
        }
        long last = messages.get(messages.size() - 1).seq();
        boolean more = query.direction() == RoomStore.Direction.BACKWARD ? last > first : last < head;
        return new RoomStore.Found(Math.max(query.from(), messages.get(0).seq()), messages, more);
    }

    private static Message message(ResultSet found) throws SQLException {
        byte[] content = found.getBytes(5);
        Content.Kind kind = Content.Kind.values()[found.getInt(4)];
        String text = new String(content, StandardCharsets.UTF_8);
        Draft draft = new Draft(found.getString(3), new Content(kind, text, content.length), found.getString(6));
        return new Message(found.getLong(1), found.getLong(2), draft);
    }

    /** The oldest messages of a room: number, time and weight of each. */
    record Oldest(long seq, long at, long weight) {}

    List<Oldest> oldest(long room, int limit) throws SQLException {
        PreparedStatement select =
                prepare("SELECT seq, at, " + WEIGHT + " FROM messages WHERE room = ? ORDER BY seq LIMIT ?");
        select.setLong(1, room);
        select.setInt(2, limit);
        List<Oldest> oldest = new ArrayList<>();
        try (ResultSet found = select.executeQuery()) {
            while (found.next()) {
                oldest.add(new Oldest(found.getLong(1), found.getLong(2), found.getLong(3)));
            }
        }
        return oldest;
    }

    /** Lets the messages before a number go. */
    void removeBefore(long room, long seq) throws SQLException {
        begin();
        PreparedStatement delete = prepare("DELETE FROM messages WHERE room = ? AND seq < ?");
        delete.setLong(1, room);
        delete.setLong(2, seq);
        delete.executeUpdate();
    }

    /** Gives pages that are free back to the disk, as many. Between transactions. */
    void giveBack(int pages) throws SQLException {
        if (number("PRAGMA freelist_count") < pages) {
            return;
        }
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("PRAGMA incremental_vacuum(" + pages + ")"); // a row a page: execute would take one
        }
    }

    @Override
    public void close() throws SQLException {
        closeStatements();
        connection.close();
    }
}
