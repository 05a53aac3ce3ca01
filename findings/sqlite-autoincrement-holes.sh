#!/bin/bash
# Where AUTOINCREMENT meets ROLLBACK and INSERT OR IGNORE.
#
# Versions   SQLite 3.53.4 in sqlite-jdbc 3.53.4.0 (also 3.53.0.0), Java 17
# Guess      As with sequences of other databases, and as AUTOINCREMENT is there to prevent reuse: a number that was
#            given out is never given again, so ROLLBACK leaves a hole. An INSERT OR IGNORE that inserts nothing takes
#            no number.
# Behaviour  Both are the other way round. After ROLLBACK the next row gets the same number, which a server may have
#            told somebody already; each ignored duplicate takes a number, so a log that drops repeated messages this
#            way has holes. Without AUTOINCREMENT ignored rows take none.
# Seen       AUTOINCREMENT: rolled back 2, next 2; after two ignored 5
#            plain INTEGER PRIMARY KEY: rolled back 2, next 2; after two ignored 3
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
jar=org.xerial:sqlite-jdbc:3.53.4.0
timeout 200 mvn -B -q dependency:copy -Dartifact=$jar -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Probe.java <<'END'
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;

class Probe {
    static int insert(Statement statement, String id) throws SQLException {
        try (var rows = statement.executeQuery("INSERT INTO message(id) VALUES ('" + id + "') RETURNING number")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    static String numbers(String primaryKey) throws SQLException {
        try (var database = DriverManager.getConnection("jdbc:sqlite::memory:");
                var statement = database.createStatement()) {
            statement.execute("CREATE TABLE message(number INTEGER PRIMARY KEY " + primaryKey + ", id TEXT UNIQUE)");
            insert(statement, "a");
            statement.execute("BEGIN");
            String seen = "rolled back " + insert(statement, "b");
            statement.execute("ROLLBACK");
            seen += ", next " + insert(statement, "c");
            for (int i = 0; i < 2; i++) statement.execute("INSERT OR IGNORE INTO message(id) VALUES ('c')");
            return seen + "; after two ignored " + insert(statement, "d");
        }
    }

    public static void main(String[] args) throws SQLException {
        String automatic = numbers("AUTOINCREMENT");
        String plain = numbers("");
        System.out.println("AUTOINCREMENT: " + automatic + "\nplain INTEGER PRIMARY KEY: " + plain);
        if (!automatic.equals("rolled back 2, next 2; after two ignored 5")
                || !plain.equals("rolled back 2, next 2; after two ignored 3"))
            throw new AssertionError("this has changed; see the head of the script");
        System.out.println("As known: a rollback gives its number back, an ignored row takes one.");
    }
}
END
timeout 60 java -cp 'lib/*' Probe.java
