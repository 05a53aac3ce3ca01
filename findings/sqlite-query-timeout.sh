#!/bin/bash
# Where JDBC's setQueryTimeout meets SQLite.
#
# Versions   sqlite-jdbc 3.53.4.0 (3.53.0.0 does the same), Java 17
# Guess      setQueryTimeout(1) ends a query that takes longer than a second, as JDBC says and other drivers do. It does
#            not change how long the connection waits for a lock.
# Behaviour  The other way round: the query runs to its end, however long, and the second is what this statement waits
#            for a lock, in place of the connection's busy_timeout (10 s here). What does end a query is cancel() from
#            another thread: a server needs a timer for that.
# Seen       a query of some 5 s under a timeout of 1 s: not ended
#            a write that waits for a lock under a timeout of 1 s: SQLITE_BUSY after about 1 s, not 10
#            the same query, cancelled by a timer at 0.5 s: SQLITE_INTERRUPT
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
jar=org.xerial:sqlite-jdbc:3.53.4.0
timeout 200 mvn -B -q dependency:copy -Dartifact=$jar -DoutputDirectory=lib >mvn.log 2>&1 || { cat mvn.log; exit 1; }
cat >Probe.java <<'END'
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.Timer;
import java.util.TimerTask;
import org.sqlite.SQLiteException;

class Probe {
    static long millis;

    static String run(Statement statement, String sql) throws Exception {
        long start = System.nanoTime();
        try {
            statement.execute(sql);
            return "not ended";
        } catch (SQLiteException e) {
            return e.getResultCode().name();
        } finally {
            millis = (System.nanoTime() - start) / 1_000_000;
        }
    }

    public static void main(String[] args) throws Exception {
        String address = "jdbc:sqlite:room.db?busy_timeout=10000";
        try (var database = DriverManager.getConnection(address); var other = DriverManager.getConnection(address);
                var statement = database.createStatement(); var lock = other.createStatement()) {
            statement.execute("CREATE TABLE t(i)");
            String slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
                    + "SELECT count(*) FROM n";
            int rows = 1_000_000;
            for (run(statement, slow.formatted(rows)); millis < 2500 && rows < 1 << 30; rows *= 2)
                run(statement, slow.formatted(rows * 2)); // until it takes 2.5 s on this machine
            statement.setQueryTimeout(1);
            String query = run(statement, slow.formatted(rows));
            System.out.println("query of " + millis + " ms under a timeout of 1 s: " + query);
            boolean known = query.equals("not ended") && millis > 1500;
            lock.execute("BEGIN IMMEDIATE");
            String write = run(statement, "INSERT INTO t VALUES (1)");
            System.out.println("write that waits for a lock: " + write + " after " + millis + " ms");
            known &= write.equals("SQLITE_BUSY") && millis < 5000;
            new Timer(true).schedule(new TimerTask() {
                public void run() { try { statement.cancel(); } catch (Exception e) { throw new AssertionError(e); } }
            }, 500);
            String cancelled = run(statement, slow.formatted(rows));
            System.out.println("query cancelled by a timer: " + cancelled + " after " + millis + " ms");
            if (!known || !cancelled.equals("SQLITE_INTERRUPT")) throw new AssertionError("this has changed");
            System.out.println("As known: the query timeout is a lock timeout.");
        }
    }
}
END
timeout 120 java -cp 'lib/*' Probe.java
