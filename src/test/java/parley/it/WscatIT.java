package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import parley.servers.Output;

/** Parley with wscat, the client that people try first. */
final class WscatIT {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static ParleyProcess parley;

    private Path wscat;

    @BeforeAll
    static void startParley() {
        parley = ParleyProcess.start("--set", "session.ping-interval=200ms");
    }

    @AfterAll
    static void stopParley() {
        assertThat(parley.stop()).as(parley::output).isZero();
    }

    @BeforeEach
    void findWscat() {
        wscat = Tool.find("npm install -g wscat", "wscat");
    }

    @Test
    void theEchoComesBack() {
        try (Wscat client = connect("echo")) {
            client.type("hello");
            client.awaitLine("hello");
            client.type("größer, 大きい, \uD83D\uDE80");
            client.awaitLine("größer, 大きい, \uD83D\uDE80");
        }
    }

    @Test
    void twoInOneRoomSeeEachOthersLinesWithNames() {
        try (Wscat ann = connect("chat/java?name=Ann");
                Wscat ben = connect("chat/java?name=Ben")) {
            ann.type("hello, I am Ann");
            ann.awaitLine("Ann: hello, I am Ann");
            ben.awaitLine("Ann: hello, I am Ann");
            ben.type("hello, I am Ben");
            ann.awaitLine("Ben: hello, I am Ben");
            ben.awaitLine("Ben: hello, I am Ben");
        }
    }

    @Test
    void whoIsInAnotherRoomSeesNothing() {
        try (Wscat ann = connect("chat/tea?name=Ann");
                Wscat ben = connect("chat/coffee?name=Ben")) {
            ann.type("tea, please");
            ann.awaitLine("Ann: tea, please");
            ben.type("coffee, please");
            ben.awaitLine("Ben: coffee, please");
            assertThat(ben.output()).doesNotContain("tea, please");
        }
    }

    /** It offers permessage-deflate, compresses messages over a kilobyte, and is sent them so. */
    @Test
    void whatIsLongGoesCompressedAndComesBackAsItWas() throws Exception {
        String line = IntStream.range(0, 400).mapToObj(i -> "größer " + i).collect(Collectors.joining(", "));
        long received = metric("parley_inflate_after_bytes_total");
        long sent = metric("parley_deflate_messages_total");
        try (Wscat client = connect("echo")) {
            client.type(line);
            client.awaitLine(line);
            client.type(line + " and again");
            client.awaitLine(line + " and again");
        }
        assertThat(metric("parley_inflate_after_bytes_total") - received)
                .isEqualTo(2L * line.getBytes(StandardCharsets.UTF_8).length + " and again".length());
        assertThat(metric("parley_deflate_messages_total") - sent).isEqualTo(2);
    }

    /** The conversation of the README. */
    @Test
    void jsonIsSpokenWithTheSubprotocol() {
        try (Wscat ann = connect("chat/json?name=Ann", "--subprotocol", "parley.v1.json")) {
            ann.awaitLineLike("{\"type\":\"welcome\",.*");
            ann.awaitLineLike("{\"type\":\"joined\",\"room\":\"json\",.*");
            ann.type("{\"type\":\"say\",\"room\":\"json\",\"text\":\"hello\",\"ref\":1}");
            ann.awaitLineLike("{\"type\":\"ack\",\"ref\":1,\"room\":\"json\",\"seq\":1,\"duplicate\":false}");
            ann.awaitLineLike(
                    "{\"type\":\"message\",\"room\":\"json\",\"seq\":1,.*\"from\":\"Ann\",\"text\":\"hello\"}");
            ann.type("{\"type\":\"who\",\"room\":\"json\"}");
            ann.awaitLineLike(
                    "{\"type\":\"members\",\"room\":\"json\",\"names\":[\"Ann\"],\"count\":1,\"more\":false}");
            ann.type("hello");
            ann.awaitLineLike("{\"type\":\"error\",\"code\":\"bad-json\",.*");
        }
    }

    private static long metric(String name) throws Exception {
        HttpRequest request =
                HttpRequest.newBuilder(URI.create(parley.page() + "metrics")).build();
        return HttpClient.newHttpClient()
                .send(request, HttpResponse.BodyHandlers.ofString())
                .body()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToLong(line -> (long) Double.parseDouble(line.substring(name.length() + 1)))
                .findFirst()
                .orElseThrow();
    }

    private Wscat connect(String endpoint, String... options) {
        return new Wscat(wscat, parley.socket(endpoint), options);
    }

    /**
     * A wscat, connected: its standard input stays open, since it leaves at the end of that.
     *
     * <p>It drops what is typed before it has connected, and says that it has only on a terminal. Here it shows pings,
     * so the first ping of the server is what tells.
     */
    private static final class Wscat implements AutoCloseable {
        private final Process process;
        private final Output output;
        private final Writer input;

        Wscat(Path wscat, String address, String... options) {
            List<String> command = new ArrayList<>(List.of(wscat.toString(), "--show-ping-pong", "--connect", address));
            command.addAll(List.of(options));
            try {
                process = new ProcessBuilder(command).redirectErrorStream(true).start();
            } catch (IOException e) {
                throw new UncheckedIOException("cannot run " + wscat, e);
            }
            input = process.outputWriter(StandardCharsets.UTF_8);
            output = new Output("wscat", process);
            try {
                output.await(Pattern.compile("Received ping"), PATIENCE);
            } catch (AssertionError e) {
                close();
                throw e;
            }
        }

        void type(String line) {
            try {
                input.write(line + "\n");
                input.flush();
            } catch (IOException e) {
                throw new UncheckedIOException("wscat takes no input; it printed:\n" + output.text(), e);
            }
        }

        /** Waits for a line that has come in. It may stand behind the prompt for the next to be typed. */
        void awaitLine(String line) {
            output.await(Pattern.compile("^(> )*" + Pattern.quote(line) + "$", Pattern.MULTILINE), PATIENCE);
        }

        /** Waits for such a line; {@code .*} stands for anything, the rest for itself. */
        void awaitLineLike(String line) {
            String pattern =
                    Stream.of(line.split("\\.\\*", -1)).map(Pattern::quote).collect(Collectors.joining(".*"));
            output.await(Pattern.compile("^(> )*" + pattern + "$", Pattern.MULTILINE), PATIENCE);
        }

        String output() {
            return output.text();
        }

        @Override
        public void close() {
            Output.stop(process, PATIENCE);
        }
    }
}
