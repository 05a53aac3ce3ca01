package parley.durable;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * The tables of the file, and their version. A file of an older version is upgraded when it is opened to write; one of
 * a newer version is refused.
 */
final class Schema {
    /** Says that a database is one of Parley's: "Prly". */
    private static final int APPLICATION = 0x50726c79;
    /** One more when the tables change. */
    static final int VERSION = 6;

    private static final List<String> VERSION_1 = List.of(
            "CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL,"
                    + " first INTEGER NOT NULL, head INTEGER NOT NULL, bytes INTEGER NOT NULL,"
                    + " said INTEGER NOT NULL) STRICT",
            "CREATE INDEX rooms_said ON rooms (said)",
            // Rooms whose messages have all grown old are many, and nothing is to be had from them.
            "CREATE INDEX rooms_weighing ON rooms (said) WHERE bytes > 0",
            // Content in bytes: text may hold anything.
            "CREATE TABLE messages (room INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, sender TEXT,"
                    + " kind INTEGER NOT NULL, content BLOB NOT NULL, id TEXT,"
                    + " PRIMARY KEY (room, seq)) STRICT, WITHOUT ROWID",
            "CREATE UNIQUE INDEX messages_id ON messages (room, id) WHERE id IS NOT NULL",
            // boot: of the machine, while commits are not synced at once; null after an orderly stop.
            "CREATE TABLE synced (times INTEGER NOT NULL, probe BLOB, boot TEXT) STRICT",
            "INSERT INTO synced VALUES (0, NULL, NULL)",
            "PRAGMA application_id = " + APPLICATION);

    /** The machine's clock may be wrong, and be set. */
    private static final List<String> VERSION_2 = List.of(
            // The time of the newest message that the room ever had: none after it has an earlier one.
            "ALTER TABLE rooms ADD COLUMN newest_at INTEGER NOT NULL DEFAULT 0",
            // Messages up to seen_seq were there at seen_at: those that are dated in the future are as old as that.
            "ALTER TABLE rooms ADD COLUMN seen_seq INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE rooms ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0",
            // The clock when the message was written, where it was before 'at'; else null.
            "ALTER TABLE messages ADD COLUMN written INTEGER");

    private static final List<String> VERSION_3 =
            List.of("ALTER TABLE messages ADD COLUMN user TEXT"); // which user said it; null for none

    private static final List<String> VERSION_4 = List.of(
            "CREATE TABLE marks (room INTEGER NOT NULL, user TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,"
                    + " PRIMARY KEY (room, user)) STRICT, WITHOUT ROWID",
            "CREATE INDEX marks_at ON marks (room, at)",
            // How many there are: counting them would read all.
            "ALTER TABLE rooms ADD COLUMN marks INTEGER NOT NULL DEFAULT 0");

    private static final List<String> VERSION_5 = List.of(
            // The number of the message that the entry changes; null for a message.
            "ALTER TABLE messages ADD COLUMN changes INTEGER",
            // The number of the newest change of the message, whose content it has; null for none.
            "ALTER TABLE messages ADD COLUMN changed INTEGER",
            // How many entries are changes.
            "ALTER TABLE rooms ADD COLUMN changes INTEGER NOT NULL DEFAULT 0");

    private static final List<String> VERSION_6 = List.of(
            // Of a change that is neither an edit nor a removal: which kind it is (ChangeTable).
            "ALTER TABLE messages ADD COLUMN what INTEGER",
            // Of a piece that was appended: where it begins in the text of its message, in UTF-16 code units; and how
            // many bytes of UTF-8 come before it, and are its own.
            "ALTER TABLE messages ADD COLUMN start INTEGER",
            "ALTER TABLE messages ADD COLUMN skip INTEGER",
            "ALTER TABLE messages ADD COLUMN length INTEGER",
            // Of a piece: the edit that its message had then; 0 for none.
            "ALTER TABLE messages ADD COLUMN base INTEGER",
            // Of a message: the number of the newest piece that was appended to it; null for none.
            "ALTER TABLE messages ADD COLUMN grown INTEGER",
            // Of a message that still grows: when it grew last; else null.
            "ALTER TABLE messages ADD COLUMN open INTEGER",
            "CREATE INDEX messages_open ON messages (room, seq) WHERE open IS NOT NULL",
            // Who has reacted to a message, and the number of the entry with which it did.
            "CREATE TABLE reactions (room INTEGER NOT NULL, message INTEGER NOT NULL, reaction TEXT NOT NULL,"
                    + " is_user INTEGER NOT NULL, sender TEXT NOT NULL, seq INTEGER NOT NULL,"
                    + " PRIMARY KEY (room, message, reaction, is_user, sender)) STRICT, WITHOUT ROWID",
            "CREATE INDEX reactions_newest ON reactions (room, message, reaction, seq)",
            // Of a message with reactions: the newest of them, their bytes, and what clients are sent of them.
            "CREATE TABLE reacted (room INTEGER NOT NULL, message INTEGER NOT NULL, seq INTEGER NOT NULL,"
                    + " bytes INTEGER NOT NULL, folded BLOB NOT NULL,"
                    + " PRIMARY KEY (room, message)) STRICT, WITHOUT ROWID",
            // Of a value of a key, or its removal: the key. What it says is in keys while it is the newest.
            "ALTER TABLE messages ADD COLUMN key TEXT",
            "CREATE TABLE keys (room INTEGER NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,"
                    + " sender TEXT, user TEXT, id TEXT, kind INTEGER NOT NULL, content BLOB NOT NULL,"
                    + " expires INTEGER NOT NULL, PRIMARY KEY (room, key)) STRICT, WITHOUT ROWID",
            "CREATE INDEX keys_removed ON keys (room, seq) WHERE kind = 2",
            // How many keys have a value, and the bytes of these.
            "ALTER TABLE rooms ADD COLUMN keys INTEGER NOT NULL DEFAULT 0",
            "ALTER TABLE rooms ADD COLUMN key_bytes INTEGER NOT NULL DEFAULT 0");

    private Schema() {}

    /**
     * Makes the tables, or checks those that are there and upgrades them.
     *
     * @throws DataException when the file is not one of Parley's, or of a newer Parley, or cannot be upgraded
     */
    static void prepare(Database database) throws SQLException {
        int version = (int) database.number("PRAGMA user_version");
        boolean isEmpty = database.number("SELECT count(*) FROM sqlite_schema") == 0;
        if (!isEmpty && database.number("PRAGMA application_id") != APPLICATION) {
            throw new DataException("its file " + Database.FILE + " is a database of something else");
        }
        if (version > VERSION) {
            throw new DataException("it was written by a newer Parley (version " + version
                    + " of the file; this one knows up to " + VERSION + ")");
        }
        if (isEmpty) {
            database.execute("PRAGMA auto_vacuum = INCREMENTAL"); // before there is a table
        }
        database.useWriteAheadLog();
        List<String> changes = new ArrayList<>(isEmpty ? VERSION_1 : List.of());
        if (version < 2) {
            changes.addAll(VERSION_2);
        }
        if (version < 3) {
            changes.addAll(VERSION_3);
        }
        if (version < 4) {
            changes.addAll(VERSION_4);
        }
        if (version < 5) {
            changes.addAll(VERSION_5);
        }
        if (version < VERSION) {
            changes.addAll(VERSION_6);
            changes.add("PRAGMA user_version = " + VERSION);
            upgrade(database, changes);
        }
    }

    private static void upgrade(Database database, List<String> changes) {
        try {
            database.write(changes);
        } catch (SQLException e) {
            throw new DataException("its file " + Database.FILE + " cannot be written to (" + e.getMessage() + ")");
        }
    }
}
