package parley.bench;

import io.nats.client.api.StorageType;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The benchmark's command: measures servers side by side and writes the report. */
@Command(
        name = "src/bench/run",
        sortOptions = false,
        mixinStandardHelpOptions = true,
        description = "Measures Parley and its peers side by side. Writes results.json, results.md and charts.")
public final class Bench implements Callable<Integer> {
    private static final int GROSS_REGRESSION = 1;
    private static final double SATURATED = 95;
    private static final long NANOS = TimeUnit.SECONDS.toNanos(1);
    /** How many messages each client that resumes gets: five times what memory keeps. */
    private static final int RESUMED = 5_000;

    private static final int RESUMING_WAVES = 5;
    private static final int WAVE = 1000;
    private static final int START_ROUNDS = 5;

    /** What is run. */
    enum What {
        /** Parley, the naive loop and the bound for a few seconds; ends with 1 on a gross regression. */
        quick,
        /** The rows of the table of targets. */
        table,
        /** One thing changed at a time. */
        sweeps,
        /** The table and the sweeps. */
        all,
        /** One node with rooms in memory and on disk, a cluster of one, a cluster of three. */
        cluster,
        /** Event streams and requests beside WebSocket, and NATS's requests. */
        http,
        /** Chat text with compression beside the same without. */
        compression,
        /** Clients of the Java client in one JVM. */
        clients,
        /** A room whose members change their states, beside one whose members change their names. */
        presence,
        /** A message that grows by small pieces, beside as many small messages. */
        append,
        /** A room with values of 10,000 keys that change all the time. */
        keys,
        /** The start of Parley from the WAR beside from a prepared folder. */
        start
    }

    @Parameters(index = "0", defaultValue = "table", description = "One of ${COMPLETION-CANDIDATES} (table).")
    private What what = What.table;

    @Option(
            names = "--rounds",
            description = "How often each measurement is made; 0 for 1 in quick, 5 in start, 3 otherwise.")
    private int rounds;

    @Option(names = "--servers", split = ",", description = "Which servers; all that there are by default.")
    private List<String> servers = List.of();

    @Option(names = "--scenarios", split = ",", description = "Which scenarios, or sweeps, by name.")
    private List<String> scenarios = List.of();

    @Option(
            names = "--warm",
            description =
                    "Seconds before it counts, for JVMs and Node; 0 for 6 in quick, 12 otherwise. Others get a third.")
    private double warm;

    @Option(names = "--secs", description = "Seconds that count; 0 for 2 in quick, 5 otherwise.")
    private double seconds;

    @Option(names = "--server-cores", description = "Processors of the servers (0).")
    private String serverCores = "0";

    @Option(names = "--load-cores", description = "Processors of the load: for the report, src/bench/run sees to it.")
    private String loadCores = "";

    @Option(names = "--out", description = "Where the report goes (target/bench).")
    private Path out = Path.of("target/bench");

    private final Results results = new Results();

    /** Runs it. */
    public static void main(String[] args) {
        // A run that is stopped leaves no server behind.
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> ProcessHandle.current().descendants().forEach(ProcessHandle::destroy), "stop servers"));
        System.exit(new CommandLine(new Bench()).execute(args));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (what == What.start) {
            Path script = Path.of("src/bench/peers/parley/start").toAbsolutePath();
            new StartCost(script, out, serverCores).run(rounds > 0 ? rounds : START_ROUNDS);
            return 0;
        }
        if (what == What.keys) {
            new KeyedLoad(Path.of("src/bench/peers/parley/start").toAbsolutePath(), out, serverCores).run();
            return 0;
        }
        boolean quick = what == What.quick;
        rounds = rounds > 0 ? rounds : quick ? 1 : 3;
        seconds = seconds > 0 ? seconds : quick ? 2 : 5;
        warm = warm > 0 ? warm : quick ? 6 : 12;
        List<Scenario> plan = plan();
        if (plan.isEmpty()) {
            System.err.println("No such scenario: " + scenarios);
            return CommandLine.ExitCode.USAGE;
        }
        describe();
        List<Peer> peers = peers();
        for (int round = 1; round <= rounds; round++) {
            for (Scenario scenario : plan) {
                for (Peer peer : peers) {
                    if (peer.does(scenario)) {
                        attempt(peer, scenario, round);
                    }
                }
                // So that a run that is stopped has not been for nothing.
                new Report(results, out).write();
            }
        }
        if (quick) {
            // What a busy machine did to one round it seldom does to two.
            for (Scenario scenario : plan) {
                if (isGross(scenario)) {
                    for (Peer peer : peers) {
                        attempt(peer, scenario, rounds + 1);
                    }
                }
            }
        }
        results.about("ended", now());
        new Report(results, out).write();
        System.out.println(out.resolve("results.md"));
        return quick ? judge() : 0;
    }

    private List<Scenario> plan() {
        List<Scenario> all = new ArrayList<>();
        if (what == What.cluster) {
            all.addAll(Scenario.cluster());
        } else if (what == What.http) {
            all.addAll(Scenario.http());
        } else if (what == What.compression) {
            all.addAll(Scenario.compression());
        } else if (what == What.clients) {
            all.addAll(Scenario.clients());
        } else if (what == What.presence) {
            all.addAll(Scenario.presence());
        } else if (what == What.append) {
            all.addAll(Scenario.append());
        } else if (what != What.sweeps) {
            all.addAll(Scenario.table());
        }
        if (what == What.sweeps || what == What.all) {
            all.addAll(Scenario.sweeps());
        }
        List<String> wanted = scenarios;
        if (wanted.isEmpty() && what == What.quick) {
            wanted = List.of("fan-1", "fan-10", "fan-1000", "echo");
        }
        List<String> names = wanted;
        return all.stream()
                .filter(s -> names.isEmpty() || names.contains(s.name()) || names.contains(s.sweep()))
                .toList();
    }

    /** The servers that can be started; the others are noted with the reason. */
    private List<Peer> peers() throws IOException, InterruptedException {
        List<String> wanted = servers;
        if (wanted.isEmpty() && what == What.quick) {
            wanted = List.of(Peer.PARLEY, Peer.NAIVE, Peer.BOUND);
        }
        List<Peer> peers = new ArrayList<>();
        Path folder = Path.of("src/bench/peers").toAbsolutePath();
        List<Peer> all = switch (what) {
            case cluster -> Peer.cluster(folder);
            case http -> Peer.http(folder);
            case compression -> Peer.compression(folder);
            case clients, append -> Peer.clients(folder);
            case presence -> Peer.presence(folder);
            default -> Peer.all(folder);
        };
        for (Peer peer : all) {
            if (wanted.isEmpty() || wanted.contains(peer.name())) {
                try (Servers servers = start(peer)) {
                    String version = servers.first().version();
                    if (!version.isEmpty()) {
                        results.version(peer.name(), version);
                    }
                    peers.add(peer);
                } catch (IOException e) {
                    results.leftOut(peer.name(), String.valueOf(e.getMessage()));
                    System.out.println(peer.name() + " is left out: " + e.getMessage());
                }
            }
        }
        for (String name : wanted) {
            if (peers.stream().noneMatch(peer -> peer.name().equals(name))
                    && !results.leftOut().containsKey(name)) {
                results.leftOut(name, "there is no such server");
            }
        }
        return peers;
    }

    private Servers start(Peer peer) throws IOException, InterruptedException {
        return new Servers(peer, out.resolve("logs").toAbsolutePath(), serverCores);
    }

    private void attempt(Peer peer, Scenario scenario, int round) throws InterruptedException {
        String title = String.format(Locale.ROOT, "%d/%d %-12s %-12s", round, rounds, scenario.name(), peer.name());
        try {
            Map<Metric, Double> values = measure(peer, scenario);
            results.add(new Results.Outcome(peer.name(), scenario, round, values));
            if (values.getOrDefault(Metric.LOAD, 0.0) > SATURATED) {
                results.remark("the load generator was saturated in " + scenario.name() + " with " + peer.name()
                        + ": deliveries a second and latency are the generator's there");
            }
            StringBuilder told = new StringBuilder(title);
            values.forEach((metric, value) -> told.append(' ')
                    .append(metric.title)
                    .append(' ')
                    .append(Metric.format(value))
                    .append(metric.unit));
            System.out.println(told);
        } catch (IOException e) {
            results.remark(peer.name() + " failed in " + scenario.name() + ": " + e.getMessage());
            System.out.println(title + " failed: " + e.getMessage());
        }
    }

    private Map<Metric, Double> measure(Peer peer, Scenario scenario) throws IOException, InterruptedException {
        try (Servers servers = start(peer);
                Load load = new Load(scenario, peer.dialect(), servers.ports())) {
            ServerProcess server = servers.first();
            long warmth = (long) (NANOS * (server.warmsUp() ? warm : warm / 3));
            Map<Metric, Double> values = switch (scenario.kind()) {
                case ROOMS, ECHO, EVENTS, CHAT, STATES, RENAMES, SAYS, GROWS -> talk(servers, load, scenario, warmth);
                case POSTS ->
                    switch (peer.dialect()) {
                        case REQUESTS -> requests(server, scenario, new HttpPublishing(server.port()), warmth);
                        case JETSTREAM -> requests(server, scenario, jetStream(server, StorageType.Memory), warmth);
                        case JETSTREAM_DISK -> requests(server, scenario, jetStream(server, StorageType.File), warmth);
                        default -> talk(servers, load, scenario, warmth);
                    };
                case IDLE -> idle(server, load, scenario);
                case CLIENTS -> clients(server, scenario);
                case HANDSHAKES -> handshakes(server, load, scenario, warmth);
                case RESUME -> resume(servers, load, warmth);
            };
            if (!servers.isAlive()) {
                throw new IOException("the server has ended");
            }
            if (!load.complaint().isEmpty()) {
                results.remark(peer.name() + " in " + scenario.name() + ": " + load.closed()
                        + " connections ended, the first: " + load.complaint());
            }
            return values;
        }
    }

    private Map<Metric, Double> talk(Servers servers, Load load, Scenario scenario, long warmth) throws IOException {
        load.open(scenario.members());
        load.listen(NANOS / 3);
        load.talk(warmth);
        long counted = (long) (NANOS * seconds);
        double cpu = servers.cpuSeconds();
        double nats = servers.natsCpuSeconds();
        double own = ServerProcess.ownCpuSeconds();
        long awake = load.idleNanos();
        load.count(counted);
        load.talk(counted);
        own = ServerProcess.ownCpuSeconds() - own - (double) (load.idleNanos() - awake) / NANOS;
        cpu = servers.cpuSeconds() - cpu;
        nats = servers.natsCpuSeconds() - nats;
        double resident = servers.residentKilobytes();
        load.listen(2 * NANOS);
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        if (load.deliveries() == 0) {
            throw new IOException("nothing was delivered. " + load.complaint());
        }
        boolean isSaid = scenario.kind() == Scenario.Kind.POSTS; // to nobody but the sender
        values.put(isSaid ? Metric.MESSAGE_CPU : Metric.CPU, cpu * 1e6 / load.deliveries());
        if (scenario.isOfCluster()) {
            values.put(Metric.NATS_CPU, nats * 1e6 / load.deliveries());
            values.put(Metric.BOTH_CPU, (cpu + nats) * 1e6 / load.deliveries());
        }
        if (scenario.kind() == Scenario.Kind.CHAT) {
            values.put(Metric.WIRE, (double) load.wireBytes() / load.deliveries());
        }
        values.put(Metric.RATE, load.deliveries() / seconds);
        values.put(Metric.SENT, load.sent() / seconds);
        values.put(Metric.RATIO, load.ratio() * 100);
        Histogram latency = load.latency();
        values.put(Metric.P50, latency.getValueAtPercentile(50) / 1e3);
        values.put(Metric.P90, latency.getValueAtPercentile(90) / 1e3);
        values.put(Metric.P99, latency.getValueAtPercentile(99) / 1e3);
        values.put(Metric.P999, latency.getValueAtPercentile(99.9) / 1e3);
        values.put(Metric.MAX, latency.getMaxValue() / 1e3);
        values.put(Metric.RSS, resident / 1024);
        values.put(Metric.CLOSED, (double) load.closed());
        values.put(Metric.LOST, (double) load.lost());
        if (scenario.isOfPresence()) {
            double memberSeconds = scenario.members() * seconds;
            values.put(Metric.MEMBER_CPU, cpu * 1e6 / memberSeconds);
            values.put(Metric.EVENTS, load.presenceEvents() / memberSeconds);
            values.put(Metric.EVENT_BYTES, load.presenceBytes() / memberSeconds / 1024);
        }
        if (scenario.isOfGrowth()) {
            values.put(Metric.MEMBER_CPU, cpu * 1e6 / (scenario.members() * seconds));
            values.put(Metric.WIRE, (double) load.wireBytes() / load.deliveries());
        }
        if (scenario.joins() > 0) {
            values.put(Metric.JOINS, load.joined() / seconds);
        }
        values.put(Metric.LOAD, own / seconds * 100);
        return values;
    }

    private static Publishing jetStream(ServerProcess server, StorageType storage)
            throws IOException, InterruptedException {
        return new NatsPublishing(server.port(), storage);
    }

    private Map<Metric, Double> requests(ServerProcess server, Scenario scenario, Publishing publishing, long warmth)
            throws IOException {
        try (Requests load = new Requests(scenario, server.port(), publishing)) {
            load.talk(warmth);
            long counted = (long) (NANOS * seconds);
            double cpu = server.cpuSeconds();
            double own = ServerProcess.ownCpuSeconds();
            load.count(counted);
            load.talk(counted);
            own = ServerProcess.ownCpuSeconds() - own;
            cpu = server.cpuSeconds() - cpu;
            if (load.answers() == 0) {
                throw new IOException("nothing was answered");
            }
            Map<Metric, Double> values = new EnumMap<>(Metric.class);
            values.put(Metric.SENT, load.answers() / seconds);
            values.put(Metric.MESSAGE_CPU, cpu * 1e6 / load.answers());
            values.put(Metric.P50, load.latency().getValueAtPercentile(50) / 1e3);
            values.put(Metric.P99, load.latency().getValueAtPercentile(99) / 1e3);
            values.put(Metric.P999, load.latency().getValueAtPercentile(99.9) / 1e3);
            values.put(Metric.RSS, server.residentKilobytes() / 1024.0);
            values.put(Metric.LOAD, own / seconds * 100);
            return values;
        }
    }

    private Map<Metric, Double> idle(ServerProcess server, Load load, Scenario scenario)
            throws IOException, InterruptedException {
        // What comes with the first connections, such as classes, is not a connection's.
        load.open(WAVE / 10);
        load.leave();
        load.listen(NANOS);
        Optional<Long> live = server.liveBytes();
        double resident = server.residentKilobytes();
        double own = ServerProcess.ownCpuSeconds();
        long began = System.nanoTime();
        load.open(scenario.members());
        load.listen(2 * NANOS);
        own = (ServerProcess.ownCpuSeconds() - own) * NANOS / (System.nanoTime() - began);
        double cpu = server.cpuSeconds();
        load.listen((long) (NANOS * seconds));
        cpu = server.cpuSeconds() - cpu;
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        values.put(Metric.CONNECTION_RSS, (server.residentKilobytes() - resident) / scenario.members());
        values.put(Metric.RSS, server.residentKilobytes() / 1024.0);
        values.put(Metric.IDLE_CPU, cpu / seconds * 100);
        if (live.isPresent()) {
            double before = live.get();
            server.liveBytes()
                    .ifPresent(
                            after -> values.put(Metric.CONNECTION_HEAP, (after - before) / 1024 / scenario.members()));
        }
        values.put(Metric.LOAD, own * 100);
        return values;
    }

    private Map<Metric, Double> clients(ServerProcess server, Scenario scenario)
            throws IOException, InterruptedException {
        try (JavaClients clients = new JavaClients(server.port())) {
            return clients.measure(scenario.members(), seconds);
        }
    }

    private static Map<Metric, Double> handshakes(ServerProcess server, Load load, Scenario scenario, long warmth)
            throws IOException {
        long end = System.nanoTime() + warmth;
        while (System.nanoTime() < end) {
            load.open(WAVE);
            load.leave();
            load.listen(NANOS / 20);
        }
        load.listen(NANOS);
        double cpu = server.cpuSeconds();
        double own = ServerProcess.ownCpuSeconds();
        long began = System.nanoTime();
        load.open(scenario.members());
        double took = (double) (System.nanoTime() - began) / NANOS;
        own = ServerProcess.ownCpuSeconds() - own;
        cpu = server.cpuSeconds() - cpu;
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        values.put(Metric.HANDSHAKES, scenario.members() / took);
        values.put(Metric.HANDSHAKE_CPU, cpu * 1e6 / scenario.members());
        values.put(Metric.RSS, server.residentKilobytes() / 1024.0);
        values.put(Metric.LOAD, own / took * 100);
        return values;
    }

    /** A hundred clients come back at once, a few times, and want more than memory keeps. */
    private static Map<Metric, Double> resume(Servers servers, Load load, long warmth) throws IOException {
        load.open(1);
        load.count(TimeUnit.HOURS.toNanos(1));
        load.fill(RESUMED);
        long end = System.nanoTime() + warmth;
        while (System.nanoTime() < end) {
            load.resume(RESUMED);
        }
        double cpu = servers.cpuSeconds();
        double nats = servers.natsCpuSeconds();
        double own = ServerProcess.ownCpuSeconds();
        long deliveries = load.deliveries();
        long began = System.nanoTime();
        for (int wave = 0; wave < RESUMING_WAVES; wave++) {
            load.resume(RESUMED);
        }
        double took = (double) (System.nanoTime() - began) / NANOS;
        own = ServerProcess.ownCpuSeconds() - own;
        cpu = servers.cpuSeconds() - cpu;
        nats = servers.natsCpuSeconds() - nats;
        deliveries = load.deliveries() - deliveries;
        Map<Metric, Double> values = new EnumMap<>(Metric.class);
        values.put(Metric.CPU, cpu * 1e6 / deliveries);
        values.put(Metric.NATS_CPU, nats * 1e6 / deliveries);
        values.put(Metric.BOTH_CPU, (cpu + nats) * 1e6 / deliveries);
        values.put(Metric.RATE, deliveries / took);
        values.put(Metric.RSS, servers.residentKilobytes() / 1024.0);
        values.put(Metric.LOAD, own / took * 100);
        return values;
    }

    /** Whether Parley took far too much of the processor in every round. */
    private boolean isGross(Scenario scenario) {
        Optional<Results.Spread> ratio = results.ratio(Peer.PARLEY, Peer.BOUND, scenario, Metric.CPU);
        return ratio.isPresent()
                && target(scenario)
                        .filter(target -> ratio.get().min() > target.gross())
                        .isPresent();
    }

    private static Optional<Targets.Target> target(Scenario scenario) {
        return Targets.TO_BOUND.stream()
                .filter(target -> target.scenario().equals(scenario.name()))
                .findFirst();
    }

    /** Prints how Parley stands to the bound and to the naive loop; only what cannot be noise is a failure. */
    private int judge() {
        boolean gross = false;
        for (Scenario scenario : results.scenarios()) {
            Optional<Results.Spread> bound = results.ratio(Peer.PARLEY, Peer.BOUND, scenario, Metric.CPU);
            Optional<Results.Spread> naive = results.ratio(Peer.PARLEY, Peer.NAIVE, scenario, Metric.CPU);
            Optional<Targets.Target> target = target(scenario);
            boolean over = isGross(scenario);
            gross |= over;
            System.out.printf(
                    Locale.ROOT,
                    "%-10s Parley is %s x bound (target %s, fails over %s), %s x naive%s%n",
                    scenario.name(),
                    bound.map(Results.Spread::toString).orElse("?"),
                    target.map(t -> Metric.format(t.ratio())).orElse("none"),
                    target.map(t -> Metric.format(t.gross())).orElse("none"),
                    naive.map(Results.Spread::toString).orElse("?"),
                    over ? "  GROSS REGRESSION" : "");
        }
        return gross ? GROSS_REGRESSION : 0;
    }

    private void describe() throws IOException {
        results.about("date", now());
        results.about(
                "machine",
                Files.readString(Path.of("/proc/cpuinfo"), StandardCharsets.UTF_8)
                                .lines()
                                .filter(line -> line.startsWith("processor"))
                                .count()
                        + " cores, " + first("/proc/cpuinfo", "model name\\s*: (.*)") + ", "
                        + Long.parseLong(first("/proc/meminfo", "MemTotal:\\s+(\\d+)")) / (1 << 20) + " GiB");
        results.about(
                "kernel", first("/proc/sys/kernel/ostype", "(.*)") + " " + first("/proc/sys/kernel/osrelease", "(.*)"));
        results.about("Java", System.getProperty("java.vm.name") + " " + System.getProperty("java.runtime.version"));
        results.about("load average at the start", first("/proc/loadavg", "(\\S+ \\S+ \\S+)"));
        results.about(
                "how",
                String.format(
                        Locale.ROOT,
                        "%d rounds, interleaved; %s s each after %s s of warm-up (a third for what is compiled"
                                + " beforehand); servers on core %s, the load on core %s",
                        rounds,
                        Metric.format(seconds),
                        Metric.format(warm),
                        serverCores,
                        loadCores));
    }

    private static String first(String file, String pattern) throws IOException {
        Matcher matcher = Pattern.compile(pattern).matcher(Files.readString(Path.of(file), StandardCharsets.UTF_8));
        return matcher.find() ? matcher.group(1) : "?";
    }

    private static String now() {
        return LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm"));
    }
}
