package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;
import parley.testclient.JsonClient;

/** The pages as axe-core sees them, each light and dark, wide and on a phone: no violation of any of its rules. */
final class AccessibilityIT extends BrowserBase {
    private static final String ROOM = "axe";

    private static String axe;

    @BeforeAll
    static void readAxe() throws IOException, InterruptedException {
        Path npm = Tool.find("apt-get install npm", "npm");
        Process process = new ProcessBuilder(npm.toString(), "root", "--global", "--loglevel=error").start();
        String modules = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        process.waitFor();
        Path file = Path.of(modules, "axe-core", "axe.min.js");
        if (!Files.exists(file)) {
            throw Tool.missing(file + " is missing; get it with: npm install --global axe-core@4.11.0");
        }
        axe = Files.readString(file);
    }

    @Test
    void theWayInHasNoViolation() {
        try (JsonClient ben = new JsonClient(parley.socket("chat/" + ROOM + "?name=Ben"))) {
            Window page = open(parley, "");
            untilHolds(() -> assertThat(page.find("start-found").isDisplayed()).isTrue());
            page.type("start-room", "two words", Keys.ENTER);
            page.awaitText("start-room-fault", "A room has");
            hasNoViolation(page, "start");
            ben.cut();
        }
    }

    @Test
    void theChatHasNoViolation() throws Exception {
        try (JsonClient ben = new JsonClient(parley.socket("chat/" + ROOM + "?name=Ben"))) {
            Window page = open(parley, "?name=Ann&room=tea&room=" + ROOM);
            page.awaitText("connection-words", "Connected as Ann");
            ben.ask("{'type':'say','room':'axe','text':'see https://parley.test/'}");
            ben.ask("{'type':'say','room':'axe','data':{'passed':true}}");
            ben.ask("{'type':'react','room':'axe','seq':1,'key':'ok'}");
            untilHolds(() -> assertThat(page.rooms()).containsExactly("tea", "axe: 2 unread"));
            hasNoViolation(page, "unread");
            page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
            page.say("own");
            page.say("w ".repeat(2000));
            ben.ask("{'type':'state','room':'axe','state':{'typing':true}}");
            page.awaitText("typing", "Ben is typing…");
            page.script("document.querySelector('#find summary').click()");
            untilHolds(() -> assertThat(page.own("sent")).isEqualTo(2));
            hasNoViolation(page, "chat");
            page.script("document.querySelectorAll('.reactions summary')[2].click()");
            hasNoViolation(page, "reactions");
            page.press("rename");
            page.type("rename-name", "x".repeat(41), Keys.ENTER);
            page.awaitText("rename-fault", "at most 40");
            hasNoViolation(page, "rename");
        }
    }

    @Test
    void aLostConnectionHasNoViolation() throws Exception {
        ParleyProcess first = ParleyProcess.start();
        try (first) {
            Window page = join(first, ROOM, "Ann");
            first.signal("KILL");
            page.awaitText("banner", "The connection was lost");
            page.say("later");
            hasNoViolation(page, "lost");
        }
        expectNetworkErrors();
    }

    @Test
    void theEchoAndTheStatusHaveNoViolation() {
        Window echo = open(parley, "?view=echo");
        echo.type("echo-text", "hello", Keys.ENTER);
        untilHolds(() -> assertThat(echo.echoes()).hasSize(1));
        hasNoViolation(echo, "echo");
        Window status = open(parley, "status.html?every=0.2");
        status.awaitText("status-state", "Ready");
        hasNoViolation(status, "status");
    }

    private void hasNoViolation(Window page, String what) {
        for (String scheme : List.of("light", "dark")) {
            page.script("return 0"); // brings the window to the front, of which the next two are
            colours(scheme);
            for (int width : List.of(1200, 360)) {
                screen(width, 760, width == 360);
                untilHolds(() -> assertThat(browser.executeScript("return document.getAnimations().length"))
                        .isEqualTo(0L));
                page.script(axe);
                browser.manage().timeouts().scriptTimeout(PATIENCE);
                Object violations = browser.executeAsyncScript("""
                        const done = arguments[arguments.length - 1];
                        axe.run().then(
                            ({violations, passes}) => done(passes.some(({id}) => id === 'color-contrast')
                                ? violations.flatMap(({id, help, nodes}) => nodes.map(({html, any}) =>
                                    `${id}: ${help}: ${html.slice(0, 200)} ${any.map(one => one.message).join('; ')}`))
                                : ['the contrast was not looked at']),
                            error => done([String(error)]));
                        """);
                assertThat((List<?>) violations)
                        .as(what + ", " + scheme + ", " + width)
                        .isEmpty();
            }
        }
        screen(1200, 900, false);
        colours("light");
    }
}
