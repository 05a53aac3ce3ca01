package parley.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import parley.servers.Output;
import parley.servers.Ports;
import parley.testclient.RawClient;

/** Parley as people run it: {@code java -jar parley.war}, a process of its own on a free port. Used by one thread. */
final class ParleyProcess implements AutoCloseable {
    private static final Duration TO_START = Duration.ofSeconds(30);
    /** More than the flush and grace times of a shutdown together, as they are by default. */
    private static final Duration TO_STOP = Duration.ofSeconds(20);

    /** The lines with the addresses, down to the last: port, then the path with a slash behind. */
    private static final Pattern ADDRESSES = Pattern.compile(
            "^ +page +http://\\S+:(\\d+)(/\\S*)$.*^ +try +\\S.*\\n", Pattern.MULTILINE | Pattern.DOTALL);

    private final Process process;
    private final Output output;
    private final int port;
    private final String path;

    private ParleyProcess(Process process) {
        this.process = process;
        this.output = new Output("Parley", process);
        Matcher addresses = output.await(ADDRESSES, TO_START);
        this.port = Integer.parseInt(addresses.group(1));
        this.path = addresses.group(2);
    }

    /** Starts it with those arguments on a port that another may return to, and waits until it says where it is. */
    static ParleyProcess start(String... arguments) {
        return startAt(Ports.free(), arguments);
    }

    /** The same on a port, such as that of one that has ended; 0 has it choose one that is free. */
    static ParleyProcess startAt(int port, String... arguments) {
        return startWith(List.of(), port, arguments);
    }

    /** The same with options for Java. */
    static ParleyProcess startWith(List<String> options, int port, String... arguments) {
        List<String> java = new ArrayList<>(options);
        java.addAll(List.of("-jar", war()));
        return launch(java, port, arguments);
    }

    /** The same from a folder that was prepared, with options for Java. */
    static ParleyProcess startPrepared(Path folder, List<String> options, String... arguments) {
        List<String> java = new ArrayList<>(options);
        java.add("@" + folder.resolve("parley.args"));
        return launch(java, 0, arguments);
    }

    private static ParleyProcess launch(List<String> java, int port, String... arguments) {
        List<String> command = new ArrayList<>(List.of(java()));
        command.addAll(java);
        command.addAll(List.of("--port", String.valueOf(port)));
        command.addAll(List.of("--set", "room.away=0s")); // nobody waits for a member that was cut to be gone
        command.addAll(List.of(arguments));
        if (interruptsAreIgnored()) {
            command.addAll(0, List.of("env", "--default-signal=INT"));
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        // Settings of whoever runs the tests are not meant for the server under test.
        builder.environment().keySet().removeIf(name -> name.startsWith("PARLEY_"));
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot run " + String.join(" ", command), e);
        }
        try {
            return new ParleyProcess(process);
        } catch (AssertionError e) {
            process.destroyForcibly();
            throw e;
        }
    }

    /** A shell without job control starts what runs in the background with SIGINT ignored, and that is handed down. */
    private static boolean interruptsAreIgnored() {
        Path status = Path.of("/proc/self/status");
        try {
            return Files.exists(status)
                    && Files.readAllLines(status).stream()
                            .filter(line -> line.startsWith("SigIgn:"))
                            .anyMatch(line ->
                                    (Long.parseUnsignedLong(line.substring(7).strip(), 16) & 2) != 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String war() {
        String war = System.getProperty("parley.war");
        if (war == null) {
            throw new AssertionError("the system property parley.war names no WAR; run mvn verify, which sets it");
        }
        return war;
    }

    static String java() {
        String chosen = System.getProperty("parley.java");
        return chosen != null
                ? chosen
                : ProcessHandle.current()
                        .info()
                        .command()
                        .orElseGet(() -> Path.of(System.getProperty("java.home"), "bin", "java")
                                .toString());
    }

    /** The port it listens on. */
    int port() {
        return port;
    }

    /** The address of its page. */
    String page() {
        return "http://127.0.0.1:" + port + path;
    }

    /** The address of an endpoint, such as {@code chat/java?name=Ann}. */
    String socket(String endpoint) {
        return "ws://127.0.0.1:" + port + path + endpoint;
    }

    /** What it has printed so far, log lines too. */
    String output() {
        return output.text();
    }

    /** Sends it a signal, such as INT. */
    void signal(String name) throws IOException, InterruptedException {
        Process kill = new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid())).start();
        if (kill.waitFor() != 0) {
            throw new AssertionError("kill -" + name + " failed with " + kill.exitValue());
        }
    }

    /** Waits until it lets nobody in any more. */
    void awaitClosedDoor() {
        Awaitility.await().atMost(TO_STOP).until(() -> {
            try (RawClient client = RawClient.handshake(port, path + "echo", 0, "")) {
                return client.status() == 503;
            } catch (IOException e) {
                return true; // it has ended
            }
        });
    }

    /** Waits for its end, which must come by itself, and returns its exit code. */
    int exitCode() throws InterruptedException {
        if (!process.waitFor(TO_STOP.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new AssertionError("it does not end; it printed:\n" + output.text());
        }
        return process.exitValue();
    }

    /**
     * Stops it with SIGTERM, waits for its end, and returns its exit code; once it has ended, returns the code again.
     */
    int stop() {
        return Output.stop(process, TO_STOP);
    }

    @Override
    public void close() {
        stop();
    }
}
