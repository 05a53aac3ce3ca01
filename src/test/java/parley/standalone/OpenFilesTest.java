package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import parley.app.Settings;
import parley.app.SettingsSources;
import parley.testclient.LogLines;
import parley.testclient.RawClient;

/** A process that may have few files open. */
class OpenFilesTest {
    private static final Duration TO_START = Duration.ofSeconds(30);

    private static Settings settings(String... values) {
        SettingsSources sources = new SettingsSources(Map.of(), new Properties());
        for (String value : values) {
            sources.set(value.split("=")[0], value.split("=")[1]);
        }
        return sources.load();
    }

    @Test
    void limitsThatFitStayAsTheyAre() {
        Settings settings = settings();
        try (LogLines log = new LogLines("parley.standalone")) {
            assertThat(new OpenFiles(20_000, 60).fit(settings)).isSameAs(settings);
            assertThat(new OpenFiles(Long.MAX_VALUE, 60).fit(settings)).isSameAs(settings);
            assertThat(new OpenFiles(-1, 60).fit(settings)).isSameAs(settings);
            assertThat(log.all()).isEmpty();
        }
    }

    @Test
    void limitsThatDoNotFitAreLoweredWithAWarning() {
        try (LogLines log = new LogLines("parley.standalone")) {
            Settings lowered = new OpenFiles(1024, 60).fit(settings());
            assertThat(lowered.session().connections() + lowered.handshaking()).isEqualTo(1024 - 60 - 64);
            assertThat(lowered.session().connections()).isEqualTo(675);
            assertThat(lowered.describe())
                    .anySatisfy(line -> assertThat(line)
                            .startsWith("limits.connections = \"675\"")
                            .contains("lowered to the files that the process may have open"));
            assertThat(log.all())
                    .singleElement()
                    .asString()
                    .contains("1024 files", "limits.connections=10000", "ulimit -n");
        }
        Settings two = new OpenFiles(1024, 60).fit(settings("status.port=9090"));
        assertThat(two.session().connections() + 2 * two.handshaking()).isEqualTo(1024 - 60 - 64);
        Settings three = new OpenFiles(1024, 60).fit(settings("status.port=9090", "http.port=9091"));
        assertThat(three.session().connections() + 3 * three.handshaking()).isEqualTo(1024 - 60 - 64);
        Settings none = new OpenFiles(10, 60).fit(settings());
        assertThat(none.session().connections()).isEqualTo(1);
    }

    /** A server that takes orders on standard input. */
    static final class Starved {
        public static void main(String[] args) throws IOException {
            Server server = new Server(settings("listen.port=0"), Path.of("webapp"));
            System.out.println("port " + server.port());
            List<InputStream> files = new ArrayList<>();
            BufferedReader orders = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String order = orders.readLine(); order != null; order = orders.readLine()) {
                if (order.equals("take all")) {
                    try {
                        while (true) {
                            files.add(new FileInputStream("/dev/null"));
                        }
                    } catch (IOException e) {
                        System.out.println("taken");
                    }
                } else if (order.equals("give back")) {
                    for (InputStream file : files) {
                        file.close();
                    }
                }
            }
            System.exit(0);
        }
    }

    private static final class Started implements AutoCloseable {
        final Process process;
        final PrintWriter orders;
        final List<String> lines = new CopyOnWriteArrayList<>();
        final int port;

        Started(int files) throws Exception {
            process = new ProcessBuilder(
                            "bash",
                            "-c",
                            "ulimit -n " + files + "; exec \"$@\"",
                            "bash",
                            Path.of(System.getProperty("java.home"), "bin", "java")
                                    .toString(),
                            "-cp",
                            System.getProperty("java.class.path"),
                            Starved.class.getName())
                    .redirectErrorStream(true)
                    .start();
            orders = new PrintWriter(process.getOutputStream(), true, StandardCharsets.UTF_8);
            Thread reader = new Thread(
                    () -> new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))
                            .lines()
                            .forEach(lines::add));
            reader.setDaemon(true);
            reader.start();
            await().atMost(TO_START).until(() -> lines.stream().anyMatch(line -> line.startsWith("port ")));
            port = Integer.parseInt(lines.stream()
                    .filter(line -> line.startsWith("port "))
                    .findFirst()
                    .orElseThrow()
                    .substring("port ".length()));
        }

        long failures() throws IOException {
            String count = get("/metrics").replaceAll("(?s).*parley_accept_failures_total ([0-9.]+).*", "$1");
            return (long) Double.parseDouble(count);
        }

        String get(String path) throws IOException {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                socket.getOutputStream()
                        .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                                .getBytes(StandardCharsets.US_ASCII));
                return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            }
        }

        long cpuMillis() {
            return process.info().totalCpuDuration().orElseThrow().toMillis();
        }

        @Override
        public void close() throws Exception {
            orders.close();
            process.waitFor();
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void withFewFilesEveryClientIsAnswered() throws Exception {
        List<RawClient> clients = new ArrayList<>();
        try (Started server = new Started(300)) {
            assertThat(server.lines).anySatisfy(line -> assertThat(line).contains("300 files"));
            List<Integer> statuses = new ArrayList<>();
            for (int i = 0; i < 400; i++) {
                RawClient client = RawClient.handshake(server.port, "/echo", 0, "");
                statuses.add(client.status());
                clients.add(client);
            }
            assertThat(statuses).containsOnly(101, 503);
            assertThat(statuses.stream().filter(status -> status == 101)).hasSizeBetween(50, 200);
            assertThat(server.get("/health/live")).contains("200");
            assertThat(server.failures()).isZero();
        } finally {
            for (RawClient client : clients) {
                client.close();
            }
        }
    }

    @Test
    @DisabledOnOs(OS.WINDOWS)
    void withoutFilesTheServerWaitsForSomeAndDoesNotSpin() throws Exception {
        try (Started server = new Started(300)) {
            assertThat(server.failures()).isZero();
            server.orders.println("take all");
            await().until(() -> server.lines.contains("taken"));
            long before = server.cpuMillis();
            long since = System.nanoTime();
            Deque<Socket> clients = new ArrayDeque<>();
            try {
                // The connection that asked for the metrics may have gone since, and left room for another.
                await().until(() -> {
                    clients.add(new Socket(InetAddress.getLoopbackAddress(), server.port));
                    return server.lines.stream().anyMatch(line -> line.contains("cannot be accepted"));
                });
                await().until(() -> System.nanoTime() - since > 2_000_000_000L); // enough to tell a spin from a pause
                long used = server.cpuMillis() - before;
                server.orders.println("give back");
                Socket waiting = clients.getLast();
                waiting.getOutputStream()
                        .write("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(waiting.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .contains("200");
                assertThat(used).as("milliseconds of CPU in two seconds").isLessThan(1_000);
            } finally {
                for (Socket client : clients) {
                    client.close();
                }
            }
            assertThat(server.failures()).isBetween(1L, 100L);
            assertThat(server.lines.stream().filter(line -> line.contains("cannot be accepted")))
                    .hasSize(1);
        }
    }
}
