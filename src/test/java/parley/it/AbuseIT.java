package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.HdrHistogram.Histogram;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.Test;
import parley.servers.Ports;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;
import parley.testclient.Threads;

/** All that a stranger may try, at once, against a server with small limits, while others just talk. */
final class AbuseIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int TALKERS = 4;
    /** What each says with nobody else there, and at least during the abuse. */
    private static final int MESSAGES = 200;

    private final HttpClient http = HttpClient.newHttpClient();
    /** Where strangers do not come: on the other they push out whoever has not asked yet. */
    private final int statusPort = Ports.free();

    private final AtomicBoolean enough = new AtomicBoolean();

    /**
     * Something that is done again and again until there is enough. What the server does about it may be an exception
     * here.
     */
    private interface Abuse {
        void once() throws Exception;
    }

    @Test
    void whoTalksHasEveryMessageWhileAllLimitsAreHitAtOnce() throws Exception {
        try (ParleyProcess parley = ParleyProcess.start(settings(
                "status.port=" + statusPort,
                "limits.connections=400",
                "limits.connections-per-address=10",
                "limits.handshakes-per-second=10",
                "limits.handshakes-per-second-per-address=8",
                "limits.handshaking=50",
                "limits.handshake-timeout=2s",
                "limits.commands-per-second=300",
                "limits.bytes-per-second=512KiB",
                "limits.rooms=60",
                "limits.log-bytes=2MiB",
                "limits.backlog=256KiB",
                "room.members=50",
                "room.history-bytes=1MiB",
                "session.send-deadline=2s",
                "session.ping-interval=1s",
                "session.idle-timeout=4s",
                "trusted-proxies=127.0.0.1"))) {
            List<JsonClient> talkers = new ArrayList<>();
            for (int i = 0; i < TALKERS; i++) {
                talkers.add(new JsonClient(parley.socket("chat/good")));
                talkers.get(i).next("joined");
            }
            Histogram before = new Histogram(3);
            talk(talkers, before, 0, MESSAGES, () -> {});

            ExecutorService strangers = Executors.newCachedThreadPool();
            List<Future<?>> abuses = new ArrayList<>();
            for (Abuse abuse : abuses(parley)) {
                abuses.add(strangers.submit(() -> again(abuse)));
            }
            Histogram during = new Histogram(3);
            talk(talkers, during, MESSAGES, 10 * MESSAGES, this::needAllHit);
            enough.set(true);
            for (Future<?> abuse : abuses) {
                abuse.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            }
            strangers.shutdown();

            System.out.printf(
                    "abuse: say to ack %.1f ms before and %.1f ms meanwhile in the middle, %.1f and %.1f at 99 %%%n",
                    before.getValueAtPercentile(50) / 1e3,
                    during.getValueAtPercentile(50) / 1e3,
                    before.getValueAtPercentile(99) / 1e3,
                    during.getValueAtPercentile(99) / 1e3);
            assertThat(metric("parley_log_bytes")).isLessThanOrEqualTo(2 << 20);
            for (JsonClient talker : talkers) {
                talker.close();
            }
            await().atMost(PATIENCE).until(() -> metric("parley_sessions") == 0);
            assertThat(metric("parley_sessions_ended_total{code=\"1011\",reason=\"fault\"}"))
                    .isZero();
            assertThat(parley.stop()).isZero();
            assertThat(parley.output()).as("no stack trace").doesNotContain("\tat ");
            assertThat(parley.output().lines().count()).as("lines of the log").isLessThan(3_000);
        }
    }

    private static String[] settings(String... settings) {
        List<String> arguments = new ArrayList<>();
        for (String setting : settings) {
            arguments.addAll(List.of("--set", setting));
        }
        return arguments.toArray(new String[0]);
    }

    /**
     * Has all of them talk, each message after the last was acknowledged, and sees that each has heard all.
     *
     * @param most how many each says at most, and has said before when the condition holds
     */
    private void talk(List<JsonClient> talkers, Histogram latency, int first, int most, ThrowingRunnable isEnough)
            throws Exception {
        AtomicBoolean isOver = new AtomicBoolean();
        List<CompletableFuture<TreeSet<String>>> all = new ArrayList<>();
        for (int t = 0; t < talkers.size(); t++) {
            int who = t;
            all.add(CompletableFuture.supplyAsync(
                    () -> {
                        TreeSet<String> said = new TreeSet<>();
                        for (int n = first; n < first + most && (n < first + MESSAGES || !isOver.get()); n++) {
                            String text = who + "-" + n;
                            said.add(text);
                            say(talkers.get(who), text, latency);
                        }
                        return said;
                    },
                    Threads.EACH));
        }
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(200)).untilAsserted(isEnough);
        isOver.set(true);
        TreeSet<String> said = new TreeSet<>();
        for (CompletableFuture<TreeSet<String>> one : all) {
            said.addAll(one.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        }
        for (JsonClient talker : talkers) {
            TreeSet<String> heard = new TreeSet<>();
            while (heard.size() < said.size()) {
                JsonObject message = talker.nextMessageOrGap();
                assertThat(message.getString("type")).isEqualTo("message");
                assertThat(heard.add(message.getString("text"))).isTrue();
            }
            assertThat(heard).isEqualTo(said);
        }
    }

    private static void say(JsonClient talker, String text, Histogram latency) {
        try {
            long began = System.nanoTime();
            JsonObject answer = talker.ask("{'type':'say','room':'good','text':'" + text + "'}");
            assertThat(answer.getString("type")).isEqualTo("ack");
            synchronized (latency) {
                latency.recordValue((System.nanoTime() - began) / 1000);
            }
            Thread.sleep(10);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    private Void again(Abuse abuse) throws InterruptedException {
        while (!enough.get()) {
            try {
                abuse.once();
            } catch (Exception | AssertionError e) {
                Thread.sleep(1); // refused, closed or cut, as it should be
            }
        }
        return null;
    }

    private List<Abuse> abuses(ParleyProcess parley) {
        int port = parley.port();
        byte[] flood = RawClient.encode(0x82, true, 16_000, new byte[16_000]);
        return List.of(
                // Handshakes that cannot be, as fast as they go.
                () -> handshake(port, "/chat/a%20b", 1).close(),
                () -> handshake(port, "/nothing", 1).close(),
                () -> handshake(port, "/echo", 12).close(),
                // Connections from one address, kept.
                () -> crowd(port),
                // TCP connections that ask for nothing, or slowly.
                () -> mute(port),
                // Commands and errors as fast as they go.
                () -> commands(port, "{\"type\":\"say\",\"room\":\"bad\",\"text\":\"x\"}", 3),
                () -> commands(port, "no json", 4),
                () -> bytes(port),
                // Rooms, each with as much as it may keep.
                () -> rooms(port),
                // Messages that are too long, and frames that are broken.
                () -> tooLong(port),
                () -> unmasked(port),
                // Echoes that nobody reads, and members that read nothing.
                () -> {
                    try (RawClient client = handshake(port, "/echo", 9)) {
                        while (!enough.get()) {
                            client.raw(flood);
                        }
                    }
                },
                () -> {
                    try (RawClient client = handshake(port, "/chat/bad", 10)) {
                        client.readToEnd();
                    }
                },
                () -> frozen(port));
    }

    private static RawClient handshake(int port, String target, int who) throws IOException {
        return RawClient.handshake(port, target, 4096, "X-Forwarded-For: 203.0.113." + who + "\r\n");
    }

    private static RawClient json(int port, String target, int who) throws IOException {
        return RawClient.handshake(
                port,
                target,
                4096,
                "X-Forwarded-For: 203.0.113." + who + "\r\nSec-WebSocket-Protocol: parley.v1.json\r\n");
    }

    private void crowd(int port) throws Exception {
        List<RawClient> crowd = new ArrayList<>();
        try {
            for (int i = 0; i < 60; i++) {
                crowd.add(handshake(port, "/chat/crowd", 2));
            }
            Thread.sleep(100);
        } finally {
            for (RawClient client : crowd) {
                client.close();
            }
        }
    }

    private void mute(int port) throws Exception {
        List<Socket> mute = new ArrayList<>();
        try {
            for (int i = 0; i < 100; i++) {
                mute.add(new Socket("127.0.0.1", port));
                mute.get(i).getOutputStream().write("GET /echo HTTP/1.1\r\nX: ".getBytes(StandardCharsets.US_ASCII));
            }
            Thread.sleep(2_200); // longer than a connection may
        } finally {
            for (Socket socket : mute) {
                socket.close();
            }
        }
    }

    private void commands(int port, String command, int who) throws Exception {
        try (RawClient client = json(port, "/chat/bad", who)) {
            while (!enough.get()) {
                client.text(command);
            }
        }
    }

    /** By one who reads: otherwise it is stuck before it has been over its rate for seconds. */
    private void bytes(int port) throws Exception {
        String large = "{\"type\":\"say\",\"room\":\"bad\",\"text\":\"" + "x".repeat(60_000) + "\"}";
        try (RawClient client = json(port, "/chat/bad", 5)) {
            CompletableFuture<Void> reading = CompletableFuture.runAsync(() -> readClose(client), Threads.EACH);
            while (!enough.get() && !reading.isDone()) {
                client.text(large);
            }
        }
    }

    private static void readClose(RawClient client) {
        try {
            client.readClose();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void rooms(int port) throws Exception {
        try (RawClient client = json(port, "/chat/room-0", 6)) {
            for (int i = 0; !enough.get(); i = (i + 1) % 80) {
                client.text("{\"type\":\"join\",\"room\":\"room-" + i + "\"}");
                client.text("{\"type\":\"say\",\"room\":\"room-" + i + "\",\"text\":\"" + "x".repeat(50_000) + "\"}");
                client.text("{\"type\":\"leave\",\"room\":\"room-" + i + "\"}");
                Thread.sleep(20);
            }
        }
    }

    private void tooLong(int port) throws Exception {
        try (RawClient client = handshake(port, "/chat/bad", 7)) {
            client.text("x".repeat(70_000));
            client.readToEnd();
        }
    }

    private void unmasked(int port) throws Exception {
        try (RawClient client = handshake(port, "/chat/bad", 8)) {
            client.raw(new byte[] {(byte) 0x81, 1, 'x'});
            client.readToEnd();
        }
    }

    private void frozen(int port) throws Exception {
        try (RawClient client = handshake(port, "/chat/bad", 11)) {
            for (int i = 0; i < 50 && !enough.get(); i++) {
                client.frame(true, RawClient.PONG, new byte[0]); // alive, and reading nothing
                Thread.sleep(100);
            }
        }
    }

    private void needAllHit() throws Exception {
        String metrics = metrics();
        assertThat(Stream.of(
                                "parley_handshakes_refused_total{cause=\"bad-request\"}",
                                "parley_handshakes_refused_total{cause=\"not-found\"}",
                                "parley_handshakes_refused_total{cause=\"address-full\"}",
                                "parley_handshakes_refused_total{cause=\"rate\"}",
                                "parley_handshakes_refused_total{cause=\"address-rate\"}",
                                "parley_sessions_ended_total{code=\"1008\",reason=\"flooding-bytes\"}",
                                "parley_sessions_ended_total{code=\"1009\",reason=\"too-big\"}",
                                "parley_sessions_ended_total{code=\"1013\",reason=\"echo-backlog\"}",
                                "parley_commands_limited_total",
                                "parley_rooms_forgotten_total")
                        .filter(name -> value(metrics, name) == 0))
                .as("limits that nobody has hit")
                .isEmpty();
    }

    private double metric(String name) throws Exception {
        return value(metrics(), name);
    }

    private static double value(String metrics, String name) {
        return metrics.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }

    private String metrics() throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + statusPort + "/metrics");
        return http.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }
}
