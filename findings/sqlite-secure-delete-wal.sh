#!/bin/bash
# Where SQLite's secure_delete meets the write-ahead log.
#
# Versions   sqlite-jdbc 3.53.4.0 (SQLite 3.53.4), Java 17, a database in WAL mode
# Guess      With PRAGMA secure_delete=ON a deleted text is overwritten with zeros; once a checkpoint has copied the
#            whole log into the database (FULL, or RESTART, which resets the log), the text is in no file any more.
# Behaviour  The log still holds the page as it was when the text was written, after FULL and after RESTART, and after
#            further writes that do not reach that far. Only wal_checkpoint(TRUNCATE), or the last connection's close,
#            takes it away for sure: in a room where little is said the deleted text stays readable in the -wal file.
# Seen       deleted, not checkpointed: in room.db false, in room.db-wal true
#            FULL 0|25|25: in room.db false, in room.db-wal true
#            RESTART 0|25|25: in room.db false, in room.db-wal true
#            three more rows: in room.db false, in room.db-wal true
#            TRUNCATE 0|0|0: in room.db false, in room.db-wal false
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
jar=org.xerial:sqlite-jdbc:3.53.4.0
timeout 200 mvn -B -q dependency:copy -Dartifact=$jar -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Probe.java <<'END'
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

class Probe {
    static final StringBuilder SEEN = new StringBuilder();

    static boolean isIn(String file) throws IOException {
        return Files.readString(Path.of(file), ISO_8859_1).contains("burn after reading");
    }

    static void look(String when) throws IOException {
        SEEN.append(when + ": in room.db " + isIn("room.db") + ", in room.db-wal " + isIn("room.db-wal") + "\n");
    }

    static void checkpoint(Statement database, String how) throws SQLException, IOException {
        try (var done = database.executeQuery("PRAGMA wal_checkpoint(" + how + ")")) {
            done.next();
            look(how + " " + done.getInt(1) + "|" + done.getInt(2) + "|" + done.getInt(3));
        }
    }

    public static void main(String[] args) throws SQLException, IOException {
        try (var connection = DriverManager.getConnection("jdbc:sqlite:room.db?journal_mode=WAL");
                var database = connection.createStatement()) {
            database.execute("PRAGMA secure_delete=ON");
            database.execute("CREATE TABLE message(number INTEGER PRIMARY KEY, said TEXT)");
            for (int i = 0; i < 20; i++) database.execute("INSERT INTO message(said) VALUES ('hello " + i + "')");
            database.execute("INSERT INTO message(said) VALUES ('burn after reading')");
            database.execute("UPDATE message SET said = '' WHERE number = 21");
            database.execute("DELETE FROM message WHERE number = 21");
            look("deleted, not checkpointed");
            checkpoint(database, "FULL");
            checkpoint(database, "RESTART");
            for (int i = 0; i < 3; i++) database.execute("INSERT INTO message(said) VALUES ('more')");
            look("three more rows");
            checkpoint(database, "TRUNCATE");
        }
        System.out.print(SEEN);
        if (!SEEN.toString().matches("(?s)(.*?wal true\n){4}TRUNCATE.*wal false\n")
                || SEEN.indexOf("room.db true") >= 0)
            throw new AssertionError("this has changed; see the head of the script");
        System.out.println("As known: a checkpoint leaves what was deleted in the log, unless it truncates.");
    }
}
END
timeout 60 java -cp 'lib/*' Probe.java
