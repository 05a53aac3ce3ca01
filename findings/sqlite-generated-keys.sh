#!/bin/bash
# Where INSERT OR IGNORE meets JDBC's getGeneratedKeys.
#
# Versions   sqlite-jdbc 3.53.4.0 (3.53.0.0 does the same), Java 17
# Guess      When a row is ignored as a duplicate, getGeneratedKeys is empty; after an upsert it names the row that was
#            updated. So one statement can store a message once and tell the number it has.
# Behaviour  It gives the number of the newest row that this connection inserted, whatever that was: another message's.
#            Only the update count (0) tells for the ignored row, and nothing for the upsert (1). RETURNING is right:
#            no row for the one, the real number for the other.
# Seen       ignored: count 0, generated key 3; the duplicate's row is 1
#            upsert: count 1, generated key 3; the row updated is 1
#            RETURNING: ignored none, upsert 1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
jar=org.xerial:sqlite-jdbc:3.53.4.0
timeout 200 mvn -B -q dependency:copy -Dartifact=$jar -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Probe.java <<'END'
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

class Probe {
    static String run(PreparedStatement statement, String id) throws SQLException {
        statement.setString(1, id);
        int count = statement.executeUpdate();
        try (var keys = statement.getGeneratedKeys()) {
            return "count " + count + ", generated key " + (keys.next() ? keys.getString(1) : "none");
        }
    }

    public static void main(String[] args) throws SQLException {
        String ignore = "INSERT OR IGNORE INTO message(id) VALUES (?)";
        String upsert = "INSERT INTO message(id) VALUES (?) ON CONFLICT(id) DO UPDATE SET said = said + 1";
        String seen;
        try (var database = DriverManager.getConnection("jdbc:sqlite:room.db");
                var plain = database.createStatement()) {
            plain.execute("CREATE TABLE message(number INTEGER PRIMARY KEY, id TEXT UNIQUE, said INTEGER DEFAULT 1)");
            try (var one = database.prepareStatement(ignore, Statement.RETURN_GENERATED_KEYS);
                    var other = database.prepareStatement(upsert, Statement.RETURN_GENERATED_KEYS)) {
                for (String id : new String[] {"a", "b", "c"}) run(one, id);
                seen = "ignored: " + run(one, "a") + "\nupsert: " + run(other, "a") + "\n";
            }
            try (var rows = plain.executeQuery(ignore.replace("?", "'a'") + " RETURNING number")) {
                seen += "RETURNING: ignored " + (rows.next() ? rows.getString(1) : "none");
            }
            try (var rows = plain.executeQuery(upsert.replace("?", "'a'") + " RETURNING number")) {
                seen += ", upsert " + (rows.next() ? rows.getString(1) : "none");
            }
        }
        System.out.println(seen);
        String known = "ignored: count 0, generated key 3\nupsert: count 1, generated key 3\n"
                + "RETURNING: ignored none, upsert 1";
        if (!seen.equals(known)) throw new AssertionError("this has changed; known was\n" + known);
        System.out.println("As known: getGeneratedKeys names row 3, though the statements were about row 1.");
    }
}
END
timeout 60 java -cp 'lib/*' Probe.java
