package parley.servers;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * An application server from its distribution, run by its own start script, with a folder that it deploys from. What
 * differs from server to server is in the methods without a body.
 */
abstract class Installed implements Server {
    private static final Duration TO_START = Duration.ofSeconds(120);
    private static final Duration TO_DEPLOY = Duration.ofSeconds(60);
    private static final Duration TO_STOP = Duration.ofSeconds(60);

    /** Variables of whoever runs the tests that would change what a start script does. */
    private static final Set<String> FOREIGN = Set.of(
            "CATALINA_HOME",
            "CATALINA_BASE",
            "CATALINA_OPTS",
            "JBOSS_HOME",
            "JAVA_OPTS",
            "JVM_ARGS",
            "JAVA_TOOL_OPTIONS",
            "WLP_USER_DIR",
            "WLP_OUTPUT_DIR",
            "LOG_DIR",
            "JETTY_BASE",
            "JETTY_HOME",
            "AS_JAVA",
            "CLASSPATH");

    private final Path home;
    private final Path base;
    private final int port;

    private List<String> always = Properties.SHORT;
    private Process process;
    private Output output;

    /**
     * @param home the unpacked distribution: shared by all runs, so nothing is written there
     */
    Installed(Path home) {
        this.home = home;
        this.port = Ports.free();
        this.base = home.resolveSibling(home.getFileName() + "-base-" + port);
    }

    /**
     * Fills the base with a configuration: the port on loopback alone, and these system properties as an operator sets
     * them.
     */
    abstract void configure(List<String> properties) throws IOException;

    /** The command that runs the server in the foreground. */
    abstract List<String> command();

    /** The folder that it deploys what is put into. */
    abstract Path deployments();

    /** Adds to the environment of the command. */
    void environment(Map<String, String> environment) {}

    /** Fails at once, on a JDK that the server does not run on. */
    final void runsOn(int least, int most) {
        int jdk = Runtime.version().feature();
        if (jdk < least || jdk > most) {
            throw new AssertionError(home.getFileName() + " runs on JDK " + least + " to " + most + ", and this is JDK "
                    + jdk + ": set JAVA_HOME to another");
        }
    }

    /** The unpacked distribution. */
    final Path home() {
        return home;
    }

    /** The folder of this run: configuration, logs, deployments. */
    final Path base() {
        return base;
    }

    /** The port for HTTP. */
    final int port() {
        return port;
    }

    @Override
    public void insteadOfShortTimes(String... lines) {
        always = Properties.of(lines);
    }

    @Override
    public void start() throws IOException {
        Files.createDirectories(base);
        settings();
        configure(Stream.concat(always.stream(), Stream.of("parley.config=" + file()))
                .map(property -> "-D" + property)
                .toList());
        ProcessBuilder builder =
                new ProcessBuilder(command()).directory(base.toFile()).redirectErrorStream(true);
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("PARLEY_") || FOREIGN.contains(name));
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        environment(environment);
        process = builder.start();
        output = new Output(getClass().getSimpleName(), process);
        Runtime.getRuntime().addShutdownHook(new Thread(this::kill));
        await(TO_START, "answer", () -> Http.status(URI.create("http://127.0.0.1:" + port + "/")) > 0);
    }

    /** The settings file, read at each deployment. */
    private Path file() {
        return base.resolve("parley.conf").toAbsolutePath();
    }

    @Override
    public void settings(String... lines) throws IOException {
        Files.write(file(), List.of(lines));
    }

    @Override
    public void deploy(String name, Path war) throws IOException {
        put(name, war);
        await(TO_DEPLOY, "deploy " + name, () -> has(name));
    }

    @Override
    public void refuse(String name, Path war, String log) throws IOException {
        put(name, war);
        await(TO_DEPLOY, "say why " + name + " is not deployed", () -> log().contains(log));
        undeploy(name);
    }

    private void put(String name, Path war) throws IOException {
        Path copy = Files.copy(war, base.resolve(name + ".copy"), StandardCopyOption.REPLACE_EXISTING);
        // In one step: all of them look for what is new, and some would take half a file.
        Files.move(copy, deployments().resolve(name + ".war"), StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void undeploy(String name) throws IOException {
        Files.delete(deployments().resolve(name + ".war"));
        await(TO_DEPLOY, "undeploy " + name, () -> !has(name));
    }

    @Override
    public boolean has(String name) {
        return Http.get(address(name)).contains("<title>Parley");
    }

    @Override
    public URI address(String name) {
        return URI.create("http://127.0.0.1:" + port + "/" + name + "/");
    }

    /** The innermost Java of what the start script started. */
    @Override
    public ProcessHandle process(String name) {
        return javas().reduce((outer, inner) -> inner).orElseThrow(() -> new AssertionError("no Java runs:\n" + log()));
    }

    private Stream<ProcessHandle> javas() {
        return Stream.concat(Stream.of(process.toHandle()), process.descendants())
                .filter(handle -> handle.info().command().orElse("").endsWith("/java"));
    }

    @Override
    public String log() {
        return output.text();
    }

    private void await(Duration atMost, String what, java.util.concurrent.Callable<Boolean> condition) {
        try {
            Awaitility.await()
                    .atMost(atMost)
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> !process.isAlive() || condition.call());
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("it does not " + what + "; it printed:\n" + log(), e);
        }
        if (!process.isAlive()) {
            throw new AssertionError("it ended and did not " + what + "; it printed:\n" + log());
        }
    }

    /** The signal goes to the Java that is the server: not every start script hands it on. */
    @Override
    public void close() {
        if (process == null) {
            return;
        }
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        javas().reduce((outer, inner) -> inner).ifPresent(ProcessHandle::destroy);
        try {
            Awaitility.await().atMost(TO_STOP).until(() -> all.stream().noneMatch(ProcessHandle::isAlive));
        } catch (ConditionTimeoutException e) {
            throw new AssertionError("it does not stop; it printed:\n" + log(), e);
        } finally {
            kill();
        }
    }

    private void kill() {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }
}
