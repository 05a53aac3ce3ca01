package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Chromium's own {@code EventSource}, and parley.js over event streams, while the server goes away and comes back. */
final class EventSourceIT extends BrowserBase {
    /** Reads a stream; its address is put in place of {@code arguments[0]}. */
    static final String READ = """
            window.seen = [];
            window.joined = [];
            window.source = new EventSource(arguments[0]);
            source.onmessage = event => seen.push(JSON.parse(event.data).text);
            source.addEventListener('joined', event => joined.push(JSON.parse(event.data).recovered));
            """;

    /** Reads another one, beside it. */
    static final String READ_LATER = """
            window.late = [];
            window.lateSource = new EventSource(arguments[0]);
            lateSource.onmessage = event => late.push(JSON.parse(event.data).text);
            """;

    /** Connects parley.js; the address of the server's page is put in place of {@code arguments[0]}. */
    static final String CONNECT = """
            import(arguments[0] + 'parley.js').then(({ connect }) => {
                window.seen = [];
                window.parley = connect(arguments[0] + 'chat', { name: 'Ann', transport: 'sse' });
                window.room = parley.join('tea');
                room.addEventListener('message', ({ detail }) => seen.push(detail.text));
                return room.joined.then(() => null);
            })
            """;

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void everyMessageComesOnceAndInOrderOverARestart(String signal) throws Exception {
        String[] onDisk = {"--data", folder.resolve("data").toString()};
        List<String> all = new ArrayList<>(numbered("a", 1, 20));
        ParleyProcess first = ParleyProcess.start(onDisk);
        Window page;
        try (first) {
            page = open(first.page() + "status.html");
            page.script(READ, first.page() + "rooms/tea/events?name=Ann");
            untilHolds(() -> assertThat(page.list("return joined")).hasSize(1));
            say(first, "tea", "Ben", all);
            untilHolds(() -> assertThat(page.list("return seen")).isEqualTo(all));
            first.signal(signal);
            first.exitCode();
        }
        try (ParleyProcess second = ParleyProcess.startAt(first.port(), onDisk)) {
            List<String> more = numbered("b", 1, 20);
            say(second, "tea", "Ben", more);
            all.addAll(more);
            untilHolds(() -> assertThat(page.list("return seen")).isEqualTo(all));
            assertThat(page.list("return joined.map(String)")).containsExactly("undefined", "true");
            assertThat(page.script("return source.readyState")).isEqualTo(1L);
            page.script("source.close()");
            expectNetworkErrors();
            assertThat(second.stop()).as(second::output).isZero();
        }
        expectNetworkErrors();
    }

    /** What is said while it stands still is in the sockets; one stream is asked for meanwhile. */
    @Test
    void everyMessageComesOnceAndInOrderOverAStall() throws Exception {
        try (Stall stall = new Stall()) {
            Window page = open(stall.parley().page() + "status.html");
            page.script(READ, stall.parley().page() + "rooms/tea/events?name=Ann");
            untilHolds(() -> assertThat(page.list("return joined")).hasSize(1));
            stall.say(numbered("a", 1, 20));
            untilHolds(() -> assertThat(page.list("return seen")).isEqualTo(stall.said()));
            stall.during(
                    numbered("b", 1, 20),
                    () -> page.script(READ_LATER, stall.parley().page() + "rooms/tea/events?history=1000"));
            stall.say(numbered("c", 1, 20));
            untilHolds(() -> assertThat(page.list("return seen")).isEqualTo(stall.said()));
            untilHolds(() -> assertThat(page.list("return late")).isEqualTo(stall.said()));
            assertThat(page.list("return joined.map(String)"))
                    .as("no stream was lost")
                    .containsExactly("undefined");
            page.script("source.close(); lateSource.close()");
        }
    }

    @Test
    void theClientReadsAndSaysOverEventStreamsOverAStall() throws Exception {
        try (Stall stall = new Stall()) {
            Window page = open(stall.parley().page() + "status.html");
            page.script("return " + CONNECT.strip(), stall.parley().page());
            stall.say(numbered("a", 1, 20));
            stall.during(numbered("b", 1, 20), () -> page.script("window.said = room.say('mine')"));
            assertThat(page.script("return said.then(({seq}) => seq > 0)")).isEqualTo(true);
            stall.say(numbered("c", 1, 20));
            untilHolds(() -> assertThat(page.list("return seen")).hasSize(61));
            List<String> seen = new ArrayList<>(page.list("return seen"));
            assertThat(seen.remove("mine")).isTrue();
            assertThat(seen).isEqualTo(stall.said());
            page.script("parley.close()");
            expectNetworkErrors();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"rooms/no%20name/events", "events"})
    void aStreamThatCannotBeIsGivenUpForGood(String address) {
        Window page = open(parley.page() + "status.html");
        page.script(READ, parley.page() + address);
        untilHolds(() -> assertThat(page.script("return source.readyState")).isEqualTo(2L));
        expectNetworkErrors();
    }

    @Test
    void theClientReadsAndSaysOverEventStreamsAndGoesOnOverARestart() throws Exception {
        String[] settings = {"--data", folder.resolve("data").toString(), "--set", "http.publish=everyone"};
        List<String> all = new ArrayList<>();
        ParleyProcess first = ParleyProcess.start(settings);
        Window page;
        try (first) {
            page = open(first.page() + "status.html");
            page.script("return " + CONNECT.strip(), first.page());
            say(first, "tea", "Ben", numbered("a", 1, 20));
            all.addAll(numbered("a", 1, 20));
            untilHolds(() -> assertThat(page.list("return seen")).isEqualTo(all));
            page.script("return room.say('mine').then(() => null)");
            all.add("mine");
            untilHolds(() -> assertThat(page.list("return seen")).isEqualTo(all));
            first.signal("KILL");
            first.exitCode();
        }
        page.script("window.said = room.say('meanwhile')");
        try (ParleyProcess second = ParleyProcess.startAt(first.port(), settings)) {
            assertThat(page.script("return said.then(({seq}) => seq > 0)")).isEqualTo(true);
            all.add("meanwhile");
            say(second, "tea", "Ben", numbered("b", 1, 20));
            all.addAll(numbered("b", 1, 20));
            untilHolds(() -> assertThat(page.list("return seen")).isEqualTo(all));
            page.script("parley.close()");
            expectNetworkErrors();
        }
    }
}
