package parley.durable;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.sqlite.JDBC;
import org.sqlite.SQLiteConfig;

/**
 * One connection to the file, a SQLite database with a write-ahead log (https://sqlite.org/wal.html), which readers do
 * not wait for: its transactions, and when they are synced. For one thread. {@link Tables} are what is in it.
 */
final class Database implements AutoCloseable {
    static final String FILE = "parley.db";

    /** What has to fit for a file to be one that can be written to, in bytes: a long message. */
    private static final int PROBE = 1 << 16;
    /** What the write-ahead log may keep of the disk when it has been copied into the file. */
    static final int LOG_BYTES = 1 << 26;
    /** How long one connection waits for another. */
    private static final int BUSY_MILLIS = 10_000;
    /** How long a writer waits for readers before it begins the log again. */
    private static final int SHORT_MILLIS = 100;
    /** SQLite's own limit. */
    private static final long MOST_PAGES = 4_294_967_294L;

    private final Connection connection;
    private final Path log;
    private final boolean syncsAlways;
    private final Map<String, PreparedStatement> statements = new HashMap<>();

    /** Whether a transaction is under way. Not left to JDBC: after one that the disk ended it would begin no other. */
    private boolean isWriting;

    /** Whether something has been committed that is not synced yet. */
    private boolean isUnsynced;

    /** Whether the write-ahead log may have what must not be found any more: after a crash that of another process. */
    private boolean holdsWhatGoes = true;

    private Database(Connection connection, Path log, boolean syncsAlways) {
        this.connection = connection;
        this.log = log;
        this.syncsAlways = syncsAlways;
    }

    /** Opens the file to write, and makes it if there is none. */
    static Database write(Path folder, boolean syncsAlways) throws SQLException {
        Database database = open(folder, syncsAlways);
        try {
            Schema.prepare(database);
            // Always: SQLite leaves copies of rows that it moves from page to page, also before they are removed.
            database.number("PRAGMA secure_delete = 1");
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
        return new Database(connection, log(folder), syncsAlways);
    }

    private static Path log(Path folder) {
        return folder.resolve(FILE + "-wal");
    }

    /** Whether there is a file. */
    static boolean isThere(Path folder) {
        return Files.exists(folder.resolve(FILE));
    }

    /** Whether the process that had the file open last did not close it: then its write-ahead log is there too. */
    static boolean isLeftOpen(Path folder) {
        return Files.exists(log(folder));
    }

    /** The driver has registered itself, and would keep an application that is undeployed. */
    private static void forgetDriver() throws SQLException {
        for (java.sql.Driver driver : DriverManager.drivers().toList()) {
            if (driver instanceof JDBC) {
                DriverManager.deregisterDriver(driver);
            }
        }
    }

    /** Has changes go to a write-ahead log. */
    void useWriteAheadLog() throws SQLException {
        String mode = text("PRAGMA journal_mode = WAL");
        if (!"wal".equals(mode)) {
            throw new DataException("its file system does not allow a write-ahead log (" + mode + ")");
        }
        execute("PRAGMA journal_size_limit = " + LOG_BYTES);
        execute("PRAGMA fullfsync = 1"); // on macOS fsync alone leaves it in the disk's cache
        execute("PRAGMA checkpoint_fullfsync = 1");
    }

    /** Begins a transaction, unless one is under way. */
    void begin() throws SQLException {
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
            isUnsynced = !syncsAlways;
        }
        return wrote;
    }

    /**
     * Undoes what was written since the last commit, if the file has not done so already. To be called after any
     * failure.
     */
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

    /** Whether something has been committed that a loss of power would take. */
    boolean isUnsynced() {
        return isUnsynced;
    }

    /** Makes sure that all that has been committed is on the disk. Between transactions. */
    void sync() throws SQLException {
        writeSynced("UPDATE synced SET times = times + 1"); // the log is synced as a whole, with this commit
    }

    /** How often {@link #sync} has been called, ever. */
    long syncs() throws SQLException {
        return number("SELECT times FROM synced");
    }

    /**
     * Notes under which boot of the machine it is written to. When it was written to under another, and not closed
     * since, the last messages may be gone, and their numbers are about to be given again: so that no client takes one
     * message for another, all rooms begin another epoch.
     *
     * @return whether they do
     */
    boolean start(String boot, String epoch) throws SQLException {
        String last = text("SELECT boot FROM synced");
        String next = syncsAlways ? null : boot;
        boolean isUnsure = last != null && !last.equals(boot);
        if (!isUnsure && Objects.equals(last, next)) {
            return false;
        }
        String note = "UPDATE synced SET boot = " + (next == null ? "NULL" : "'" + next + "'");
        if (isUnsure) {
            writeSynced("UPDATE rooms SET epoch = '" + epoch + "'", MarkTable.CUT, note);
        } else {
            writeSynced(note);
        }
        return isUnsure;
    }

    /** Notes that all that was written is on the disk, and that it is not written to any more. */
    void end() throws SQLException {
        if (!syncsAlways) {
            writeSynced("UPDATE synced SET boot = NULL");
        }
    }

    private void writeSynced(String... changes) throws SQLException {
        execute("PRAGMA synchronous = FULL"); // which cannot be changed within a transaction
        try {
            write(List.of(changes));
            isUnsynced = false;
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

    /**
     * Has what this transaction replaces soon be gone from the write-ahead log too ({@link #forgetWhatGoes}). The file
     * overwrites it anyway.
     */
    void overwriteWhatGoes() {
        holdsWhatGoes = true;
    }

    /**
     * Empties the write-ahead log into the file where it may have what was replaced. Not while somebody reads: then the
     * next time. Between transactions.
     */
    void forgetWhatGoes() throws SQLException {
        if (holdsWhatGoes && checkpoint("TRUNCATE")) {
            holdsWhatGoes = false;
        }
    }

    /** Has the write-ahead log begin again when it has grown because somebody always reads. Between transactions. */
    void restartLog() throws SQLException {
        if (log.toFile().length() <= LOG_BYTES) {
            return;
        }
        checkpoint("RESTART");
    }

    /** Copies the write-ahead log into the file; whether nobody's reading kept it from that. */
    private boolean checkpoint(String mode) throws SQLException {
        execute("PRAGMA busy_timeout = " + SHORT_MILLIS);
        try {
            return number("PRAGMA wal_checkpoint(" + mode + ")") == 0;
        } finally {
            execute("PRAGMA busy_timeout = " + BUSY_MILLIS);
        }
    }

    /**
     * Writes something that means nothing, and takes it back, to see whether there is space for messages. Between
     * transactions.
     */
    void probe() throws SQLException {
        write(List.of("UPDATE synced SET probe = zeroblob(" + PROBE + ")"));
        write(List.of("UPDATE synced SET probe = NULL"));
    }

    /** Makes changes in a transaction of their own. */
    void write(List<String> changes) throws SQLException {
        try {
            begin();
            for (String change : changes) {
                execute(change);
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

    /** Gives pages that are free back to the disk, as many. Between transactions. */
    void giveBack(int pages) throws SQLException {
        if (number("PRAGMA freelist_count") < pages) {
            return;
        }
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate("PRAGMA incremental_vacuum(" + pages + ")"); // a row a page: execute would take one
        }
    }

    /** Does what a statement says. */
    void execute(String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** The number that a query finds; 0 when it finds none. */
    long number(String sql) throws SQLException {
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

    /** A statement that is used again and again. */
    PreparedStatement prepare(String sql) throws SQLException {
        PreparedStatement prepared = statements.get(sql);
        if (prepared == null) {
            prepared = connection.prepareStatement(sql);
            statements.put(sql, prepared);
        }
        return prepared;
    }

    @Override
    public void close() throws SQLException {
        closeStatements();
        connection.close();
    }
}
