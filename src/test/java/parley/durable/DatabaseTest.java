package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sqlite.JDBC;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.RoomStore;

/** The file itself. */
class DatabaseTest {
    private static final RoomName JAVA = new RoomName("java");
    private static final int LONG = 1 << 20;

    @TempDir
    private Path folder;

    /** While somebody reads, what is written comes behind what is there: the log does not begin again by itself. */
    @Test
    void theLogBeginsAgainWhenItHasGrown() throws Exception {
        Path log = folder.resolve("parley.db-wal");
        try (Database database = Database.write(folder, false)) {
            Tables tables = new Tables(database);
            long room = tables.addRoom(JAVA, "e");
            database.commit();
            int seq = 0;
            try (Connection reading =
                            JDBC.createConnection("jdbc:sqlite:" + folder.resolve("parley.db"), new Properties());
                    Statement statement = reading.createStatement();
                    ResultSet rows = statement.executeQuery("SELECT name FROM rooms")) {
                assertThat(rows.next()).isTrue();
                while (Files.size(log) <= Database.LOG_BYTES) {
                    add(database, tables, room, ++seq);
                }
                database.restartLog();
                add(database, tables, room, ++seq);
                assertThat(Files.size(log)).as("somebody reads").isGreaterThan(Database.LOG_BYTES);
            }
            database.restartLog();
            add(database, tables, room, ++seq);
            assertThat(Files.size(log)).isLessThanOrEqualTo(Database.LOG_BYTES);
            RoomStore.Query newest = new RoomStore.Query(seq, RoomStore.Direction.BACKWARD, 9, 1);
            assertThat(tables.messages(JAVA, newest).messages()).hasSize(1);
        }
    }

    private static void add(Database database, Tables tables, long room, long seq) throws Exception {
        tables.add(room, new Message(seq, 0, new Draft(null, Content.text("x".repeat(LONG), LONG), null)), 0);
        database.commit();
    }
}
