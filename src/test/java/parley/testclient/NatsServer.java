package parley.testclient;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import parley.servers.Ports;

/**
 * A server of NATS with JetStream: a process of its own on a port that stays, with a folder that stays. Used by one
 * thread. It is the one that is installed, or another: {@code -Dparley.nats-server=/path/to/nats-server}.
 */
public final class NatsServer implements AutoCloseable {
    private static final String NAME = "nats-server";
    private static final int TO_START_SECONDS = 20;

    private final Path folder;
    private final int port;
    private final List<String> more;
    private Process process;

    private NatsServer(Path folder, int port, List<String> more) {
        this.folder = folder;
        this.port = port;
        this.more = more;
    }

    /** Starts one; a test is skipped where there is none, and fails where CI is 'true'. */
    public static NatsServer start(Path folder, String... more) throws IOException, InterruptedException {
        NatsServer server = new NatsServer(folder, Ports.free(), List.of(more));
        server.start();
        return server;
    }

    /** Starts some that are one NATS, named by their index. */
    public static List<NatsServer> startCluster(Path folder, int servers) throws IOException, InterruptedException {
        List<Integer> ports = new ArrayList<>();
        List<String> routes = new ArrayList<>();
        for (int i = 0; i < servers; i++) {
            ports.add(Ports.free());
            routes.add("nats://127.0.0.1:" + ports.get(i));
        }
        List<NatsServer> started = new ArrayList<>();
        for (int i = 0; i < servers; i++) {
            Path own = Files.createDirectories(folder.resolve("nats-" + i));
            started.add(start(
                    own,
                    "--server_name",
                    String.valueOf(i),
                    "--cluster_name",
                    "parley",
                    "--cluster",
                    routes.get(i),
                    "--routes",
                    String.join(",", routes)));
        }
        return started;
    }

    private static Path binary() {
        String chosen = System.getProperty("parley.nats-server");
        if (chosen != null) {
            return Path.of(chosen);
        }
        Path found = Stream.concat(
                        Stream.of(System.getenv().getOrDefault("PATH", "").split(java.io.File.pathSeparator)),
                        Stream.of("/usr/sbin", "/usr/local/sbin"))
                .map(path -> Path.of(path, NAME))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        if (found == null) {
            String missing = NAME + " is missing; get it with: apt-get install nats-server";
            if ("true".equals(System.getProperty("CI", System.getenv("CI")))) {
                throw new AssertionError(missing);
            }
            return Assumptions.abort(missing);
        }
        return found;
    }

    /** Starts it again. */
    public void start() throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                binary().toString(), "-a", "127.0.0.1", "-p", String.valueOf(port), "-js", "-sd", folder.toString()));
        command.addAll(more);
        process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(
                        folder.resolve("nats.log").toFile()))
                .start();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(TO_START_SECONDS);
        while (!listens()) {
            if (System.nanoTime() > until || !process.isAlive()) {
                throw new AssertionError("it does not start:\n" + Files.readString(folder.resolve("nats.log")));
            }
            Thread.sleep(20);
        }
    }

    private boolean listens() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1_000);
            return socket.getInputStream().read() == 'I';
        } catch (IOException e) {
            return false;
        }
    }

    public int port() {
        return port;
    }

    public String url() {
        return "nats://127.0.0.1:" + port;
    }

    /** As {@code kill -9} does. */
    public void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** Has it stand still, or go on. */
    public void suspend(boolean isSuspended) throws IOException, InterruptedException {
        new ProcessBuilder("kill", isSuspended ? "-STOP" : "-CONT", String.valueOf(process.pid()))
                .start()
                .waitFor();
    }

    @Override
    public void close() throws InterruptedException, IOException {
        suspend(false);
        process.destroy();
        if (!process.waitFor(TO_START_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly().waitFor();
        }
    }
}
