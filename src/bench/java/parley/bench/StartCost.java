package parley.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * What the start of Parley costs, from the WAR beside from a prepared folder, in seconds of processor time: until it
 * listens, of its first deliveries, and of as many when it is warm. A number of deliveries and no time, since a busy
 * machine makes fewer in the same time. Used by one thread.
 */
final class StartCost {
    private static final String WAR = "WAR";
    private static final String PREPARED = "prepared";
    private static final int DELIVERIES = 100_000;
    private static final int BEFORE_WARM = 600_000;
    /** Shorter than a hundredth of the deliveries take. */
    private static final long STEP = TimeUnit.MILLISECONDS.toNanos(1);

    private static final long PATIENCE = TimeUnit.MINUTES.toNanos(2);

    private final Path script;
    private final Path out;
    private final String processors;
    private final Map<Cell, List<Double>> cells = new LinkedHashMap<>();

    private record Cell(String row, String form) {}

    /**
     * For one run.
     *
     * @param script what starts Parley, with the command in {@code BENCH_START}
     * @param out where the prepared folder, the logs and the table go
     * @param processors those of the server
     */
    StartCost(Path script, Path out, String processors) {
        this.script = script;
        this.out = out.toAbsolutePath();
        this.processors = processors;
    }

    /** Measures in alternation, and prints and writes a table of medians. */
    void run(int rounds) throws IOException, InterruptedException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        Map<String, String> commands = new LinkedHashMap<>();
        commands.put(WAR, java + " -jar target/parley.war");
        commands.put(PREPARED, java + " @" + prepare(java).resolve("parley.args"));
        for (int round = 1; round <= rounds; round++) {
            for (Scenario scenario : Scenario.table()) {
                if (scenario.name().equals("fan-1") || scenario.name().equals("echo")) {
                    for (Map.Entry<String, String> command : commands.entrySet()) {
                        measure(scenario, command.getKey(), command.getValue());
                    }
                }
            }
            System.out.println("round " + round + " of " + rounds);
        }
        String table = table(rounds);
        Files.writeString(out.resolve("start.md"), table);
        System.out.print(table);
    }

    private Path prepare(String java) throws IOException, InterruptedException {
        Files.createDirectories(out);
        Path folder = Files.createTempDirectory(out, "prepared-");
        Process process = new ProcessBuilder(java, "-jar", "target/parley.war", "--prepare", folder.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException("--prepare failed: " + said);
        }
        return folder;
    }

    private void measure(Scenario scenario, String form, String command) throws IOException, InterruptedException {
        Path log = out.resolve("logs").resolve("start-" + form + ".log");
        try (ServerProcess server =
                        ServerProcess.start(script, List.of(), log, processors, Map.of("BENCH_START", command));
                Load load = new Load(scenario, Dialect.PLAIN, server.port())) {
            double start = server.cpuSeconds();
            load.open(scenario.members());
            load.count(TimeUnit.HOURS.toNanos(1));
            deliver(load, DELIVERIES);
            double first = server.cpuSeconds() - start;
            deliver(load, DELIVERIES + BEFORE_WARM);
            double before = server.cpuSeconds();
            deliver(load, DELIVERIES + BEFORE_WARM + DELIVERIES);
            add("start", form, start);
            add(scenario.name() + ", the first 100,000", form, first);
            add(scenario.name() + ", start and these", form, start + first);
            add(scenario.name() + ", warm", form, server.cpuSeconds() - before);
        }
    }

    private static void deliver(Load load, long count) throws IOException {
        long end = System.nanoTime() + PATIENCE;
        while (load.deliveries() < count) {
            if (System.nanoTime() > end) {
                throw new IOException(load.deliveries() + " deliveries in place of " + count + ". " + load.complaint());
            }
            load.talk(STEP);
        }
    }

    private void add(String row, String form, double seconds) {
        cells.computeIfAbsent(new Cell(row, form), cell -> new ArrayList<>()).add(seconds);
    }

    private String table(int rounds) {
        StringBuilder table = new StringBuilder("Java " + Runtime.version() + ", " + rounds
                + " rounds: median processor seconds, the least and the most in brackets\n\n"
                + "| | WAR | prepared | ratio |\n|---|---|---|---|\n");
        cells.keySet().stream().map(Cell::row).distinct().forEach(row -> {
            Results.Spread war = spread(new Cell(row, WAR));
            Results.Spread prepared = spread(new Cell(row, PREPARED));
            double ratio = prepared.median() / war.median();
            table.append(String.format(Locale.ROOT, "| %s | %s | %s | %.2f |%n", row, war, prepared, ratio));
        });
        return table.toString();
    }

    private Results.Spread spread(Cell cell) {
        double[] seconds = cells.getOrDefault(cell, List.of()).stream()
                .mapToDouble(Double::doubleValue)
                .toArray();
        return Results.Spread.of(seconds).orElseThrow();
    }
}
