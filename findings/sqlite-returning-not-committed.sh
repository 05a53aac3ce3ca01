#!/bin/bash
# Where SQLite's RETURNING meets a JDBC ResultSet in autocommit mode.
#
# Versions   sqlite-jdbc 3.53.4.0 (3.53.0.0 does the same), Java 17, a database in WAL mode
# Guess      In autocommit mode an INSERT is committed when executeQuery returns; at the latest when next() has given
#            the new number. A server may acknowledge the message then.
# Behaviour  The row is inserted and its number given, but the commit comes only when next() says false or the ResultSet
#            is closed. Until then no other connection sees the row, all other writers wait, and a crash loses it. One
#            next() and a return from inside the block, as one reads any single value, acknowledges too early.
# Seen       number 1 given; another connection sees 0 rows; its own INSERT: SQLITE_BUSY
#            after close: it sees 1 row; its own INSERT: ok
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
jar=org.xerial:sqlite-jdbc:3.53.4.0
timeout 200 mvn -B -q dependency:copy -Dartifact=$jar -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Probe.java <<'END'
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.sqlite.SQLiteException;

class Probe {
    static String others(Connection other) throws SQLException {
        String seen;
        try (var statement = other.createStatement();
                var rows = statement.executeQuery("SELECT count(*) FROM message WHERE said = 'hello'")) {
            rows.next();
            seen = "another connection sees " + rows.getInt(1) + " row(s); its own INSERT: ";
        }
        try (var statement = other.createStatement()) {
            statement.executeUpdate("INSERT INTO message(said) VALUES ('mine')");
            return seen + "ok";
        } catch (SQLiteException e) {
            return seen + e.getResultCode().name();
        }
    }

    public static void main(String[] args) throws SQLException {
        String address = "jdbc:sqlite:room.db?journal_mode=WAL&busy_timeout=200";
        try (var database = DriverManager.getConnection(address); var other = DriverManager.getConnection(address)) {
            try (var statement = database.createStatement()) {
                statement.execute("CREATE TABLE message(number INTEGER PRIMARY KEY, said TEXT)");
            }
            String early;
            String sql = "INSERT INTO message(said) VALUES ('hello') RETURNING number";
            try (var insert = database.prepareStatement(sql); var rows = insert.executeQuery()) {
                rows.next();
                early = "autocommit " + database.getAutoCommit() + ", number " + rows.getInt(1) + " given; "
                        + others(other);
            }
            String late = "after close: " + others(other);
            System.out.println(early + "\n" + late);
            if (!early.equals("autocommit true, number 1 given; another connection sees 0 row(s); "
                    + "its own INSERT: SQLITE_BUSY")
                    || !late.equals("after close: another connection sees 1 row(s); its own INSERT: ok"))
                throw new AssertionError("this has changed; see the head of the script");
            System.out.println("As known: the number is given before the row is committed.");
        }
    }
}
END
timeout 60 java -cp 'lib/*' Probe.java
