package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

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

    private Wscat connect(String endpoint) {
        return new Wscat(wscat, parley.socket(endpoint));
    }

    /**
     * A wscat, connected: its standard input stays open, since it leaves at the end of that.
     *
     * <p>It drops what is typed before it has connected, and says that it has only on a terminal. Here it shows pings, so the
     * first ping of the server is what tells.
     */
    private static final class Wscat implements AutoCloseable {
        private final Process process;
        private final Output output;
        private final Writer input;

        Wscat(Path wscat, String address) {
            try {
                process = new ProcessBuilder(wscat.toString(), "--show-ping-pong", "--connect", address)
                        .redirectErrorStream(true)
                        .start();
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

        String output() {
            return output.text();
        }

        @Override
        public void close() {
            Output.stop(process, PATIENCE);
        }
    }
}
