package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.it.BrowserBase.numbered;
import static parley.it.BrowserBase.say;
import static parley.it.BrowserBase.untilHolds;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.testclient.JsonClient;

/** The page in the engines that are not Chromium's. */
@Tag("browser")
final class EnginesIT {
    enum Kind {
        FIREFOX,
        WEBKIT
    }

    @TempDir
    private Path folder;

    private Engine engine;

    private void start(Kind kind) throws Exception {
        engine = switch (kind) {
            case FIREFOX -> new Firefox(Files.createDirectory(folder.resolve("profile")));
            case WEBKIT -> new WebKit();
        };
    }

    @AfterEach
    void stop() throws Exception {
        if (engine != null) {
            engine.close();
        }
    }

    private String text(String id) throws Exception {
        return engine.evaluate("document.getElementById('" + id + "').textContent");
    }

    private void awaitText(String id, String part) {
        untilHolds(() -> assertThat(text(id)).contains(part));
    }

    private void awaitAll(String selector, List<String> texts) {
        String json = texts.stream().collect(Collectors.joining("\",\"", "[\"", "\"]"));
        untilHolds(() -> assertThat(engine.evaluate(
                        "[...document.querySelectorAll('" + selector + "')].map(one => one.textContent)"))
                .isEqualTo(json));
    }

    private void type(String id, String text) throws Exception {
        engine.evaluate("(() => { const field = document.getElementById('" + id + "'); field.value = '" + text + "';"
                + " field.dispatchEvent(new Event('input', {bubbles: true})); })()");
    }

    private void submit(String id, String text) throws Exception {
        type(id, text);
        engine.evaluate("void document.getElementById('" + id + "').form.requestSubmit()");
    }

    private void picture(Kind kind, String what) throws Exception {
        Path file = Files.createDirectories(Path.of("target", "screenshots"));
        Files.write(file.resolve(kind.name().toLowerCase(Locale.ROOT) + "-" + what + ".png"), engine.screenshot());
    }

    @ParameterizedTest
    @EnumSource
    void theChatShowsMembersTypingAndWhatIsNew(Kind kind) throws Exception {
        start(kind);
        try (ParleyProcess parley = ParleyProcess.start();
                JsonClient ben = new JsonClient(parley.socket("chat/tea?name=Ben"))) {
            engine.open(parley.page());
            awaitAll("#start-rooms button", List.of("tea 1 member"));
            picture(kind, "start");
            engine.open(parley.page() + "?name=Ann&room=java&room=tea");
            awaitText("connection-words", "Connected as Ann");
            awaitAll("#members .label", List.of("Ann (you)"));
            submit("chat-text", "hello");
            awaitAll("#chat-log .text", List.of("hello"));
            untilHolds(() -> assertThat(engine.evaluate("document.querySelectorAll('.own[data-state=sent]').length"))
                    .isEqualTo("1"));
            say(parley, "tea", "Cleo", List.of("one", "two"));
            awaitAll("#rooms [data-room=tea] .badge", List.of("2 unread"));
            engine.evaluate("void document.querySelector('[data-room=tea]').click()");
            awaitAll("#chat-log .text", List.of("one", "two"));
            awaitAll("#chat-log li:has(.new) .text", List.of("one"));
            ben.ask("{'type':'state','room':'tea','state':{'typing':true}}");
            awaitText("typing", "Ben is typing…");
            type("chat-text", "I write");
            untilHolds(() -> assertThat(ben.ask("{'type':'who','room':'tea'}").toString())
                    .contains("\"typing\":true,\"by\""));
            picture(kind, "chat");
        }
    }

    @ParameterizedTest
    @EnumSource
    void thePageComesBackAfterARestartWithEveryMessage(Kind kind) throws Exception {
        start(kind);
        String[] onDisk = {"--data", folder.resolve("data").toString()};
        List<String> all = new ArrayList<>(numbered("a", 1, 20));
        ParleyProcess first = ParleyProcess.start(onDisk);
        try (first) {
            engine.open(first.page() + "?name=Ann&room=tea");
            awaitText("connection-words", "Connected as Ann");
            say(first, "tea", "Ben", all);
            awaitAll("#chat-log .text", all);
            first.signal("KILL");
            first.exitCode();
        }
        awaitText("banner", "The connection was lost: the server does not answer.");
        // WebKit does not look again at a rule with :has(:empty) when a text comes.
        untilHolds(() -> assertThat(engine.evaluate("document.getElementById('banner').offsetHeight > 0"))
                .isEqualTo("true"));
        picture(kind, "lost");
        submit("chat-text", "meanwhile");
        try (ParleyProcess second = ParleyProcess.startAt(first.port(), onDisk)) {
            engine.evaluate("void document.getElementById('again').click()");
            awaitText("connection-words", "Connected as Ann");
            all.add("meanwhile");
            awaitAll("#chat-log .text", all);
            awaitAll("#chat-log > .own[data-state=sent] .text", List.of("meanwhile")); // until then it stands last
            say(second, "tea", "Ben", List.of("after"));
            all.add("after");
            awaitAll("#chat-log .text", all);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theEchoAndTheStatusWork(Kind kind) throws Exception {
        start(kind);
        try (ParleyProcess parley = ParleyProcess.start()) {
            engine.open(parley.page() + "?view=echo");
            submit("echo-text", "hello");
            awaitAll("#echo-log .body", List.of("hello"));
            submit("echo-text", "w".repeat(70_000));
            awaitText("echo-log", "not sent: it has 70,000 bytes, and a message at most 65,536 bytes");
            picture(kind, "echo");
            engine.open(parley.page() + "status.html?every=0.2");
            awaitText("status-state", "Ready");
            awaitAll("[data-panel=sessions] .values > li", List.of("0"));
            picture(kind, "status");
        }
    }
}
