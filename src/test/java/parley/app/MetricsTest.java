package parley.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class MetricsTest {
    /**
     * What Prometheus has words of its own for at the end of a name is cut off there, and the metric is called
     * otherwise.
     */
    @Test
    void everyMetricIsScrapedUnderItsWholeName() {
        Settings settings = new SettingsSources(Map.of(), new Properties()).load();
        Parley parley = new Parley(settings);
        Metrics metrics = new Metrics();
        try {
            metrics.of(parley.sessions(), parley.rooms(), parley.admission());
            String scrape = metrics.scrape();
            List<Meter.Id> own = metrics.ids()
                    .filter(id -> id.getName().startsWith("parley."))
                    .toList();
            assertThat(own).hasSizeGreaterThan(20);
            for (Meter.Id id : own) {
                assertThat(scrape).contains("# TYPE " + expected(id) + " ");
            }
        } finally {
            metrics.close();
            parley.stop();
        }
    }

    private static String expected(Meter.Id id) {
        String name = id.getName().replace('.', '_');
        String unit = id.getBaseUnit();
        return switch (id.getType()) {
            case COUNTER -> name + "_total";
            case TIMER -> name + "_seconds";
            default -> unit == null ? name : name + "_" + unit;
        };
    }
}
