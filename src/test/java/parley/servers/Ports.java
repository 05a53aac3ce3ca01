package parley.servers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;

/**
 * TCP ports of the loopback interface, for servers that cannot choose a free one themselves and for servers that return
 * to their port after an end. For any thread.
 *
 * <p>A port belongs to this process until it ends, also while no server listens there: a UDP socket of the same number,
 * which nobody sends to, keeps it from other tests that run at the same time and look here for a port.
 */
public final class Ports {
    /**
     * Below the ports that systems give to outgoing connections. A client that connects again and again to a server
     * that is away would otherwise get the server's port for its own end, and be connected to itself.
     */
    private static final int LEAST = 20_000;

    private static final int COUNT = 10_000;

    // Guarded by the class; open until the process ends.
    private static final List<DatagramSocket> HELD = new ArrayList<>();

    private Ports() {}

    /** Finds one on which nobody listens, and which no call has returned before. */
    public static synchronized int free() {
        IOException refused = new IOException("no port was tried");
        for (int tries = 0; tries < 100; tries++) {
            int port = LEAST + ThreadLocalRandom.current().nextInt(COUNT);
            try {
                // First, so that no other test probes the port at the same time.
                DatagramSocket held = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                if (isFree(port)) {
                    HELD.add(held);
                    return port;
                }
                held.close();
                refused = new IOException("a server listens on port " + port);
            } catch (IOException e) {
                refused = e;
            }
        }
        throw new UncheckedIOException("no free port on the loopback interface", refused);
    }

    private static boolean isFree(int port) {
        try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return probe.isBound();
        } catch (IOException e) {
            return false;
        }
    }
}
