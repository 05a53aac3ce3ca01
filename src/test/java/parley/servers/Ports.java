package parley.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Ports for servers that cannot choose a free one themselves. */
public final class Ports {
    /**
     * Below what systems give to outgoing connections, which would come between looking for a port and listening on it.
     */
    private static final int LEAST = 20_000;

    private static final int COUNT = 10_000;

    private Ports() {}

    /** Finds one that nobody listens on. */
    public static int free() {
        IOException refused = new IOException("no port was tried");
        for (int tries = 0; tries < 100; tries++) {
            int port = LEAST + ThreadLocalRandom.current().nextInt(COUNT);
            try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return probe.getLocalPort();
            } catch (IOException e) {
                refused = e;
            }
        }
        throw new UncheckedIOException("no free port on the loopback interface", refused);
    }
}
