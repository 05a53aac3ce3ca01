package parley.app;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Dashboard, alerts and status page name metrics that there are; a name that is wrong would show an empty panel and no
 * fault.
 */
final class DashboardTest {
    private static final Path LIST = Path.of("src/test/resources/metrics.txt");
    private static final Path DASHBOARD = Path.of("docker/grafana/parley.json");
    private static final Pattern METRIC = Pattern.compile("\\b(?:parley|jvm|process)_[a-z0-9_]+\\b");
    private static final Pattern COUNTER = Pattern.compile("(\\w*\\(?)\\b\\w+_(?:total|bucket|sum|count)\\{");

    @ParameterizedTest
    @ValueSource(strings = {"docker/grafana/parley.json", "docker/prometheus/alerts.yml", "webapp/readings.js"})
    void everyMetricThatIsNamedIsInTheList(String file) throws Exception {
        assertThat(named(Path.of(file))).isNotEmpty().isSubsetOf(listed());
    }

    @Test
    void everyMetricOfParleyIsOnTheDashboard() throws Exception {
        Set<String> own = listed();
        own.removeIf(name -> !name.startsWith("parley_"));
        assertThat(own).isNotEmpty().isSubsetOf(named(DASHBOARD));
    }

    @Test
    void panelsHaveNumbersOfTheirOwnAndDoNotCoverEachOther() throws Exception {
        Set<Integer> numbers = new HashSet<>();
        Set<List<Integer>> taken = new HashSet<>();
        for (JsonObject panel : panels().getValuesAs(JsonObject.class)) {
            assertThat(numbers.add(panel.getInt("id")))
                    .as(panel.getString("title"))
                    .isTrue();
            JsonObject at = panel.getJsonObject("gridPos");
            assertThat(at.getInt("x") + at.getInt("w"))
                    .as(panel.getString("title"))
                    .isBetween(1, 24);
            for (int x = at.getInt("x"); x < at.getInt("x") + at.getInt("w"); x++) {
                for (int y = at.getInt("y"); y < at.getInt("y") + at.getInt("h"); y++) {
                    assertThat(taken.add(List.of(x, y)))
                            .as(panel.getString("title"))
                            .isTrue();
                }
            }
        }
    }

    @Test
    void queriesAreOfTheChosenSourceAndInstancesAndCountersAreRates() throws Exception {
        List<String> queries = new ArrayList<>();
        for (JsonObject panel : panels().getValuesAs(JsonObject.class)) {
            for (JsonObject target : targets(panel)) {
                assertThat(target.getJsonObject("datasource").getString("uid")).isEqualTo("${datasource}");
                queries.add(target.getString("expr"));
            }
        }
        assertThat(queries).isNotEmpty().allSatisfy(query -> {
            long metrics = METRIC.matcher(query).results().count();
            assertThat(query.split("\\{instance=~\"\\$instance\"", -1)).hasSize((int) metrics + 1);
            assertThat(COUNTER.matcher(query).results().map(counter -> counter.group(1)))
                    .allMatch(before -> before.equals("rate("));
            if (query.contains("_bucket")) {
                assertThat(query).startsWith("histogram_quantile(").contains("sum by (instance, le) (rate(");
            }
        });
    }

    private static List<JsonObject> targets(JsonObject panel) {
        if (panel.getString("type").equals("row")) {
            return List.of();
        }
        List<JsonObject> targets = panel.getJsonArray("targets").getValuesAs(JsonObject.class);
        assertThat(targets).as(panel.getString("title")).isNotEmpty();
        return targets;
    }

    private static JsonArray panels() throws Exception {
        try (JsonReader reader = Json.createReader(Files.newBufferedReader(DASHBOARD))) {
            return reader.readObject().getJsonArray("panels");
        }
    }

    private static Set<String> listed() throws Exception {
        return Files.readAllLines(LIST).stream()
                .filter(line -> !line.startsWith("#"))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    /** The metrics that a file names, those of a histogram by the name of their family. */
    private static Set<String> named(Path file) throws Exception {
        Set<String> listed = listed();
        return METRIC.matcher(Files.readString(file))
                .results()
                .map(MatchResult::group)
                .map(name -> listed.contains(name) ? name : name.replaceFirst("_(bucket|sum|count)$", ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
