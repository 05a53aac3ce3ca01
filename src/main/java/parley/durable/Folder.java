package parley.durable;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** The data folder, taken for this store alone until it is closed. */
final class Folder implements AutoCloseable {
    /**
     * Begins the name of the system property that says a folder is in use in this process. The lock on the file does
     * not say it in time: on POSIX whoever opens the file a second time ends the lock of the first by closing it.
     * Applications of one server share no classes, but they share these. Not "parley.", which begins the settings.
     */
    private static final String IN_USE = "in.use.by.parley:";

    private final Path place;
    private final FileChannel lock;

    private Folder(Path place, FileChannel lock) {
        this.place = place;
        this.lock = lock;
    }

    /**
     * Takes a folder, and makes it if there is none.
     *
     * @throws DataException when it is taken
     */
    static Folder take(Path folder) throws IOException {
        make(folder);
        Path place = folder.toRealPath();
        if (System.getProperties().putIfAbsent(IN_USE + place, "true") != null) {
            throw new DataException("another application of this server uses it");
        }
        try {
            return new Folder(place, lock(place));
        } catch (IOException | RuntimeException | Error e) {
            System.clearProperty(IN_USE + place);
            throw e;
        }
    }

    /** A new one is for its owner's eyes: what is said in rooms is in it. */
    private static void make(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path above = folder.toAbsolutePath().getParent();
        if (above != null) {
            Files.createDirectories(above);
        }
        boolean isPosix = folder.getFileSystem().supportedFileAttributeViews().contains("posix");
        FileAttribute<?>[] attributes = isPosix
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"))
                }
                : new FileAttribute<?>[0];
        Files.createDirectory(folder, attributes);
    }

    private static FileChannel lock(Path place) throws IOException {
        FileChannel channel =
                FileChannel.open(place.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (channel.tryLock() == null) {
                throw new DataException("another process uses it");
            }
            return channel;
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw new DataException("another application of this server uses it");
        } catch (IOException | RuntimeException | Error e) {
            channel.close();
            throw e;
        }
    }

    @Override
    public void close() throws IOException {
        try {
            lock.close();
        } finally {
            System.clearProperty(IN_USE + place);
        }
    }
}
