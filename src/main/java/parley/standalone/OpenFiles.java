package parley.standalone;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import parley.app.Settings;

/**
 * How many files the process may have open, of which each connection is one. Java has raised the soft limit to the hard
 * one by then.
 *
 * @param most how many there may be
 * @param now how many there are
 */
record OpenFiles(long most, long now) {
    private static final Logger LOG = System.getLogger("parley.standalone");

    /** For what opens later: rooms on disk, NATS, keys that are read again, and a connection that is being refused. */
    private static final int SPARE = 64;
    /**
     * Of what there is for connections, a part for those that have not made a handshake: a client that is one too many
     * hears so there.
     */
    private static final int PART_FOR_HANDSHAKES = 4;

    /** Those of this process; as many as one likes where the system does not tell. */
    static OpenFiles ofProcess() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
                ? new OpenFiles(unix.getMaxFileDescriptorCount(), unix.getOpenFileDescriptorCount())
                : new OpenFiles(Long.MAX_VALUE, 0);
    }

    /** Returns settings whose limits fit, and logs when that is less than was asked for. */
    Settings fit(Settings settings) {
        int ports = 1 + (settings.statusPort() == 0 ? 0 : 1) + (settings.httpPort() == 0 ? 0 : 1);
        long wanted = now + SPARE + settings.session().connections() + (long) ports * settings.handshaking();
        if (most <= 0 || wanted <= most) {
            return settings;
        }
        long free = Math.max(0, most - now - SPARE);
        int handshaking = (int) Math.max(1, Math.min(settings.handshaking(), free / PART_FOR_HANDSHAKES / ports));
        int connections =
                (int) Math.max(1, Math.min(settings.session().connections(), free - (long) ports * handshaking));
        LOG.log(
                Level.WARNING,
                "This process may have " + most + " files open, and limits.connections="
                        + settings.session().connections() + " with limits.handshaking=" + settings.handshaking()
                        + " needs " + wanted + ". At most " + connections + " connections are let in and " + handshaking
                        + " are without a handshake; more are refused with 503. Raise the limit of the process (ulimit -n,"
                        + " LimitNOFILE, --ulimit nofile), or lower limits.connections.");
        return settings.lowered(connections, handshaking, "lowered to the files that the process may have open");
    }
}
