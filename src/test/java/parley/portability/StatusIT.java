package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;
import parley.testclient.Client;

/** What operators and machines ask. */
class StatusIT extends Portability {
    @Test
    void probesAreAnswered() throws Exception {
        assertThat(get("/parley/health/live").body()).isEqualTo("{\"status\":\"live\"}\n");
        HttpResponse<String> ready = get("/parley/health/ready");
        assertThat(ready.statusCode()).isEqualTo(200);
        assertThat(ready.body()).isEqualTo("{\"status\":\"ready\"}\n");
        assertThat(ready.headers().firstValue("Content-Type")).get().asString().startsWith("application/json");
        assertThat(ready.headers().firstValue("Cache-Control")).hasValue("no-store");
    }

    @Test
    void metricsAreThereForPrometheus() throws Exception {
        try (Client one = open("/chat/measured?name=one");
                Client two = open("/chat/measured?name=two")) {
            two.say("in");
            one.next();
            two.next();
            HttpResponse<String> metrics = get("/parley/metrics");
            assertThat(metrics.statusCode()).isEqualTo(200);
            assertThat(metrics.headers().firstValue("Content-Type"))
                    .get()
                    .asString()
                    .startsWith("text/plain");
            assertThat(value("parley_sessions")).isGreaterThanOrEqualTo(2);
            assertThat(value("parley_messages_published_total")).isGreaterThanOrEqualTo(1);
            assertThat(value("parley_handshake_seconds_count")).isGreaterThanOrEqualTo(2);
            assertThat(metrics.body()).contains("jvm_memory_used_bytes{");
        }
        await().untilAsserted(() -> assertThat(value("parley_sessions")).isZero());
    }

    private double value(String metric) throws Exception {
        return get("/parley/metrics")
                .body()
                .lines()
                .filter(line -> line.startsWith(metric + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(metric.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no metric " + metric));
    }

    @Test
    void theStatusPageIsServed() throws Exception {
        assertThat(get("/parley/status.html").statusCode()).isEqualTo(200);
    }
}
