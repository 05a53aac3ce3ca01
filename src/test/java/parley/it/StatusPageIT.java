package parley.it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import parley.app.PageHeaders;
import parley.servers.Ports;

/**
 * The status page before a server that says what the test says: what is shown, what when nothing can be read, and how
 * often it asks.
 */
@Tag("without-parley")
final class StatusPageIT extends BrowserBase {
    private static final Duration PERIOD = Duration.ofMillis(400);

    @Test
    void figuresAreThoseOfTheServerAndOfTheTimeBetweenTwoReadings() throws Exception {
        try (Canned server = Canned.start()) {
            Window page = open(server.page());
            page.awaitText("status-state", "Ready");
            shows(page, "sessions", "5");
            shows(page, "members", "1,250");
            shows(page, "rooms", "3");
            shows(page, "published", "10 messages/s");
            shows(page, "delivered", "1,000 messages/s");
            shows(page, "frames", "250 frames/s");
            shows(page, "perFrame", "4");
            shows(page, "missed", "1.5 messages/s");
            shows(page, "inFlight", "7");
            shows(page, "lag", "17 messages");
            shows(page, "publish", "p50 1 ms", "p99 55 ms");
            shows(page, "turn", "p50 250 µs", "p99 495 µs");
            shows(page, "handshake", "p50 –", "p99 –");
            shows(page, "refused", "full 2 handshakes/s, # in all", "origin 0 handshakes/s, 3 in all");
            shows(page, "closed", "1000 1 session/s, # in all", "1011 0 sessions/s, 1 in all");
            shows(page, "logs", "3 MiB");
            shows(page, "heap", "100 MiB");
            shows(page, "cpu", "25 %");
            assertThat(scale(page, "logs")).isEqualTo("of 256 MiB");
            assertThat(scale(page, "heap")).isEqualTo("of 512 MiB");
            assertThat(scale(page, "delivered")).isEqualTo("most 1,000 messages/s");
            assertThat(page.text("status-about")).containsPattern("^Up 1 h 0 min\\. Read at \\d.*\\.$");
            assertThat(browser.getTitle()).isEqualTo("Ready – Parley");
            assertThat(page.script("return document.querySelector('[data-panel=refused] .quiet-ones').textContent"))
                    .as("causes without any are folded")
                    .isEqualTo("2 others: none so far");
            assertThat(page.list("return ['publish', 'turn', 'handshake'].map(panel => document.querySelector("
                            + "`[data-panel=${panel}] .key`).className)"))
                    .as("one colour, one thing")
                    .containsOnly("key tone-0");
            assertThat(page.list("return [...document.querySelectorAll('nav a')].map(one => one.textContent)"))
                    .containsExactly("Chat", "Echo", "Status");

            String short1 = line(page, "sessions");
            server.sessions = 12_345;
            shows(page, "sessions", "12,345");
            assertThat(scale(page, "sessions")).isEqualTo("most 12,345");
            assertThat(line(page, "sessions"))
                    .hasSizeGreaterThan(short1.length())
                    .containsOnlyOnce("M");
            server.sessions = 4;
            shows(page, "sessions", "4");
            assertThat(scale(page, "sessions")).isEqualTo("most 12,345");

            server.isReady = false;
            page.awaitText("status-state", "Not ready: it is starting or stopping");
            assertThat(browser.getTitle()).isEqualTo("Not ready – Parley");
        }
    }

    @Test
    void aReaderThatIsRefusedReadsWhatTheServerSays() throws Exception {
        try (Canned server = Canned.start()) {
            server.status = 403;
            server.answer = "Metrics are for <b>loopback</b>: see the setting.\n";
            Window page = open(server.page());
            page.awaitText(
                    "status-state",
                    "The metrics cannot be read: the server answered 403: Metrics are for <b>loopback</b>: see the"
                            + " setting.");
            assertThat(page.text("status-about")).isEqualTo("Asking again every 0.4 seconds.");
            assertThat(page.find("status-figures").isDisplayed()).isFalse();
            screenshot("status-403.png");

            server.status = 200;
            server.answer = "";
            page.awaitText("status-state", "Ready");
            shows(page, "rooms", "3");
            expectNetworkErrors();
        }
        expectNetworkErrors();
    }

    @Test
    void whatIsNotTheMetricsOfParleyIsNotTakenForThem() throws Exception {
        try (Canned server = Canned.start()) {
            server.answer = "<!doctype html>\n<title>Log in</title>\n";
            Window page = open(server.page());
            page.awaitText(
                    "status-state",
                    "The metrics cannot be read: what came is something else, line 1 is no metric: <!doctype html>");
            server.answer = "process_uptime_seconds 3.5\n";
            page.awaitText("status-state", "The metrics cannot be read: what came is not of a Parley server");
        }
        expectNetworkErrors();
    }

    /**
     * The second is another process: it counts from nothing, and what it counts is no rate with what the first counted.
     */
    @Test
    void aServerThatGoesAwayAndComesBackIsReadOn() throws Exception {
        Canned first = Canned.start();
        Window page;
        String about;
        try (first) {
            page = open(first.page());
            shows(page, "published", "10 messages/s");
            page.awaitText("status-state", "Ready");
        }
        page.awaitText("status-state", "The metrics cannot be read: the server does not answer");
        page.awaitText("status-about", "Asking again every 0.4 seconds. What is below was read at ");
        shows(page, "published", "10 messages/s");
        assertThat(browser.getTitle()).isEqualTo("Cannot be read – Parley");
        about = page.text("status-about");
        screenshot("status-away.png");

        try (Canned second = Canned.startAt(first.port())) {
            second.sessions = 2;
            page.awaitText("status-state", "Ready");
            shows(page, "sessions", "2");
            assertThat(page.text("status-about")).isNotEqualTo(about);
            shows(page, "published", "10 messages/s");
            assertThat(scale(page, "published")).isEqualTo("most 10 messages/s");
            for (String panel : List.of("sessions", "published")) {
                assertThat(line(page, panel)).as("with one gap").containsPattern("^M[^M]+M[^M]+$");
            }
            expectNetworkErrors();
        }
        expectNetworkErrors();
    }

    @Test
    void itAsksOnceAtATimeAndNotWhileItIsOutOfSight() throws Exception {
        try (Canned server = Canned.start()) {
            server.delay = PERIOD.plusSeconds(1);
            Window page = open(server.page());
            untilHolds(() -> assertThat(server.answered).hasValueGreaterThanOrEqualTo(3));
            assertThat(server.mostAtOnce).hasValue(1);
            page.awaitText("status-state", "Ready");

            server.delay = PERIOD;
            int asked = server.asked.get();
            untilHolds(() -> assertThat(server.asked).hasValueGreaterThan(asked));
            assertThat(server.answered).as("while it waits for an answer").hasValueLessThan(server.asked.get());
            asksNothingWhileHidden(server, page);

            server.delay = Duration.ZERO;
            for (int i = 0; i < 2; i++) { // after the first, which took that long, it asked again at once
                page.script("document.getElementById('status-about').textContent = 'not read since'");
                untilHolds(() -> assertThat(page.text("status-about")).isNotEqualTo("not read since"));
            }
            assertThat(server.answered).as("between two answers").hasValue(server.asked.get());
            asksNothingWhileHidden(server, page);
        }
        expectNetworkErrors();
    }

    private static void asksNothingWhileHidden(Canned server, Window page) {
        setHidden(page, true);
        untilHolds(() -> assertThat(server.answered).hasValue(server.asked.get()));
        int before = server.asked.get();
        Awaitility.await().during(PERIOD.multipliedBy(3)).atMost(PATIENCE).until(() -> server.asked.get() == before);
        setHidden(page, false);
        untilHolds(() -> assertThat(server.asked).hasValueGreaterThanOrEqualTo(before + 2));
    }

    /** A browser without a screen takes no window out of sight, so the document says that it was. */
    private static void setHidden(Window page, boolean isHidden) {
        page.script("""
                Object.defineProperty(document, 'hidden', { value: arguments[0], configurable: true });
                document.dispatchEvent(new Event('visibilitychange'));
                """, isHidden);
    }

    @Test
    void itFitsASmallPhoneAndIsLightOrDark() throws Exception {
        try (Canned server = Canned.start()) {
            screen(1200, 900, false);
            Window page = open(server.page());
            for (int sessions : List.of(40, 90, 60)) {
                server.sessions = sessions;
                shows(page, "sessions", "" + sessions);
            }
            List<String> backs = new ArrayList<>();
            for (String scheme : List.of("light", "dark")) {
                colours(scheme);
                for (int width : List.of(1200, 320)) {
                    screen(width, 900, width == 320);
                    assertThat(page.script("return [innerWidth, document.documentElement.scrollWidth <= innerWidth]"))
                            .isEqualTo(List.of((long) width, true));
                    screenshot("status-" + scheme + "-" + width + ".png");
                }
                backs.add((String)
                        page.script("return getComputedStyle(document.querySelector('.panel')).backgroundColor"));
            }
            assertThat(backs).doesNotHaveDuplicates();
            assertThat(page.list("return [...document.querySelectorAll('h1, h2, h3')].map(one => one.textContent)"))
                    .containsExactly(
                            "Parley",
                            "Status",
                            "Who is here",
                            "Messages",
                            "Times",
                            "Refused and closed",
                            "The process");
            assertThat(page.list("""
                    return [...document.querySelectorAll('.panel')]
                        .filter(one => !one.querySelector('h4').textContent || !one.querySelector('.values').textContent
                            || one.querySelector('svg').getBoundingClientRect().width < 200)
                        .map(one => one.dataset.panel)
                    """))
                    .as("without a heading, a value or a chart")
                    .isEmpty();
            // All lines are stroked, in more than one colour: the classes reach them in spite of the policy.
            assertThat(page.list("return [...new Set([...document.querySelectorAll('.curve')].map(one =>"
                            + " getComputedStyle(one).stroke))]"))
                    .hasSizeGreaterThan(1)
                    .doesNotContain("none");
        }
        expectNetworkErrors();
    }

    /** Waits until a panel has these values; # stands for any number. */
    private static void shows(Window page, String panel, String... values) {
        untilHolds(() -> assertThat(page.list("""
                return [...document.querySelectorAll(`[data-panel=${arguments[0]}] .values > li`)].map(one => one.innerText)
                """, panel))
                .zipSatisfy(
                        List.of(values), (shown, value) -> assertThat(shown).matches(value.replace("#", "[\\d,]+"))));
    }

    private static String scale(Window page, String panel) {
        String scale = (String)
                page.script("return document.querySelector(`[data-panel=${arguments[0]}] .scale`).textContent", panel);
        assertThat(scale).as("an axis as long as there is data").containsPattern(", last \\d\\d? s$");
        return scale.replaceFirst(", last .*", "");
    }

    /** The first line of a panel, as a path of SVG. */
    private static String line(Window page, String panel) {
        return (String) page.script(
                "return document.querySelector(`[data-panel=${arguments[0]}] .curve`).getAttribute('d')", panel);
    }

    /**
     * Serves webapp under a path, with the headers that Parley gives it, and metrics that the test sets. With every
     * reading its clock goes on by two seconds, and its counters by the same, so that the rates are known. Called by
     * its own threads.
     */
    private static final class Canned implements AutoCloseable {
        private static final String CONTEXT = "/some/where/";
        private static final Map<String, String> TYPES =
                Map.of("html", "text/html", "css", "text/css", "js", "text/javascript", "svg", "image/svg+xml");

        final AtomicInteger asked = new AtomicInteger();
        final AtomicInteger answered = new AtomicInteger();
        final AtomicInteger mostAtOnce = new AtomicInteger();
        volatile int sessions = 5;
        volatile boolean isReady = true;
        volatile int status = 200;
        /** What to answer in place of metrics, or empty. */
        volatile String answer = "";

        volatile Duration delay = Duration.ZERO;

        private final HttpServer server;
        private final ExecutorService threads = Executors.newCachedThreadPool();

        private Canned(int port) throws IOException {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            server.createContext(CONTEXT, this::file);
            server.createContext(CONTEXT + "metrics", this::metrics);
            server.setExecutor(threads);
            server.start();
        }

        static Canned start() throws IOException {
            return new Canned(Ports.free());
        }

        static Canned startAt(int port) throws IOException {
            return new Canned(port);
        }

        int port() {
            return server.getAddress().getPort();
        }

        String page() {
            return "http://127.0.0.1:" + port() + CONTEXT + "status.html?every=" + PERIOD.toMillis() / 1e3;
        }

        private void file(HttpExchange exchange) throws IOException {
            String name = exchange.getRequestURI().getPath().substring(CONTEXT.length());
            Path file = Path.of("webapp", name);
            if (Files.isRegularFile(file)) {
                PageHeaders.ALL.forEach(exchange.getResponseHeaders()::set);
                send(exchange, 200, TYPES.get(name.substring(name.lastIndexOf('.') + 1)), Files.readString(file));
            } else {
                send(exchange, 404, "text/plain", "");
            }
        }

        private void metrics(HttpExchange exchange) throws IOException {
            int reading = asked.incrementAndGet();
            mostAtOnce.accumulateAndGet(reading - answered.get(), Math::max);
            try {
                Thread.sleep(delay.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            answered.incrementAndGet();
            send(exchange, status, "text/plain; charset=utf-8", answer.isEmpty() ? metrics(reading) : answer);
        }

        private static void send(HttpExchange exchange, int status, String type, String body) {
            byte[] bytes = body.getBytes(UTF_8);
            try (exchange) {
                exchange.getResponseHeaders().set("Content-Type", type);
                exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
                exchange.getResponseBody().write(bytes);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private String metrics(int n) {
            return """
                    # HELP parley_ready Whether it lets in
                    # TYPE parley_ready gauge
                    parley_ready %s
                    parley_sessions %d.0
                    parley_members 1250.0
                    parley_rooms 3.0
                    parley_messages_published_total %d.0
                    parley_messages_delivered_total %d.0
                    parley_frames_sent_total %d.0
                    parley_messages_missed_total{policy="drop-oldest"} %d.0
                    parley_messages_missed_total{policy="latest"} %d.0
                    """.formatted(isReady ? "1.0" : "0.0", sessions, 20 * n, 2000 * n, 500 * n, n, 2 * n)
                    + """
                    parley_member_lag_messages 17.0
                    parley_frames_in_flight 7.0
                    parley_publish_to_last_send_seconds_bucket{le="0.001"} %d
                    parley_publish_to_last_send_seconds_bucket{le="0.01"} %d
                    parley_publish_to_last_send_seconds_bucket{le="0.1"} %d
                    parley_publish_to_last_send_seconds_bucket{le="+Inf"} %d
                    parley_turn_seconds_bucket{le="5.0E-4"} %d
                    parley_turn_seconds_bucket{le="+Inf"} %d
                    parley_handshake_seconds_bucket{le="0.01"} 5
                    parley_handshake_seconds_bucket{le="+Inf"} 5
                    """.formatted(50 * n, 98 * n, 100 * n, 100 * n, 9 * n, 9 * n)
                    + """
                    parley_handshakes_refused_total{cause="full"} %d.0
                    parley_handshakes_refused_total{cause="origin"} 3.0
                    parley_handshakes_refused_total{cause="rate"} 0.0
                    parley_handshakes_refused_total{cause="token"} 0.0
                    parley_sessions_ended_total{code="1000",reason="left"} %d.0
                    parley_sessions_ended_total{code="1000",reason="lost"} %d.0
                    parley_sessions_ended_total{code="1011",reason="fault"} 1.0
                    parley_log_bytes 3145728.0
                    parley_log_limit_bytes 2.68435456E8
                    jvm_memory_used_bytes{area="heap",id="G1 Eden Space"} 6.291456E7
                    jvm_memory_used_bytes{area="heap",id="G1 Old Gen"} 4.194304E7
                    jvm_memory_used_bytes{area="nonheap",id="Metaspace"} 9.9E7
                    jvm_memory_max_bytes{area="heap",id="G1 Eden Space"} -1.0
                    jvm_memory_max_bytes{area="heap",id="G1 Old Gen"} 5.36870912E8
                    process_cpu_usage 0.25
                    process_uptime_seconds %d.0
                    """.formatted(4 * n, n, n, 3600 + 2 * n);
        }

        @Override
        public void close() {
            server.stop(0);
            threads.shutdownNow();
        }
    }
}
