package parley.servers;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** No server: {@code java -jar parley.war}, a process for each deployment. */
final class Standalone implements Server {
    private static final Duration TO_START = Duration.ofSeconds(30);
    private static final Duration TO_STOP = Duration.ofSeconds(20);
    private static final Pattern PAGE = Pattern.compile("^ +page +http://\\S+:(\\d+)/", Pattern.MULTILINE);

    private record Running(Process process, Output output, int port) {}

    private final Map<String, Running> deployed = new ConcurrentHashMap<>();
    private List<String> always = Properties.SHORT;
    /** Of what is deployed next. */
    private List<String> settings = List.of();

    /** What those printed that have been stopped. */
    private final StringBuffer past = new StringBuffer();

    @Override
    public void insteadOfShortTimes(String... lines) {
        always = Properties.of(lines);
    }

    @Override
    public void start() {
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(() -> deployed.values().forEach(running -> running.process.destroyForcibly())));
    }

    @Override
    public void settings(String... lines) {
        settings = List.of(lines);
    }

    @Override
    public void deploy(String name, Path war) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-jar",
                war.toString(),
                "--port",
                "0",
                "--context",
                "/" + name));
        for (String property : always) {
            command.addAll(List.of("--set", property.substring(Properties.PREFIX.length())));
        }
        for (String setting : settings) {
            command.addAll(List.of("--set", setting));
        }
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().keySet().removeIf(variable -> variable.startsWith("PARLEY_"));
        Process process = builder.start();
        Output output = new Output("Parley", process);
        try {
            Matcher page = output.await(PAGE, TO_START);
            deployed.put(name, new Running(process, output, Integer.parseInt(page.group(1))));
        } catch (AssertionError e) {
            process.destroyForcibly();
            throw e;
        }
    }

    @Override
    public void refuse(String name, Path war, String log) {
        throw new UnsupportedOperationException("there is one WAR that runs by itself");
    }

    @Override
    public void undeploy(String name) {
        Running running = deployed.get(name);
        Output.stop(running.process, TO_STOP);
        past.append(running.output.text());
        deployed.remove(name);
    }

    @Override
    public boolean has(String name) {
        return deployed.containsKey(name) && Http.get(address(name)).contains("<title>Parley");
    }

    @Override
    public URI address(String name) {
        return URI.create("http://127.0.0.1:" + running(name).port + "/" + name + "/");
    }

    @Override
    public ProcessHandle process(String name) {
        return running(name).process.toHandle();
    }

    private Running running(String name) {
        Running running = deployed.get(name);
        if (running == null) {
            throw new AssertionError(name + " is not deployed");
        }
        return running;
    }

    @Override
    public String log() {
        StringBuilder all = new StringBuilder(past);
        deployed.values().forEach(running -> all.append(running.output.text()));
        return all.toString();
    }

    @Override
    public void close() {
        List.copyOf(deployed.keySet()).forEach(this::undeploy);
    }
}
