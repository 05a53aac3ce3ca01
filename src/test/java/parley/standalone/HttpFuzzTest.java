package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Whatever is asked for, with whatever headers and bodies: an answer each time, and nothing in the log. Failures name
 * their seed.
 */
class HttpFuzzTest extends HttpBase {
    private static final int REQUESTS = 1500;
    private static final List<String> METHODS =
            List.of("GET", "POST", "POST", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH", "get", "X-Y");
    private static final List<String> PARTS = List.of(
            "rooms",
            "rooms",
            "rooms",
            "messages",
            "messages",
            "members",
            "events",
            "events",
            "tickets",
            "openapi.json",
            "sessions",
            "java",
            "a%20b",
            "..",
            ".",
            "",
            "%00",
            "%2F",
            "%zz",
            "%",
            "ü",
            ";x=1",
            "*",
            "{room}",
            "health",
            "metrics",
            "chat",
            "x".repeat(200));
    private static final List<String> QUERIES = List.of(
            "",
            "",
            "",
            "?",
            "?after=1",
            "?after=-1",
            "?before=99999999999999999999",
            "?limit=0",
            "?limit=%FF",
            "?limit=10&limit=x",
            "?reason=%0A",
            "?prefix=%ED%A0%80",
            "?token=a.b.c",
            "?&&=&=",
            "?ticket=a.b.c",
            "?ticket=eyJhbGciOiJub25lIn0.e30.",
            "?ticket=" + "t".repeat(5000),
            "?room=a&room=b",
            "?room=a&room=a!&history=3",
            "?" + "room=r&".repeat(30),
            "?since=0",
            "?since=2026-11-28T09:00:00Z",
            "?since=-999999999-01-01T00:00:00Z",
            "?since=%00",
            "?after=0&wait=1s",
            "?after=0&wait=99999999999999999999s",
            "?lastEventId=a:1",
            "?lastEventId=a=x:1,b=x:99999999999999999999",
            "?history=-1",
            "?after=1&before=2",
            "?" + "a=b&".repeat(300));
    private static final List<String> HEADERS = List.of(
            "Content-Type: application/json",
            "Content-Type: application/json",
            "Content-Type: application/x-ndjson",
            "Content-Type: ;;;=",
            "Content-Type: application/json;charset",
            "Authorization: Bearer " + KEY,
            "Authorization: Bearer " + KEY,
            "Authorization: Bearer",
            "Authorization: bearer \u00fc",
            "Authorization: Basic eDp5",
            "If-Match: \"a:1\"",
            "If-Match: *",
            "If-Match: \":\"",
            "If-None-Match: W/\"x\", *",
            "Idempotency-Key: " + "k".repeat(65),
            "Idempotency-Key: \"\"",
            "Origin: https://evil.example",
            "Origin: null",
            "Origin: ::::",
            "X-Forwarded-For: 203.0.113.7, 203.0.113.8",
            "Expect: 100-continue",
            "Accept: */*;q=x",
            "Cookie: a=b",
            "Cookie: ;;=;=x;\u00fc",
            "Last-Event-ID: a:1",
            "Last-Event-ID: end",
            "Last-Event-ID: a=x:1,b=y:2",
            "Last-Event-ID: ,,=::",
            "Last-Event-ID: " + "a=b:1,".repeat(400),
            "Last-Event-ID: \u00fc:999999999999999999999",
            "Upgrade: h2c",
            "Sec-Fetch-Site: cross-site");
    private static final List<String> BODIES = List.of(
            "",
            "{}",
            "{\"text\":\"hi\"}",
            "{\"text\":\"hi\",\"from\":\"\u202e\"}",
            "{\"text\":\"\\ud800\"}",
            "{\"data\":1e999999999}",
            "{\"data\":" + "[".repeat(5000),
            "{\"rooms\":[\"a\",\"b\"],\"text\":\"x\"}",
            "{\"rooms\":{}}",
            "\u0000",
            "null",
            "{\"text\":\"a\"}\n{}\nx\n",
            "\n".repeat(3000),
            "{\"id\":\"" + "i".repeat(70) + "\",\"text\":\"x\"}",
            "\uffff",
            "x".repeat(70_000));

    /** What was logged besides counted refusals, on whatever thread. */
    private final Queue<String> logged = new ConcurrentLinkedQueue<>();

    private final Handler handler = new Handler() {
        @Override
        public void publish(LogRecord entry) {
            if (entry.getThrown() != null || entry.getLevel().intValue() >= Level.WARNING.intValue()) {
                logged.add(entry.getLoggerName() + ": " + entry.getMessage() + " " + entry.getThrown());
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void watchTheLog() {
        Logger.getLogger("").addHandler(handler);
    }

    @AfterEach
    void watchTheLogNoMore() {
        Logger.getLogger("").removeHandler(handler);
    }

    @Test
    void everyRequestIsAnsweredAndNothingIsLogged() throws Exception {
        startWithKey("limits.requests-per-second-per-address=0");
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < REQUESTS; i++) {
            byte[] request = request(random);
            String status = send(request, random);
            assertThat(status)
                    .as("seed %s, request %s: %s", seed, i, new String(request, StandardCharsets.ISO_8859_1))
                    .matches("HTTP/1.[01] [1-5]\\d\\d.*")
                    .doesNotContain(" 500");
            assertThat(logged).as("seed %s, request %s", seed, i).isEmpty();
        }
        assertThat(post("java", "{'text':'hi'}").status()).isEqualTo(201);
        assertThat(server.parley().rooms().roomCount()).isLessThan(10);
    }

    private static byte[] request(Random random) throws IOException {
        StringBuilder head = new StringBuilder(pick(random, METHODS)).append(' ');
        int parts = 1 + random.nextInt(4);
        if (random.nextInt(3) == 0) {
            head.append("/rooms/java/messages");
        } else {
            for (int i = 0; i < parts; i++) {
                head.append('/').append(pick(random, PARTS));
            }
        }
        head.append(pick(random, QUERIES)).append(" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        for (int i = random.nextInt(5); i > 0; i--) {
            head.append(pick(random, HEADERS)).append("\r\n");
        }
        byte[] body = pick(random, BODIES).getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        if (random.nextInt(4) == 0) {
            head.append("Transfer-Encoding: chunked\r\n\r\n");
            request.write(head.toString().getBytes(StandardCharsets.UTF_8));
            if (body.length > 0) {
                request.write((Integer.toHexString(body.length) + "\r\n").getBytes(StandardCharsets.US_ASCII));
                request.write(body);
                request.write("\r\n".getBytes(StandardCharsets.US_ASCII));
            }
            request.write("0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        } else {
            head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
            request.write(head.toString().getBytes(StandardCharsets.UTF_8));
            request.write(body);
        }
        return request.toByteArray();
    }

    private static <T> T pick(Random random, List<T> from) {
        return from.get(random.nextInt(from.size()));
    }

    /**
     * Sends it, in two parts now and then, and returns the first line of the answer; of the last answer when the first
     * is 100.
     */
    private String send(byte[] request, Random random) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            socket.setTcpNoDelay(true);
            int first = random.nextBoolean() ? request.length : random.nextInt(request.length);
            try {
                socket.getOutputStream().write(request, 0, first);
                socket.getOutputStream().write(request, first, request.length - first);
            } catch (IOException e) {
                // It has answered already, and closed.
            }
            byte[] answer = new byte[256];
            int read = socket.getInputStream().readNBytes(answer, 0, 60);
            return new String(answer, 0, read, StandardCharsets.US_ASCII)
                    .lines()
                    .findFirst()
                    .orElse("");
        }
    }
}
