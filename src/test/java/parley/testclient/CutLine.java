package parley.testclient;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A line to a port of this machine that can be cut: in whole, so that connections break, or so that nothing comes
 * through. Any thread.
 */
public final class CutLine implements AutoCloseable {
    private final ServerSocket server;
    private final int to;
    private final Set<Socket> open = ConcurrentHashMap.newKeySet();
    private volatile boolean isCut;
    private volatile boolean isSilent;

    public CutLine(int to) throws IOException {
        this.to = to;
        this.server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread accepting = new Thread(this::accept, "line");
        accepting.setDaemon(true);
        accepting.start();
    }

    public int port() {
        return server.getLocalPort();
    }

    public String url() {
        return "nats://127.0.0.1:" + port();
    }

    /** Breaks all connections, and those that come; or lets them be. */
    public void cut(boolean cut) {
        isCut = cut;
        if (cut) {
            open.forEach(CutLine::close);
            open.clear();
        }
    }

    /** Lets nothing through, without breaking anything; or lets it through again, with what has come meanwhile. */
    public void silence(boolean silent) {
        isSilent = silent;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                if (isCut) {
                    close(client);
                    continue;
                }
                Socket beyond;
                try {
                    beyond = new Socket(InetAddress.getLoopbackAddress(), to);
                } catch (IOException e) {
                    close(client); // nobody is there
                    continue;
                }
                open.add(client);
                open.add(beyond);
                if (isCut) { // meanwhile, and the cut may have passed over these two
                    close(client);
                    close(beyond);
                }
                pump(client, beyond);
                pump(beyond, client);
            } catch (IOException e) {
                // closed
            }
        }
    }

    private void pump(Socket from, Socket into) {
        Thread pumping = new Thread(
                () -> {
                    byte[] buffer = new byte[1 << 16];
                    try (from;
                            into) {
                        InputStream in = from.getInputStream();
                        OutputStream out = into.getOutputStream();
                        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                            while (isSilent) {
                                Thread.sleep(5);
                            }
                            out.write(buffer, 0, read);
                        }
                    } catch (IOException | InterruptedException e) {
                        // cut
                    }
                    open.remove(from);
                    open.remove(into);
                },
                "line");
        pumping.setDaemon(true);
        pumping.start();
    }

    private static void close(Socket socket) {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        cut(true);
    }
}
