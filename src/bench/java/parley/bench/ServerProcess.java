package parley.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A server that was started: its processor time, its memory, its end. */
final class ServerProcess implements AutoCloseable {
    private static final long START_SECONDS = 240; // some are built first
    private static final long STOP_SECONDS = 10;
    private static final double TICKS_A_SECOND = 100; // USER_HZ is 100 on every Linux that Java runs on
    /** What peers say, and behind it their version; Parley and NATS have words of their own. */
    private static final Pattern READY = Pattern.compile(
            "(?m)^(?:ready\\b(.*)|Parley (\\S+) is running.*|.*Version: +(\\S+)$(?s:.*)Server is ready)$");

    private static final Pattern LIVE = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");
    private static final Pattern RESIDENT = Pattern.compile("(?m)^VmRSS:\\s+(\\d+) kB");

    private final Process process;
    private final int port;
    private final String version;

    private ServerProcess(Process process, int port, String version) {
        this.process = process;
        this.port = port;
        this.version = version;
    }

    /** Starts it on these processors and returns when it listens; fails with the last thing it said if it does not. */
    static ServerProcess start(Path script, List<String> options, Path log, String processors)
            throws IOException, InterruptedException {
        return start(script, options, log, processors, Map.of());
    }

    /** The same with more variables in its environment. */
    static ServerProcess start(
            Path script, List<String> options, Path log, String processors, Map<String, String> environment)
            throws IOException, InterruptedException {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Files.createDirectories(log.getParent());
        List<String> command =
                new ArrayList<>(List.of("taskset", "-c", processors, script.toString(), Integer.toString(port)));
        command.addAll(options);
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (System.nanoTime() < deadline) {
            boolean alive = process.isAlive();
            String said = Files.readString(log, StandardCharsets.ISO_8859_1);
            Matcher ready = READY.matcher(said);
            if (ready.find()) {
                return new ServerProcess(process, port, versionIn(ready));
            }
            if (!alive) {
                List<String> lines =
                        said.lines().filter(line -> !line.isBlank()).toList();
                throw new IOException(
                        lines.isEmpty() ? "ended with " + process.exitValue() : lines.get(lines.size() - 1));
            }
            Thread.sleep(20);
        }
        new ServerProcess(process, port, "").close();
        throw new IOException("did not say that it is ready within " + START_SECONDS + " s");
    }

    private static String versionIn(Matcher ready) {
        return Stream.of(1, 2, 3)
                .map(ready::group)
                .filter(Objects::nonNull)
                .findFirst()
                .orElse("")
                .strip();
    }

    int port() {
        return port;
    }

    /** What it said behind 'ready'. */
    String version() {
        return version;
    }

    /** Seconds of processor time so far, user and system, of all threads and children. */
    double cpuSeconds() throws IOException {
        double ticks = 0;
        for (long pid : pids()) {
            ticks += ticks(pid);
        }
        return ticks / TICKS_A_SECOND;
    }

    /** The same of this process. */
    static double ownCpuSeconds() throws IOException {
        return ticks(ProcessHandle.current().pid()) / TICKS_A_SECOND;
    }

    private static double ticks(long pid) throws IOException {
        Path stat = Path.of("/proc/" + pid + "/stat");
        if (!Files.exists(stat)) {
            return 0;
        }
        String line = Files.readString(stat, StandardCharsets.ISO_8859_1);
        // After the name, which may hold anything: state is the first, utime the twelfth, with cutime and cstime behind
        // stime.
        String[] fields = line.substring(line.lastIndexOf(')') + 2).split(" ");
        return Double.parseDouble(fields[11])
                + Double.parseDouble(fields[12])
                + Double.parseDouble(fields[13])
                + Double.parseDouble(fields[14]);
    }

    /** Resident memory of all its processes. */
    long residentKilobytes() throws IOException {
        long sum = 0;
        for (long pid : pids()) {
            sum += residentKilobytes(pid);
        }
        return sum;
    }

    /** The same of this process. */
    static double ownResidentKilobytes() throws IOException {
        return residentKilobytes(ProcessHandle.current().pid());
    }

    private static long residentKilobytes(long pid) throws IOException {
        Path status = Path.of("/proc/" + pid + "/status");
        if (!Files.exists(status)) {
            return 0;
        }
        Matcher resident = RESIDENT.matcher(Files.readString(status, StandardCharsets.ISO_8859_1));
        return resident.find() ? Long.parseLong(resident.group(1)) : 0;
    }

    /** Bytes of the objects that live after a collection, if it is a JVM. */
    Optional<Long> liveBytes() throws IOException, InterruptedException {
        Optional<Long> java = pids().stream().filter(pid -> runs(pid, "java")).findFirst();
        if (java.isEmpty()) {
            return Optional.empty();
        }
        command(java.get(), "GC.run");
        Matcher live = LIVE.matcher(command(java.get(), "GC.class_histogram"));
        return live.find() ? Optional.of(Long.parseLong(live.group(1))) : Optional.empty();
    }

    /** Whether it becomes faster while it runs. */
    boolean warmsUp() {
        return pids().stream().anyMatch(pid -> runs(pid, "java") || runs(pid, "node"));
    }

    private static String command(long pid, String what) throws IOException, InterruptedException {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        Process asked = new ProcessBuilder(jcmd.toString(), Long.toString(pid), what)
                .redirectErrorStream(true)
                .start();
        String answer = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        asked.waitFor();
        return answer;
    }

    private static boolean runs(long pid, String program) {
        try {
            Path file = Files.readSymbolicLink(Path.of("/proc/" + pid + "/exe")).getFileName();
            return file != null && file.toString().equals(program);
        } catch (IOException e) {
            return false; // it has ended
        }
    }

    private List<Long> pids() {
        List<Long> pids = new ArrayList<>();
        pids.add(process.pid());
        try (Stream<ProcessHandle> children = process.descendants()) {
            children.forEach(child -> pids.add(child.pid()));
        }
        return pids;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    @Override
    public void close() throws InterruptedException {
        List<ProcessHandle> children;
        try (Stream<ProcessHandle> descendants = process.descendants()) {
            children = descendants.toList();
        }
        process.destroy();
        if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            process.waitFor();
        }
        children.forEach(ProcessHandle::destroy);
    }
}
