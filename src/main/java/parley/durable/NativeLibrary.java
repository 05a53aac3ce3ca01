package parley.durable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.sqlite.SQLiteJDBCLoader;

/** SQLite's native code, which its driver unpacks into the folder for temporary files. Loaded once a process. */
public final class NativeLibrary {
    private static final String FOLDER_PROPERTY = "org.sqlite.tmpdir";
    /** What it takes, rounded up. */
    private static final int BYTES = 2 << 20;

    private NativeLibrary() {}

    /**
     * Loads it.
     *
     * @param data the folder it is needed for
     * @throws DataException when it cannot be loaded
     */
    public static void load(Path data) {
        Logger driver = Logger.getLogger(SQLiteJDBCLoader.class.getName());
        Level before = driver.getLevel();
        driver.setLevel(Level.OFF); // it logs traces, and then throws what says less than is said here
        try {
            SQLiteJDBCLoader.initialize();
        } catch (Exception | LinkageError e) {
            throw new DataException("The data folder '" + data + "' cannot be used: SQLite's native code cannot be "
                    + why(Path.of(System.getProperty(FOLDER_PROPERTY, System.getProperty("java.io.tmpdir")))));
        } finally {
            driver.setLevel(before);
        }
    }

    /** Tries what the driver does not tell: whether the folder takes a file of that size. */
    private static String why(Path folder) {
        try {
            Path file = Files.createTempFile(folder, "parley-", ".tmp");
            try {
                Files.write(file, new byte[BYTES]);
            } finally {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            return "unpacked into '" + folder + "' (" + e + "). Name a folder with " + BYTES / (1 << 20)
                    + " MiB to spare with -D" + FOLDER_PROPERTY + "=<folder>.";
        }
        return "run from '" + folder + "'. Its file system may be mounted with noexec: name another folder with -D"
                + FOLDER_PROPERTY + "=<folder>. Or there is none for this machine (" + System.getProperty("os.name")
                + ", "
                + System.getProperty("os.arch") + ").";
    }
}
