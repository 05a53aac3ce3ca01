package parley.prepare;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Java process that is started for the preparation, without the settings of the environment. Its last lines are kept
 * for the message when it fails. Used by one thread.
 */
final class TrainedProcess implements AutoCloseable {
    private static final Pattern PAGE = Pattern.compile(" +page +http://[^:]+:(\\d+)/.*");
    /** Java names each class that it does not archive, at the end. */
    private static final Pattern SKIPPED = Pattern.compile("\\[[\\d.]+s]\\[warning]\\[(cds|aot)]");
    /** The last line of the addresses. */
    private static final String READY = "  rooms ";

    private static final int LINES = 20;
    private static final int LONGEST = 500;
    private static final Duration TO_START = Duration.ofMinutes(1);
    /** An archive of 30 MB takes 2 s, and more where others need the processors. */
    private static final Duration TO_END = Duration.ofMinutes(3);

    private final Process process;
    private final CompletableFuture<Integer> port = new CompletableFuture<>();
    private final CompletableFuture<Void> ended = new CompletableFuture<>();
    /** Guarded by itself. */
    private final Deque<String> last = new ArrayDeque<>();

    private TrainedProcess(Process process) {
        this.process = process;
    }

    /** Starts it. */
    static TrainedProcess start(List<String> command) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        // The operator's data folder, ports and cluster are not for the training.
        OperatorSettings.remove(builder.environment());
        TrainedProcess started = new TrainedProcess(builder.start());
        started.process.getOutputStream().close();
        Thread reader = new Thread(started::read, "parley-prepare-output");
        reader.setDaemon(true);
        reader.start();
        return started;
    }

    private void read() {
        int found = 0;
        Charset charset = Charset.forName(System.getProperty("native.encoding", "UTF-8"));
        try (BufferedReader in = new BufferedReader(new InputStreamReader(process.getInputStream(), charset))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                Matcher page = PAGE.matcher(line);
                if (page.matches()) {
                    found = Integer.parseInt(page.group(1));
                } else if (line.startsWith(READY) && found != 0) {
                    port.complete(found);
                }
                keep(line);
            }
        } catch (IOException e) {
            keep(e.toString());
        }
        port.completeExceptionally(new IOException("the process has ended"));
        ended.complete(null);
    }

    private void keep(String line) {
        if (SKIPPED.matcher(line).lookingAt()) {
            return;
        }
        synchronized (last) {
            last.add(line.length() > LONGEST ? line.substring(0, LONGEST) : line);
            if (last.size() > LINES) {
                last.remove();
            }
        }
    }

    /** Waits until it listens. Returns the port. */
    int port() throws IOException, InterruptedException {
        try {
            return port.get(TO_START.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IOException("Parley did not start. " + said(), e);
        }
    }

    /** Stops it in order, as an operator does. */
    void stop() {
        // SIGTERM. Process.destroy would close the output too, and Java then makes no archive when it cannot write of
        // it.
        process.toHandle().destroy();
    }

    /** Waits for its end, which must be a success. */
    void awaitSuccess() throws IOException, InterruptedException {
        if (!process.waitFor(TO_END.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IOException("the process did not end within " + TO_END.toSeconds() + " s. " + said());
        }
        ended.join();
        if (process.exitValue() != 0) {
            throw new IOException("the process ended with " + process.exitValue() + ". " + said());
        }
    }

    /** Its last lines, after a colon. */
    String said() {
        synchronized (last) {
            return "It said:" + System.lineSeparator() + String.join(System.lineSeparator(), last);
        }
    }

    /** Ends it at once if it runs, and those that it has started. */
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        process.onExit().join(); // its files can be deleted then
    }
}
