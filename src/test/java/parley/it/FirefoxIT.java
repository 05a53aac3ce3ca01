package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.it.BrowserBase.numbered;
import static parley.it.BrowserBase.say;
import static parley.it.BrowserBase.untilHolds;

import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Firefox's own {@code EventSource}, and parley.js over event streams in Firefox. */
@Tag("browser")
final class FirefoxIT {
    @TempDir
    private Path folder;

    private Firefox firefox;

    @BeforeEach
    void startFirefox(@TempDir Path profile) throws Exception {
        firefox = new Firefox(profile);
    }

    @AfterEach
    void stopFirefox() throws Exception {
        if (firefox != null) {
            firefox.close();
        }
    }

    private static String json(List<String> texts) {
        return texts.stream().collect(Collectors.joining("\",\"", "[\"", "\"]"));
    }

    /** Runs a script with an address in it. */
    private void run(String script, String address) throws Exception {
        firefox.evaluate("eval(`" + script.replace("arguments[0]", "'" + address + "'") + "`) && null");
    }

    private void awaitSeen(List<String> texts) {
        untilHolds(() -> assertThat(firefox.evaluate("seen")).isEqualTo(json(texts)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void everyMessageComesOnceAndInOrderOverARestart(String signal) throws Exception {
        String[] onDisk = {"--data", folder.resolve("data").toString()};
        List<String> all = new ArrayList<>(numbered("a", 1, 20));
        ParleyProcess first = ParleyProcess.start(onDisk);
        try (first) {
            firefox.open(first.page() + "status.html");
            run(EventSourceIT.READ, first.page() + "rooms/tea/events?name=Ann");
            untilHolds(() -> assertThat(firefox.evaluate("joined.length")).isEqualTo("1"));
            say(first, "tea", "Ben", all);
            awaitSeen(all);
            first.signal(signal);
            first.exitCode();
        }
        try (ParleyProcess second = ParleyProcess.startAt(first.port(), onDisk)) {
            List<String> more = numbered("b", 1, 20);
            say(second, "tea", "Ben", more);
            all.addAll(more);
            awaitSeen(all);
            assertThat(firefox.evaluate("joined.map(String)")).isEqualTo("[\"undefined\",\"true\"]");
        }
    }

    @Test
    void everyMessageComesOnceAndInOrderOverAStall() throws Exception {
        try (Stall stall = new Stall()) {
            String streams = stall.parley().page() + "rooms/tea/events";
            firefox.open(stall.parley().page() + "status.html");
            run(EventSourceIT.READ, streams + "?name=Ann");
            untilHolds(() -> assertThat(firefox.evaluate("joined.length")).isEqualTo("1"));
            stall.say(numbered("a", 1, 20));
            awaitSeen(stall.said());
            stall.during(numbered("b", 1, 20), () -> run(EventSourceIT.READ_LATER, streams + "?history=1000"));
            stall.say(numbered("c", 1, 20));
            awaitSeen(stall.said());
            untilHolds(() -> assertThat(firefox.evaluate("late")).isEqualTo(json(stall.said())));
            assertThat(firefox.evaluate("joined.map(String)")).isEqualTo("[\"undefined\"]");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rooms/no%20name/events", "events"})
    void aStreamThatCannotBeIsGivenUpForGood(String address) throws Exception {
        try (ParleyProcess parley = ParleyProcess.start()) {
            firefox.open(parley.page() + "status.html");
            run(EventSourceIT.READ, parley.page() + address);
            untilHolds(() -> assertThat(firefox.evaluate("source.readyState")).isEqualTo("2"));
        }
    }

    @Test
    void theClientReadsAndSaysOverEventStreamsAndGoesOnOverARestart() throws Exception {
        String[] settings = {"--data", folder.resolve("data").toString(), "--set", "http.publish=everyone"};
        List<String> all = new ArrayList<>();
        ParleyProcess first = ParleyProcess.start(settings);
        try (first) {
            firefox.open(first.page() + "status.html");
            firefox.evaluate(EventSourceIT.CONNECT.replace("arguments[0]", "'" + first.page() + "'"));
            say(first, "tea", "Ben", numbered("a", 1, 20));
            all.addAll(numbered("a", 1, 20));
            awaitSeen(all);
            firefox.evaluate("room.say('mine').then(() => null)");
            all.add("mine");
            awaitSeen(all);
            first.signal("KILL");
            first.exitCode();
        }
        firefox.evaluate("void (window.said = room.say('meanwhile'))");
        try (ParleyProcess second = ParleyProcess.startAt(first.port(), settings)) {
            // Whether it is a duplicate is not known where the stream has it before the request is answered.
            assertThat(firefox.evaluate("said.then(({seq}) => seq > 0)")).isEqualTo("true");
            all.add("meanwhile");
            say(second, "tea", "Ben", numbered("b", 1, 20));
            all.addAll(numbered("b", 1, 20));
            awaitSeen(all);
            assertThat(firefox.evaluate("parley.transport")).isEqualTo("\"sse\"");
        }
    }

    /** A page of another origin, with a preflight for each kind of request. */
    @Test
    void aPageOfAnotherOriginMayWhenItIsAllowed() throws Exception {
        HttpServer pages = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        pages.createContext("/", exchange -> {
            exchange.getResponseHeaders().add("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        pages.start();
        try (ParleyProcess parley =
                ParleyProcess.start("--set", "origins=127.0.0.1:*", "--set", "http.publish=everyone")) {
            firefox.open("http://127.0.0.1:" + pages.getAddress().getPort() + "/");
            firefox.evaluate(EventSourceIT.CONNECT.replace("arguments[0]", "'" + parley.page() + "'"));
            firefox.evaluate("room.say('mine').then(() => null)");
            awaitSeen(List.of("mine"));
            assertThat(firefox.evaluate("room.history().then(({messages}) => messages.length)"))
                    .isEqualTo("1");
            untilHolds(() -> assertThat(firefox.evaluate("room.members")).isEqualTo("[\"Ann\"]"));
            assertThat(firefox.evaluate("room.signal(1).then(() => 'sent')")).isEqualTo("\"sent\"");
        } finally {
            pages.stop(0);
        }
    }
}
