package parley.durable;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Whether the file can be written to and read, and how often it could not be. Any thread. It logs one failure a minute.
 */
final class DiskHealth {
    private static final Logger LOG = System.getLogger("parley.durable");

    private static final long COMPLAINT_NANOS = 60_000_000_000L;

    private final Path folder;
    private final LongSupplier nanos;
    private final LongAdder failures = new LongAdder();
    private volatile boolean canWrite = true;
    private volatile boolean canRead = true;

    // Guarded by this
    private long complainedAt;
    private boolean hasComplained;

    DiskHealth(Path folder, LongSupplier nanos) {
        this.folder = folder;
        this.nanos = nanos;
    }

    /** Something was written. */
    void written() {
        canWrite = true;
    }

    /** Messages were read. */
    void read() {
        canRead = true;
    }

    /** Something could not be written. */
    void cannotWrite(String what, Throwable e) {
        failures.increment();
        canWrite = false;
        complain(what, e);
    }

    /** A room could not be opened. */
    void cannotOpen(Throwable e) {
        failures.increment();
        cannotRead("a room cannot be read", e);
    }

    /** Messages could not be read. */
    void cannotRead(String what, Throwable e) {
        canRead = false;
        complain(what, e);
    }

    /** Nothing will be written any more. */
    void writesNoMore() {
        canWrite = false;
    }

    boolean canWrite() {
        return canWrite;
    }

    boolean canRead() {
        return canRead;
    }

    /** Whether what was written and read last could be. */
    boolean isWell() {
        return canWrite && canRead;
    }

    /** How often something could not be written, or a room not be opened. */
    long failureCount() {
        return failures.sum();
    }

    /** Logs it, unless something was logged a moment ago. */
    synchronized void complain(String what, @Nullable Throwable e) {
        long now = nanos.getAsLong();
        if (!hasComplained || now - complainedAt >= COMPLAINT_NANOS) {
            hasComplained = true;
            complainedAt = now;
            LOG.log(
                    Level.ERROR,
                    "the data folder '" + folder + "': " + what + (e == null ? "" : ": " + DataException.words(e)));
        }
    }
}
