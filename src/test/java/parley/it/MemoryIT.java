package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** A process with little memory, and clients that have it hold as much as they may. */
final class MemoryIT {
    private static final int CLIENTS = 750;
    private static final int UNFINISHED_BYTES = 250 << 10;
    private static final int PART_BYTES = 25 << 10;
    private static final int HEALTHY = 200;
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final HttpClient http = HttpClient.newHttpClient();
    private final Histogram millis = new Histogram(3);

    /** Answered at all, whatever is going on; how fast is looked at over all of them. */
    private void isAlive(ParleyProcess parley) throws Exception {
        long began = System.nanoTime();
        HttpRequest request = HttpRequest.newBuilder(URI.create(parley.page() + "health/live"))
                .timeout(PATIENCE)
                .build();
        assertThat(http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode())
                .isEqualTo(HEALTHY);
        millis.recordValue((System.nanoTime() - began) / 1_000_000);
    }

    /**
     * As many as one address may have, each with a quarter of a megabyte of a message that it does not finish, in one
     * frame or in fragments: three quarters of the heap, which was more than the selectors had. The process stayed and
     * answered nobody, also after all had gone.
     */
    @Test
    void unfinishedMessagesOfManyClientsLeaveTheProcessAlive() throws Exception {
        byte[] part = new byte[PART_BYTES];
        Arrays.fill(part, (byte) ' ');
        byte[] frame = RawClient.encode(0x80 | RawClient.TEXT, true, UNFINISHED_BYTES + 1, new byte[UNFINISHED_BYTES]);
        try (ParleyProcess parley = ParleyProcess.startWith(
                List.of("-Xmx256m"), 0, "--set", "limits.bytes-per-second=0", "--set", "session.idle-timeout=3h")) {
            List<RawClient> clients = new ArrayList<>();
            try (JsonClient other = new JsonClient(parley.socket("chat/java"))) {
                other.next("joined");
                for (int i = 0; i < CLIENTS; i++) {
                    RawClient client = RawClient.openJson(parley.port(), "/chat/java", 0);
                    clients.add(client);
                    if (i % 2 == 0) {
                        client.raw(frame);
                    } else {
                        sendFragments(client, part);
                    }
                    if (i % 10 == 0) {
                        isAlive(parley);
                    }
                }
                await().atMost(PATIENCE)
                        .until(() -> metric(parley, "parley_held_bytes") <= metric(parley, "parley_held_limit_bytes"));
                assertThat(other.ask("{'type':'say','room':'java','text':'still here'}")
                                .getString("type"))
                        .isEqualTo("ack");
                assertThat(metric(parley, "parley_sessions_ended_total{code=\"1013\",reason=\"held-too-much\"}"))
                        .isGreaterThan(CLIENTS / 2);
            } finally {
                for (RawClient client : clients) {
                    client.close();
                }
            }
            await().atMost(PATIENCE).until(() -> metric(parley, "parley_sessions") == 0);
            isAlive(parley);
            assertThat(millis.getValueAtPercentile(95)).as("milliseconds").isLessThan(1_000);
            assertThat(parley.stop()).isZero();
            assertThat(parley.output()).doesNotContain("OutOfMemoryError").doesNotContain("\tat ");
        }
    }

    /** Cut in the middle, as the server may. */
    private static void sendFragments(RawClient client, byte[] part) throws IOException {
        for (int sent = 0; sent < UNFINISHED_BYTES; sent += part.length) {
            try {
                client.frame(false, sent == 0 ? RawClient.TEXT : RawClient.CONTINUATION, part);
            } catch (SocketException e) {
                return;
            }
        }
    }

    private double metric(ParleyProcess parley, String name) throws Exception {
        String metrics = http.send(
                        HttpRequest.newBuilder(URI.create(parley.page() + "metrics"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString())
                .body();
        return metrics.lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElse(0);
    }
}
