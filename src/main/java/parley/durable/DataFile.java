package parley.durable;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The data folder, taken for this process, and its file, open to write and to read. */
final class DataFile implements AutoCloseable {
    private static final Logger LOG = System.getLogger("parley.durable");

    private final Folder folder;
    private final Database writing;
    private final Database reading;
    private final Found found;

    /** What was in the file when it was opened. */
    record Found(long rooms, long messages, long bytes, long valueBytes, long marks) {}

    private DataFile(Folder folder, Database writing, Database reading, Found found) {
        this.folder = folder;
        this.writing = writing;
        this.reading = reading;
        this.found = found;
    }

    /**
     * Takes the folder and opens the file, and makes what is not there. The log says what was found.
     *
     * @param boot which boot of the machine this is
     * @throws DataException when it cannot be used
     */
    static DataFile open(DataSettings settings, String boot) {
        Folder folder = take(settings.folder());
        Database writing = null;
        Database reading = null;
        try {
            boolean isNew = !Database.isThere(settings.folder());
            boolean isLeftOpen = Database.isLeftOpen(settings.folder());
            writing = Database.write(settings.folder(), settings.sync() == DataSettings.Sync.ALWAYS);
            reading = Database.read(settings.folder());
            Tables tables = new Tables(writing);
            Found found = new Found(
                    tables.rooms(),
                    tables.messages(),
                    tables.bytes(),
                    tables.valueBytes(),
                    new MarkTable(writing).count());
            log(settings.folder(), isNew, found, isLeftOpen);
            start(settings, writing, boot);
            return new DataFile(folder, writing, reading, found);
        } catch (SQLException | DataException e) {
            closeAll(reading, writing, folder);
            String words = DataException.words(e);
            throw refused(
                    settings.folder(),
                    e instanceof DataException ? words : "its file parley.db cannot be read (" + words + ")");
        } catch (RuntimeException | Error e) {
            closeAll(reading, writing, folder);
            throw e;
        }
    }

    private static Folder take(Path folder) {
        if (folder.toString().contains("?")) {
            throw refused(folder, "its name has a question mark, which SQLite takes for the end of it");
        }
        try {
            return Folder.take(folder);
        } catch (DataException e) {
            throw refused(folder, DataException.words(e));
        } catch (IOException e) {
            throw refused(folder, "it cannot be written to (" + e + ")");
        }
    }

    /** Which boot of the machine this is; where that is not known, one that never was. */
    static String boot() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
        } catch (IOException | RuntimeException e) {
            return UUID.randomUUID().toString();
        }
    }

    private static void log(Path folder, boolean isNew, Found found, boolean isLeftOpen) {
        String what = isNew
                ? "it is new"
                : "rooms " + found.rooms + ", messages " + found.messages + ", bytes " + found.bytes
                        + "; the last stop was "
                        + (isLeftOpen ? "not orderly: a crash, kill -9 or a loss of power" : "orderly");
        LOG.log(Level.INFO, "the data folder '" + folder + "': " + what);
    }

    private static void start(DataSettings settings, Database writing, String boot) {
        try {
            if (writing.start(boot, Stored.newEpoch())) {
                LOG.log(
                        Level.WARNING,
                        "the data folder '" + settings.folder()
                                + "': with data.sync=interval the last messages may be lost, since Parley"
                                + " was not stopped and the machine may have been; all rooms begin another epoch");
            }
        } catch (SQLException e) {
            throw new DataException("it cannot be written to (" + DataException.words(e) + ")");
        }
    }

    private static DataException refused(Path folder, String why) {
        return new DataException("The data folder '" + folder + "' cannot be used: " + why + ".");
    }

    Found found() {
        return found;
    }

    Database writing() {
        return writing;
    }

    Database reading() {
        return reading;
    }

    @Override
    public void close() {
        closeAll(reading, writing, folder);
    }

    private static void closeAll(@Nullable AutoCloseable... all) {
        for (AutoCloseable one : all) {
            close(one);
        }
    }

    private static void close(@Nullable AutoCloseable one) {
        try {
            if (one != null) {
                one.close();
            }
        } catch (Exception e) {
            LOG.log(Level.DEBUG, "the data folder", e);
        }
    }
}
