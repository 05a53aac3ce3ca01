package parley.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Writes what was measured: {@code results.json}, {@code results.md} and the charts that it shows. */
final class Report {
    private static final List<Metric> ROOMS = List.of(
            Metric.CPU,
            Metric.NATS_CPU,
            Metric.BOTH_CPU,
            Metric.WIRE,
            Metric.RATE,
            Metric.RATIO,
            Metric.P50,
            Metric.P99,
            Metric.P999,
            Metric.RSS,
            Metric.JOINS,
            Metric.CLOSED,
            Metric.LOST,
            Metric.LOAD);
    private static final List<Metric> POSTS = List.of(
            Metric.SENT, Metric.MESSAGE_CPU, Metric.P50, Metric.P99, Metric.P999, Metric.RSS, Metric.LOST, Metric.LOAD);
    private static final List<Metric> IDLE =
            List.of(Metric.CONNECTION_RSS, Metric.CONNECTION_HEAP, Metric.IDLE_CPU, Metric.RSS, Metric.LOAD);
    private static final List<Metric> HANDSHAKES =
            List.of(Metric.HANDSHAKES, Metric.HANDSHAKE_CPU, Metric.RSS, Metric.LOAD);

    private static final List<Metric> CLIENTS = List.of(
            Metric.CLIENT_HEAP,
            Metric.CLIENT_RSS,
            Metric.THREADS,
            Metric.PEAK_THREADS,
            Metric.RATIO,
            Metric.ODD,
            Metric.P50,
            Metric.P99,
            Metric.CLIENTS,
            Metric.IDLE_CPU);

    private static final List<Metric> PRESENCE = List.of(
            Metric.MEMBER_CPU,
            Metric.EVENTS,
            Metric.EVENT_BYTES,
            Metric.SENT,
            Metric.P50,
            Metric.P99,
            Metric.RSS,
            Metric.CLOSED,
            Metric.LOAD);

    private static final List<Metric> GROWTH = List.of(
            Metric.MEMBER_CPU, Metric.CPU, Metric.WIRE, Metric.RATE, Metric.RATIO, Metric.P50, Metric.P99, Metric.LOAD);

    private static final Map<String, String> TITLES = Map.ofEntries(
            Map.entry("fan-1", "100 members, 1 sender, one message at a time"),
            Map.entry("fan-10", "100 members, 10 senders with 4 messages outstanding each"),
            Map.entry("fan-1000", "1,000 members, 20 senders with 8 messages outstanding each"),
            Map.entry("echo", "Echo, 100 connections, one message outstanding each"),
            Map.entry("slow", "100 members and 10 more that never read, 500 messages a second of 4 KB"),
            Map.entry("idle", "10,000 idle connections in 100 rooms"),
            Map.entry("handshakes", "10,000 handshakes, 100 at a time"),
            Map.entry("cluster-room-rate", "A room of 1,000, 1 sender, 50 messages a second"),
            Map.entry("cluster-rooms-rate", "100 rooms of 10, 1 sender in each, 500 messages a second in all"),
            Map.entry("cluster-room-most", "A room of 1,000, 1 sender with 16 messages outstanding"),
            Map.entry("cluster-rooms-most", "100 rooms of 10, 1 sender in each with 4 messages outstanding"),
            Map.entry(
                    "cluster-resume",
                    "100 clients come back at once, each wants the same 5,000 messages, of which memory keeps 1,000"),
            Map.entry("events-100", "100 readers, and a member that says 500 messages a second"),
            Map.entry("events-1000", "1,000 readers, and a member that says 50 messages a second"),
            Map.entry("clients-1000", "1,000 clients of the Java client in one JVM, all in one room"),
            Map.entry("clients-10000", "10,000 clients of the Java client in one JVM, all in one room"),
            Map.entry("states-1000", "1,000 members, 100 of whom change their state ten times a second"),
            Map.entry("renames-1000", "1,000 members, 100 of whom change their name ten times a second"),
            Map.entry("states-10000", "10,000 members, 1,000 of whom change their state ten times a second"),
            Map.entry("renames-10000", "10,000 members, 1,000 of whom change their name ten times a second"),
            Map.entry("says-50", "1,000 members, one of whom says 50 messages a second"),
            Map.entry("grows-50", "1,000 members, one of whom appends 50 pieces a second to one message"),
            Map.entry("posts", "32 clients that publish in a room each, one message at a time"),
            Map.entry("size", "The size of a message: 100 members, 10 senders with 4 outstanding"),
            Map.entry("rooms", "1,000 members spread over rooms"),
            Map.entry("members", "Members in a room, 1 sender, one message at a time"),
            Map.entry("busy", "Members in a room, 20 senders with 8 outstanding each"),
            Map.entry("rate", "Messages a second in a room of 100 members"),
            Map.entry("frozen", "100 members that read, and others that never do; 500 messages a second of 4 KB"),
            Map.entry("joins", "Joins a second to a room of 100 members, 100 messages a second"));

    private static final Map<String, String> AXES = Map.of(
            "size", "bytes of a message",
            "rooms", "rooms",
            "members", "members",
            "busy", "members",
            "rate", "messages a second",
            "frozen", "% of the members never read",
            "joins", "joins a second",
            "idle", "connections");

    /** What the cost of a delivery should go with; a sweep that has none begins at 0, or has two causes. */
    private static final Map<String, Growth.Model> MODELS = Map.of(
            "size", Growth.Model.PLACE,
            "rooms", Growth.Model.PLACE,
            "members", Growth.Model.SHARED,
            "busy", Growth.Model.SHARED,
            "rate", Growth.Model.SHARED);

    private final Results results;
    private final Path folder;
    private final StringBuilder text = new StringBuilder();

    Report(Results results, Path folder) {
        this.results = results;
        this.folder = folder;
    }

    /** Writes all files anew. */
    void write() throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("results.json"), results.json());
        line("# Benchmark of " + results.about().getOrDefault("date", ""));
        line("");
        results.about().forEach((what, value) -> line("- " + what + ": " + value));
        results.versions().forEach((server, version) -> line("- " + server + ": " + version));
        results.leftOut().forEach((server, why) -> line("- left out: " + server + " (" + why + ")"));
        results.remarks().forEach(remark -> line("- **" + remark + "**"));
        line("");
        line("Numbers are medians of the rounds, with the least and the most in brackets. Latency is in microseconds. "
                + "`CPU` is "
                + Metric.CPU.meaning
                + "; `x bound`, or another name, is how that stands to it in the same round; `delivered`: "
                + Metric.RATIO.meaning + "; `lost`: " + Metric.LOST.meaning + "; `load's CPU`: "
                + Metric.LOAD.meaning + ".");
        targets();
        for (Scenario scenario : results.scenarios()) {
            if (!scenario.isSweep()) {
                row(scenario);
            }
        }
        Set<String> sweeps = new LinkedHashSet<>();
        results.scenarios().stream().filter(Scenario::isSweep).forEach(s -> sweeps.add(s.sweep()));
        for (String sweep : sweeps) {
            sweep(sweep);
        }
        Files.writeString(folder.resolve("results.md"), text);
    }

    private void targets() {
        List<String> rows = new ArrayList<>();
        for (Targets.Target target : Targets.TO_BOUND) {
            scenario(target.scenario())
                    .flatMap(scenario -> results.ratio(Peer.PARLEY, Peer.BOUND, scenario, Metric.CPU))
                    .ifPresent(ratio -> rows.add(String.format(
                            Locale.ROOT,
                            "| %s | CPU, x bound | %s | %s | %s |",
                            target.scenario(),
                            Metric.format(target.ratio()),
                            ratio,
                            ratio.median() <= target.ratio() ? "yes" : "no")));
        }
        atMost(rows, "idle", Metric.CONNECTION_HEAP, Targets.IDLE_HEAP_KILOBYTES);
        atMost(rows, "idle", Metric.CONNECTION_RSS, Targets.IDLE_RESIDENT_KILOBYTES);
        reached("handshakes", Metric.HANDSHAKES)
                .ifPresent(spread -> rows.add("| handshakes | a second | at least "
                        + Metric.format(Targets.HANDSHAKES_A_SECOND) + " | " + spread + " | "
                        + (spread.median() >= Targets.HANDSHAKES_A_SECOND ? "yes" : "no") + " |"));
        if (!rows.isEmpty()) {
            line("");
            line("## Targets");
            line("");
            line("| scenario | of | target | Parley | reached |");
            line("|---|---|---|---|---|");
            rows.forEach(this::line);
        }
    }

    private void atMost(List<String> rows, String scenario, Metric metric, double target) {
        reached(scenario, metric)
                .ifPresent(spread -> rows.add("| " + scenario + " | " + metric.title + ", " + metric.unit
                        + " | at most " + Metric.format(target) + " | " + spread + " | "
                        + (spread.median() <= target ? "yes" : "no") + " |"));
    }

    private Optional<Results.Spread> reached(String scenario, Metric metric) {
        return scenario(scenario).flatMap(found -> results.spread(Peer.PARLEY, found, metric));
    }

    private Optional<Scenario> scenario(String name) {
        return results.scenarios().stream().filter(s -> s.name().equals(name)).findFirst();
    }

    /** A row of the table of targets: a table of all servers, and a chart. */
    private void row(Scenario scenario) throws IOException {
        List<Metric> metrics = switch (scenario.kind()) {
            case IDLE -> IDLE;
            case HANDSHAKES -> HANDSHAKES;
            case POSTS -> POSTS;
            case CLIENTS -> CLIENTS;
            case STATES, RENAMES -> PRESENCE;
            case SAYS, GROWS -> GROWTH;
            case ROOMS, ECHO, RESUME, EVENTS, CHAT -> ROOMS;
        };
        Metric main = metrics.get(0);
        String title = TITLES.getOrDefault(scenario.name(), scenario.name());
        line("");
        line("## " + scenario.name() + ": " + title);
        line("");
        List<String> servers = results.ranking(scenario, main);
        metrics = metrics.stream()
                .filter(metric -> servers.stream()
                        .flatMap(server -> results.spread(server, scenario, metric).stream())
                        .anyMatch(spread -> spread.max() > 0))
                .toList();
        StringBuilder head = new StringBuilder("| server |");
        StringBuilder rule = new StringBuilder("|---|");
        for (Metric metric : metrics) {
            head.append(' ')
                    .append(metric.title)
                    .append(
                            metric.unit.isEmpty() || metric.title.startsWith("p") || metric == Metric.MAX
                                    ? ""
                                    : ", " + metric.unit)
                    .append(" |");
            rule.append("---|");
            if (hasRatio(scenario, metric)) {
                head.append(" x ").append(base(scenario)).append(" |");
                rule.append("---|");
            }
        }
        line(head.toString());
        line(rule.toString());
        List<Chart.Series> bars = new ArrayList<>();
        for (String server : servers) {
            StringBuilder row = new StringBuilder("| " + server + " |");
            for (Metric metric : metrics) {
                Optional<Results.Spread> spread = results.spread(server, scenario, metric);
                boolean spreadShown = metric == main;
                row.append(' ')
                        .append(spread.map(s -> spreadShown ? s.toString() : Metric.format(s.median()))
                                .orElse(""))
                        .append(" |");
                if (hasRatio(scenario, metric)) {
                    row.append(' ')
                            .append(results.ratio(server, base(scenario), scenario, metric)
                                    .map(s -> Metric.format(s.median()))
                                    .orElse(""))
                            .append(" |");
                }
            }
            line(row.toString());
            results.spread(server, scenario, main)
                    .ifPresent(spread -> bars.add(new Chart.Series(server, List.of(new Chart.Point(0, spread)))));
        }
        if (!bars.isEmpty()
                && !scenario.isOfCluster()
                && !scenario.isOfHttp()
                && scenario.kind() != Scenario.Kind.CHAT) {
            String unit = main == Metric.CPU ? "microseconds of server CPU a delivery (less is better)" : main.meaning;
            if (main == Metric.CONNECTION_RSS) {
                unit = "KB of resident memory a connection (less is better)";
            }
            chart(scenario.name(), Chart.bars(title, subtitle(), unit, bars));
        }
    }

    private static String base(Scenario scenario) {
        if (scenario.kind() == Scenario.Kind.CHAT) {
            return Peer.PARLEY;
        }
        if (scenario.isOfHttp()) {
            return Peer.WEBSOCKET;
        }
        return scenario.isOfCluster() ? Peer.MEMORY : Peer.BOUND;
    }

    private static boolean hasRatio(Scenario scenario, Metric metric) {
        return metric == Metric.CPU
                || metric == Metric.WIRE
                || metric == Metric.MESSAGE_CPU
                || scenario.kind() == Scenario.Kind.POSTS && metric == Metric.SENT
                || scenario.isOfCluster() && (metric == Metric.BOTH_CPU || metric == Metric.RATE);
    }

    /** A sweep: what it costs and how late it is at each of its places. */
    private void sweep(String sweep) throws IOException {
        List<Scenario> places = results.scenarios().stream()
                .filter(s -> s.sweep().equals(sweep))
                .toList();
        line("");
        line("## Sweep: " + sweep);
        line("");
        String title = sweep.equals("idle") ? "Idle connections" : TITLES.getOrDefault(sweep, sweep);
        line(title + ".");
        if (sweep.equals("idle")) {
            places(sweep, places, title, Metric.CONNECTION_RSS, "KB of resident memory a connection");
            places(sweep, places, title, Metric.CONNECTION_HEAP, "KB of live heap a connection");
            return;
        }
        places(sweep, places, title, Metric.CPU, "microseconds of server CPU a delivery");
        places(sweep, places, title, Metric.P99, "p99 of the latency, microseconds");
        places(sweep, places, title, Metric.RATIO, "");
    }

    /** One metric along a sweep, as a table and, if it has a name for its axis, as a chart. */
    private void places(String sweep, List<Scenario> places, String title, Metric metric, String axis)
            throws IOException {
        Set<String> servers = new TreeSet<>();
        places.forEach(place -> servers.addAll(results.ranking(place, metric)));
        if (servers.isEmpty()) {
            return;
        }
        line("");
        line("| " + (metric.title + ", " + metric.unit) + " |"
                + String.join(
                        "",
                        places.stream()
                                .map(s -> " " + Metric.format(s.x()) + " |")
                                .toList()));
        line("|---|" + "---|".repeat(places.size()));
        List<Chart.Series> lines = new ArrayList<>();
        for (String server : servers) {
            StringBuilder row = new StringBuilder("| " + server + " |");
            List<Chart.Point> points = new ArrayList<>();
            for (Scenario place : places) {
                Optional<Results.Spread> spread = results.spread(server, place, metric);
                row.append(' ')
                        .append(spread.map(Results.Spread::toString).orElse(""))
                        .append(" |");
                spread.ifPresent(s -> points.add(new Chart.Point(place.x(), s)));
            }
            line(row.toString());
            lines.add(new Chart.Series(server, points));
        }
        Growth.Model model = metric == Metric.CPU ? MODELS.get(sweep) : null;
        if (model != null) {
            growth(lines, model);
        }
        if (!axis.isEmpty()) {
            chart(
                    sweep + "-" + metric.name().toLowerCase(Locale.ROOT).replace('_', '-'),
                    Chart.lines(title, subtitle(), AXES.getOrDefault(sweep, sweep), axis, lines, model));
        }
    }

    /** What fits each server's cost, and where it bends. */
    private void growth(List<Chart.Series> lines, Growth.Model model) {
        line("");
        line("| server | us a delivery, fitted | largest error | grows with the power, from place to place |");
        line("|---|---|---|---|");
        for (Chart.Series series : lines) {
            Growth.of(model, series.points())
                    .ifPresent(growth -> line("| " + series.name() + " | " + growth + " | "
                            + Math.round(100 * growth.error()) + " % | "
                            + String.join(
                                    ", ",
                                    Growth.powers(series.points()).stream()
                                            .map(power -> String.format(Locale.ROOT, "%.2f", power))
                                            .toList())
                            + " |"));
        }
    }

    private String subtitle() {
        return results.about().getOrDefault("machine", "") + "; "
                + results.about().getOrDefault("date", "")
                + (results.rounds() > 1 ? "; median, least and most of " + results.rounds() + " rounds" : "");
    }

    private void chart(String name, String svg) throws IOException {
        Files.writeString(folder.resolve(name + ".svg"), svg);
        line("");
        line("![" + name + "](" + name + ".svg)");
    }

    private void line(String line) {
        text.append(line).append('\n');
    }
}
