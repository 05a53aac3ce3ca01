package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sqlite.JDBC;
import parley.protocol.Message;
import parley.room.Retention;
import parley.room.RoomStore;

/**
 * The data folder and its file, when a store is started: whose they are, what is found, and which versions are read.
 */
class DataFileTest extends DurableBase {
    /** The tables of version 1, as the Parley of that time made them. */
    private static final String[] VERSION_1 = {
        "PRAGMA auto_vacuum = INCREMENTAL",
        "PRAGMA journal_mode = WAL",
        "CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL,"
                + " first INTEGER NOT NULL, head INTEGER NOT NULL, bytes INTEGER NOT NULL,"
                + " said INTEGER NOT NULL) STRICT",
        "CREATE INDEX rooms_said ON rooms (said)",
        "CREATE INDEX rooms_weighing ON rooms (said) WHERE bytes > 0",
        "CREATE TABLE messages (room INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, sender TEXT,"
                + " kind INTEGER NOT NULL, content BLOB NOT NULL, id TEXT,"
                + " PRIMARY KEY (room, seq)) STRICT, WITHOUT ROWID",
        "CREATE UNIQUE INDEX messages_id ON messages (room, id) WHERE id IS NOT NULL",
        "CREATE TABLE synced (times INTEGER NOT NULL, probe BLOB, boot TEXT) STRICT",
        "INSERT INTO synced VALUES (7, NULL, NULL)",
        "PRAGMA application_id = " + 0x50726c79,
        "PRAGMA user_version = 1",
    };

    @Test
    void aFolderIsForOneAtATime() {
        start();
        assertThatThrownBy(() -> make(settings(folder)))
                .isInstanceOf(DataException.class)
                .hasMessage(
                        "The data folder '" + folder + "' cannot be used: another application of this server uses it.");
    }

    private static DataSettings settings(Path place) {
        return new DataSettings(place, DataSettings.Sync.ALWAYS, Duration.ofSeconds(1), MUCH, 9, MUCH);
    }

    @Test
    void aFileThatIsNoDatabaseStopsTheStartWithASentence() throws Exception {
        Files.writeString(
                folder.resolve("parley.db"), "this is no database, and long enough to be looked at ".repeat(99));
        assertThatThrownBy(this::start)
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith(
                        "The data folder '" + folder + "' cannot be used: its file parley.db cannot be read (");
        Files.delete(folder.resolve("parley.db"));
        start();
    }

    @Test
    void aFileInPlaceOfTheFolderStopsTheStartWithASentence() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> make(settings(file)))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("The data folder '" + file + "' cannot be used: it cannot be written to (");
    }

    /** On POSIX a process that opens the file of a lock a second time ends the lock by closing it. */
    @Test
    void aStoreThatIsRefusedAFolderLeavesItLocked() throws Exception {
        start();
        assumeTrue(isLocked(), "the locks of this machine cannot be seen");
        aFolderIsForOneAtATime();
        assertThat(isLocked()).isTrue();
    }

    private boolean isLocked() throws Exception {
        Path locks = Path.of("/proc/locks");
        if (!Files.isReadable(locks)) {
            return false;
        }
        String inode = ":" + Files.getAttribute(folder.resolve("lock"), "unix:ino") + " ";
        return Files.readAllLines(locks).stream().anyMatch(line -> line.contains(inode));
    }

    @Test
    void aFolderThatIsNewIsForItsOwnerAlone() throws Exception {
        assumeTrue(folder.getFileSystem().supportedFileAttributeViews().contains("posix"), "no permissions here");
        Path fresh = folder.resolve("above/data");
        startIn(fresh, DataSettings.Sync.ALWAYS);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(fresh)))
                .isEqualTo("rwx------");
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-x---"));
        startIn(fresh, DataSettings.Sync.ALWAYS);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(fresh)))
                .isEqualTo("rwxr-x---");
        close();
    }

    @Test
    void anAcknowledgedMessageIsSyncedAtOnceOrInTime() throws Exception {
        assertThat(with(start(), Database::synchronous)).isEqualTo(2);
        DurableStore inTime = start(DataSettings.Sync.INTERVAL);
        assertThat(with(inTime, Database::synchronous)).isEqualTo(1);
        append(inTime.open(JAVA, new Heard()), "one", null);
        later(inTime, INTERVAL);
        assertThat(with(inTime, Database::synchronous)).as("after a sync").isEqualTo(1);
    }

    /**
     * Numbers of messages that are lost are given again: a client that names one must not be told that it missed
     * nothing.
     */
    @ParameterizedTest
    @CsvSource({
        "INTERVAL, this, true",
        "INTERVAL, next, false",
        "ALWAYS, this, true",
        "ALWAYS, next, true",
    })
    void roomsBeginAnotherEpochWhenTheLastMessagesMayBeLost(DataSettings.Sync sync, String next, boolean isSame)
            throws Exception {
        Heard room = new Heard();
        append(start(sync).open(JAVA, room), "one", null);
        Path copy = copy("crashed");
        boot = next;
        Heard again = new Heard();
        RoomStore.Log log = startIn(copy, DataSettings.Sync.INTERVAL).open(JAVA, again);
        assertThat(again.epoch().equals(room.epoch())).isEqualTo(isSame);
        assertPublished(append(log, "two", null), 2);

        boot = "after an orderly stop";
        Heard orderly = new Heard();
        startIn(copy, sync).open(JAVA, orderly);
        assertThat(orderly.epoch()).isEqualTo(again.epoch());
        assertThat(orderly.head()).isEqualTo(2);
    }

    /** What was synced since counts. */
    @Test
    void whatWasWrittenInTimeIsSureOnceItIsWrittenToAtOnce() throws Exception {
        Heard room = new Heard();
        append(start(DataSettings.Sync.INTERVAL).open(JAVA, room), "one", null);
        Path crashed = copy("crashed");
        startIn(crashed, DataSettings.Sync.ALWAYS);
        folder = crashed;
        Path twice = copy("twice");
        boot = "next";
        Heard again = new Heard();
        startIn(twice, DataSettings.Sync.INTERVAL).open(JAVA, again);
        assertThat(again.epoch()).isEqualTo(room.epoch());
        assertThat(again.head()).isEqualTo(1);
    }

    /** An operator who starts it after a crash wants to know what is there. */
    @Test
    void theLogSaysWhatIsFoundAndWhetherTheLastStopWasOrderly() throws Exception {
        List<String> lines = new ArrayList<>();
        Handler handler = new Handler() {
            @Override
            public void publish(LogRecord line) {
                lines.add(line.getMessage());
            }

            @Override
            public void flush() {}

            @Override
            public void close() {}
        };
        Logger logger = Logger.getLogger("parley.durable");
        logger.addHandler(handler);
        try {
            DurableStore started = start();
            assertThat(lines).containsExactly("the data folder '" + folder + "': it is new");
            RoomStore.Log log = started.open(JAVA, new Heard());
            append(log, "one", null);
            append(log, "two", null);
            append(started.open(TEA, new Heard()), "three", null);
            Path killed = copy("killed");
            lines.clear();
            start();
            String found = "': rooms 2, messages 3, bytes 308; the last stop was ";
            assertThat(lines).containsExactly("the data folder '" + folder + found + "orderly");
            lines.clear();
            startIn(killed, DataSettings.Sync.ALWAYS);
            assertThat(lines)
                    .containsExactly(
                            "the data folder '" + killed + found + "not orderly: a crash, kill -9 or a loss of power");
            lines.clear();
            startIn(killed, DataSettings.Sync.ALWAYS);
            assertThat(lines).containsExactly("the data folder '" + killed + found + "orderly");
        } finally {
            logger.removeHandler(handler);
        }
    }

    /** Or the driver would keep an application that is undeployed. */
    @Test
    void noDriverStaysBehind() {
        start();
        assertThat(DriverManager.drivers()).noneMatch(JDBC.class::isInstance);
    }

    private void executeInFile(String... statements) throws Exception {
        try (Connection connection =
                        JDBC.createConnection("jdbc:sqlite:" + folder.resolve("parley.db"), new Properties());
                Statement statement = connection.createStatement()) {
            for (String one : statements) {
                statement.execute(one);
            }
        }
    }

    @Test
    void aDatabaseOfSomethingElseIsLeftAlone() throws Exception {
        executeInFile("CREATE TABLE theirs (one INTEGER)");
        byte[] before = Files.readAllBytes(folder.resolve("parley.db"));
        assertThatThrownBy(this::start)
                .isInstanceOf(DataException.class)
                .hasMessage("The data folder '" + folder
                        + "' cannot be used: its file parley.db is a database of something else.");
        assertThat(Files.readAllBytes(folder.resolve("parley.db"))).isEqualTo(before);
    }

    @Test
    void aFileOfANewerParleyIsLeftAlone() throws Exception {
        start().close();
        executeInFile("PRAGMA user_version = 99");
        byte[] before = Files.readAllBytes(folder.resolve("parley.db"));
        assertThatThrownBy(this::start)
                .isInstanceOf(DataException.class)
                .hasMessage("The data folder '" + folder + "' cannot be used: it was written by a newer Parley"
                        + " (version 99 of the file; this one knows up to 6).");
        assertThat(Files.readAllBytes(folder.resolve("parley.db"))).isEqualTo(before);
    }

    @Test
    void aFileOfVersionOneIsReadAndGoesOn() throws Exception {
        executeInFile(VERSION_1);
        executeInFile(
                "INSERT INTO rooms VALUES (1, 'java', 'its-epoch', 2, 3, " + (102 + 105) + ", 5000)",
                "INSERT INTO messages VALUES (1, 2, 4000, 'Ann', 0, CAST('two' AS BLOB), NULL)",
                "INSERT INTO messages VALUES (1, 3, 5000, NULL, 1, CAST('[3]' AS BLOB), 'id3')");
        Heard room = new Heard();
        RoomStore.Log log = start().open(JAVA, room);
        assertThat(room.epoch()).isEqualTo("its-epoch");
        assertThat(get(room.opened).first()).isEqualTo(2);
        assertThat(room.head()).isEqualTo(3);
        assertThat(append(log, 100, "again", "id3")).hasToString("Published[seq=3, duplicate=true]");
        assertPublished(append(log, 100, "four", null), 4);
        assertThat(room.messages)
                .extracting(Message::at)
                .as("not before the newest of that time")
                .containsExactly(5000L);
        assertThat(read(start().open(JAVA, new Heard()))).containsExactly("two", "[3]", "four");
    }

    @Test
    void aFileOfVersionTwoIsReadAndGoesOn() throws Exception {
        executeInFile(VERSION_1);
        executeInFile(
                "ALTER TABLE rooms ADD COLUMN newest_at INTEGER NOT NULL DEFAULT 0",
                "ALTER TABLE rooms ADD COLUMN seen_seq INTEGER NOT NULL DEFAULT 0",
                "ALTER TABLE rooms ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0",
                "ALTER TABLE messages ADD COLUMN written INTEGER",
                "PRAGMA user_version = 2",
                "INSERT INTO rooms VALUES (1, 'java', 'its-epoch', 1, 1, 102, 5000, 4000, 0, 0)",
                "INSERT INTO messages VALUES (1, 1, 4000, 'Ann', 0, CAST('one' AS BLOB), NULL, NULL)");
        RoomStore.Log log = start().open(JAVA, new Heard());
        assertPublished(append(log, 5_000, "two", null), 2);
        assertThat(read(start().open(JAVA, new Heard()))).containsExactly("one", "two");
    }

    /** In a file of version 1 times fall where the clock was set back. */
    @Test
    void messagesOfVersionOneBehindOneThatIsDatedAYearAheadGrowOld() throws Exception {
        executeInFile(VERSION_1);
        long ahead = now.toEpochMilli() + Duration.ofDays(365).toMillis();
        long right = now.toEpochMilli();
        executeInFile(
                "INSERT INTO rooms VALUES (1, 'java', 'its-epoch', 1, 2, 202, " + ahead + ")",
                "INSERT INTO messages VALUES (1, 1, " + ahead + ", NULL, 0, CAST('ahead' AS BLOB), NULL)",
                "INSERT INTO messages VALUES (1, 2, " + right + ", NULL, 0, CAST('right' AS BLOB), NULL)");
        retention = new Retention(1_000, MUCH, Duration.ofMinutes(1));
        DurableStore started = start();
        later(started, A_WHILE);
        assertThat(read(started.open(JAVA, new Heard()))).hasSize(2);
        now = now.plusMillis(60_001);
        later(started, A_WHILE);
        later(started, A_WHILE);
        assertThat(started.bytes()).isZero();
    }
}
