package parley.bench;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** All that was measured in one run. */
final class Results {
    private final List<Outcome> outcomes = new ArrayList<>();
    private final Map<String, String> about = new LinkedHashMap<>();
    private final Map<String, String> versions = new LinkedHashMap<>();
    private final Map<String, String> leftOut = new LinkedHashMap<>();
    private final List<String> remarks = new ArrayList<>();

    /** One measurement. */
    record Outcome(String server, Scenario scenario, int round, Map<Metric, Double> values) {}

    /** Several rounds of one number. */
    record Spread(double min, double median, double max) {
        static Optional<Spread> of(double[] values) {
            if (values.length == 0) {
                return Optional.empty();
            }
            double[] sorted = values.clone();
            Arrays.sort(sorted);
            int middle = sorted.length / 2;
            double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
            return Optional.of(new Spread(sorted[0], median, sorted[sorted.length - 1]));
        }

        @Override
        public String toString() {
            String middle = Metric.format(median);
            return min == max ? middle : middle + " (" + Metric.format(min) + ".." + Metric.format(max) + ")";
        }
    }

    void add(Outcome outcome) {
        outcomes.add(outcome);
    }

    void about(String what, String value) {
        about.put(what, value);
    }

    void version(String server, String version) {
        versions.put(server, version);
    }

    void leftOut(String server, String why) {
        leftOut.put(server, why);
    }

    void remark(String remark) {
        if (!remarks.contains(remark)) {
            remarks.add(remark);
        }
    }

    Map<String, String> about() {
        return about;
    }

    Map<String, String> versions() {
        return versions;
    }

    Map<String, String> leftOut() {
        return leftOut;
    }

    List<String> remarks() {
        return remarks;
    }

    int rounds() {
        return outcomes.stream().mapToInt(Outcome::round).max().orElse(0);
    }

    /** The scenarios that were run, in their order. */
    List<Scenario> scenarios() {
        return outcomes.stream().map(Outcome::scenario).distinct().toList();
    }

    /** The servers that have a result there, the one with the least first. */
    List<String> ranking(Scenario scenario, Metric metric) {
        return outcomes.stream()
                .filter(outcome -> outcome.scenario().equals(scenario))
                .map(Outcome::server)
                .distinct()
                .filter(server -> spread(server, scenario, metric).isPresent())
                .sorted((a, b) -> Double.compare(median(a, scenario, metric), median(b, scenario, metric)))
                .toList();
    }

    private double median(String server, Scenario scenario, Metric metric) {
        return spread(server, scenario, metric).map(Spread::median).orElse(0.0);
    }

    Optional<Spread> spread(String server, Scenario scenario, Metric metric) {
        return Spread.of(of(server, scenario)
                .filter(outcome -> outcome.values().containsKey(metric))
                .mapToDouble(outcome -> outcome.values().getOrDefault(metric, 0.0))
                .toArray());
    }

    /** How a server stands to another one, round by round: what disturbs a round disturbs both. */
    Optional<Spread> ratio(String server, String to, Scenario scenario, Metric metric) {
        List<Double> ratios = new ArrayList<>();
        of(server, scenario)
                .forEach(mine -> of(to, scenario)
                        .filter(theirs -> theirs.round() == mine.round())
                        .forEach(theirs -> {
                            double divisor = theirs.values().getOrDefault(metric, 0.0);
                            if (divisor > 0 && mine.values().containsKey(metric)) {
                                ratios.add(mine.values().getOrDefault(metric, 0.0) / divisor);
                            }
                        }));
        return Spread.of(ratios.stream().mapToDouble(Double::doubleValue).toArray());
    }

    private Stream<Outcome> of(String server, Scenario scenario) {
        return outcomes.stream()
                .filter(outcome ->
                        outcome.server().equals(server) && outcome.scenario().equals(scenario));
    }

    /** Every number of every round. */
    String json() {
        JsonArrayBuilder all = Json.createArrayBuilder();
        for (Outcome outcome : outcomes) {
            JsonObjectBuilder values = Json.createObjectBuilder();
            outcome.values().forEach((metric, value) -> values.add(metric.name(), value));
            all.add(Json.createObjectBuilder()
                    .add("scenario", outcome.scenario().name())
                    .add("server", outcome.server())
                    .add("round", outcome.round())
                    .add("values", values));
        }
        JsonObjectBuilder meanings = Json.createObjectBuilder();
        for (Metric metric : Metric.values()) {
            meanings.add(metric.name(), (metric.unit + " " + metric.meaning).strip());
        }
        return Json.createObjectBuilder()
                .add("about", object(about))
                .add("versions", object(versions))
                .add("leftOut", object(leftOut))
                .add("remarks", Json.createArrayBuilder(remarks))
                .add("metrics", meanings)
                .add("measurements", all)
                .build()
                .toString();
    }

    private static JsonObjectBuilder object(Map<String, String> map) {
        JsonObjectBuilder object = Json.createObjectBuilder();
        map.forEach(object::add);
        return object;
    }
}
