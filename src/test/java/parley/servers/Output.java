package parley.servers;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a process has printed so far, read by a thread of its own until the end. Any thread may wait for more. */
public final class Output {
    private final String name;
    private final Lock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private final StringBuilder text = new StringBuilder();
    private boolean ended;

    /** Starts to read a process' standard output. */
    public Output(String name, Process process) {
        this.name = name;
        Reader reader = new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8);
        Thread thread = new Thread(() -> read(reader), "output of " + name);
        thread.setDaemon(true);
        thread.start();
    }

    private void read(Reader reader) {
        char[] buffer = new char[4096];
        try (reader) {
            for (int count = reader.read(buffer); count >= 0; count = reader.read(buffer)) {
                append(new String(buffer, 0, count));
            }
        } catch (IOException e) {
            append("\n(reading stopped: " + e + ")\n");
        } finally {
            end();
        }
    }

    private void append(String more) {
        lock.lock();
        try {
            text.append(more);
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void end() {
        lock.lock();
        try {
            ended = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What there is so far. */
    public String text() {
        lock.lock();
        try {
            return text.toString();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits until the pattern is found somewhere in the output, from its start on.
     *
     * @throws AssertionError with the output so far, when it ended or the time is over without a match
     */
    public Matcher await(Pattern pattern, Duration atMost) {
        long left = atMost.toNanos();
        lock.lock();
        try {
            while (true) {
                // Of a copy, since the reader goes on writing while the caller uses the match.
                Matcher matcher = pattern.matcher(text.toString());
                if (matcher.find()) {
                    return matcher;
                }
                if (ended || left <= 0) {
                    throw new AssertionError((ended ? name + " ended" : atMost.toSeconds() + " s passed") + " and "
                            + name + " did not print /" + pattern + "/; it printed:\n" + text);
                }
                left = changed.awaitNanos(left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for /" + pattern + "/ of " + name, e);
        } finally {
            lock.unlock();
        }
    }

    /** Ends that process if it has not ended, by force after a while, and returns its exit code. */
    public static int stop(Process process, Duration patience) {
        try {
            process.destroy();
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
            }
            return process.waitFor();
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while waiting for the end of process " + process.pid(), e);
        }
    }
}
