package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.Alert;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.NoAlertPresentException;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import parley.testclient.JsonClient;

/**
 * The page in Chromium, which does not change with the JDK of the server. Each test has a browser of its own; nothing
 * may be wrong in its console at the end.
 */
@Tag("browser")
abstract class BrowserBase {
    static final Duration PATIENCE = Duration.ofSeconds(30);

    /**
     * Held here to keep its level: Selenium warns about browsers newer than itself, for the sake of what is not used
     * here.
     */
    private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

    private static final String NETWORK_ERRORS = "WebSocket connection to|icon.svg"
            + "|/(metrics|echo|watch\\S*|chat/[a-z]+\\S*|(rooms/\\S+/)?(events|members|messages)\\S*)"
            + " - Failed to load resource"
            + "|EventSource's response";

    static ParleyProcess parley;

    @TempDir
    Path folder;

    ChromeDriver browser;

    private boolean areNetworkErrorsExpected;

    @BeforeAll
    static void startParley() {
        SELENIUM.setLevel(Level.SEVERE);
        parley = ParleyProcess.start();
    }

    @AfterAll
    static void stopParley() {
        assertThat(parley.stop()).as(parley::output).isZero();
    }

    @BeforeEach
    void startBrowser() {
        // Both are named, so that Selenium has nothing to download.
        Path driver = Tool.find("apt-get install chromium-driver", "chromedriver");
        Path program = Tool.find(
                "apt-get install chromium", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
        ChromeOptions options = new ChromeOptions();
        options.setBinary(program.toFile());
        options.addArguments("--headless=new", "--disable-dev-shm-usage", "--window-size=1200,900");
        if ("root".equals(System.getProperty("user.name"))) {
            options.addArguments("--no-sandbox");
        }
        LoggingPreferences console = new LoggingPreferences();
        console.enable(LogType.BROWSER, Level.ALL);
        options.setCapability(ChromeOptions.LOGGING_PREFS, console);
        ChromeDriverService service = new ChromeDriverService.Builder()
                .usingDriverExecutable(driver.toFile())
                .usingAnyFreePort()
                .build();
        browser = new ChromeDriver(service, options);
    }

    @AfterEach
    void stopBrowser() {
        if (browser != null) {
            try {
                if (areNetworkErrorsExpected) {
                    expectNetworkErrors(); // those that came late
                } else {
                    assertThat(errorsInTheConsole()).isEmpty();
                }
            } finally {
                browser.quit();
            }
        }
    }

    final Window open(ParleyProcess server, String query) {
        return open(server.page() + query);
    }

    final Window open(String address) {
        if (!browser.getCurrentUrl().startsWith("data:")) {
            browser.switchTo().newWindow(WindowType.WINDOW);
        }
        browser.get(address);
        return new Window(browser.getWindowHandle());
    }

    /** Opens the page in a room, and waits until it is connected. */
    final Window join(ParleyProcess server, String room, String name) {
        Window window = open(server, "?name=" + name + "&room=" + room);
        window.awaitText("connection-words", "Connected as " + name);
        return window;
    }

    /** Types where the focus is. */
    final void keys(CharSequence... keys) {
        browser.switchTo().activeElement().sendKeys(keys);
    }

    /** A question or notice of the page, once there is one. */
    final Alert alert() {
        return Awaitility.await()
                .pollInSameThread()
                .atMost(PATIENCE)
                .ignoreException(NoAlertPresentException.class)
                .until(() -> browser.switchTo().alert(), one -> one != null);
    }

    /** What is wrong in the console since the last look. */
    final List<LogEntry> errorsInTheConsole() {
        return browser.manage().logs().get(LogType.BROWSER).getAll().stream()
                .filter(entry -> entry.getLevel().intValue() >= Level.SEVERE.intValue())
                .toList();
    }

    /**
     * While a server is away, or refuses, the browser writes so, which no page can prevent. Nothing else may be wrong.
     */
    final void expectNetworkErrors() {
        areNetworkErrorsExpected = true;
        assertThat(errorsInTheConsole())
                .allSatisfy(entry -> assertThat(entry.getMessage()).containsPattern(NETWORK_ERRORS));
    }

    final void screen(int width, int height, boolean isPhone) {
        browser.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", isPhone));
    }

    final void colours(String scheme) {
        browser.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    final void screenshot(String name) throws IOException {
        untilHolds(() -> assertThat(browser.executeScript("return document.getAnimations().length"))
                .isEqualTo(0L));
        Path file = Files.createDirectories(Path.of("target", "screenshots")).resolve(name);
        Files.write(file, browser.getScreenshotAs(OutputType.BYTES));
    }

    static void untilHolds(ThrowingRunnable assertion) {
        Awaitility.await()
                .pollInSameThread()
                .pollInterval(Duration.ofMillis(20))
                .atMost(PATIENCE)
                .untilAsserted(assertion);
    }

    /** Says texts over a connection of its own, and returns when the room has them. */
    static void say(ParleyProcess server, String room, String name, Iterable<String> texts) throws Exception {
        try (JsonClient client = new JsonClient(server.socket("chat/" + room + "?name=" + name))) {
            for (String text : texts) {
                assertThat(client.ask("{'type':'say','room':'" + room + "','text':'" + text + "'}")
                                .getString("type"))
                        .isEqualTo("ack");
            }
        }
    }

    static List<String> numbered(String prefix, int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(i -> prefix + i).toList();
    }

    /** A window with the page in it. */
    final class Window {
        private final String handle;

        Window(String handle) {
            this.handle = handle;
        }

        WebElement find(String id) {
            browser.switchTo().window(handle);
            return browser.findElement(By.id(id));
        }

        void type(String id, CharSequence... keys) {
            WebElement input = find(id);
            input.clear();
            input.sendKeys(keys);
        }

        void say(String text) {
            type("chat-text", text, Keys.ENTER);
        }

        void choose(String id, Path file) {
            find(id).sendKeys(file.toString());
        }

        void press(String id) {
            find(id).click();
        }

        /** Presses the button of that text. */
        void pressButton(String text) {
            untilHolds(() -> script(
                    "[...document.querySelectorAll('button')].find(one => one.textContent === arguments[0]).click()",
                    text));
        }

        String text(String id) {
            return find(id).getText();
        }

        Object script(String script, Object... arguments) {
            browser.switchTo().window(handle);
            return browser.executeScript(script, arguments);
        }

        @SuppressWarnings("unchecked")
        List<String> list(String script, Object... arguments) {
            return (List<String>) script(script, arguments);
        }

        /** What came back of the echo. */
        List<String> echoes() {
            return list("return [...document.querySelectorAll('#echo-log .body')].map(e => e.textContent)");
        }

        /** The messages that are shown, from whom and what. */
        List<String> messages() {
            return list("""
                    return [...document.querySelectorAll('#chat-log > .message')].map(row =>
                        row.querySelector('.who').textContent + ': ' + row.querySelector('.text').textContent)
                    """);
        }

        /** What the page says between the messages. */
        List<String> notes() {
            return list("return [...document.querySelectorAll('#chat-log > .note')].map(row => row.textContent)");
        }

        /** The rooms at the left, with what is unread. */
        List<String> rooms() {
            return list("""
                    return [...document.querySelectorAll('#rooms button')].map(one =>
                        [...one.children].filter(part => !part.hidden).map(part => part.textContent).join(': '))
                    """);
        }

        List<String> members() {
            return list("return [...document.querySelectorAll('#members .label')].map(one => one.textContent)");
        }

        /** How many of one's own messages are in a state. */
        long own(String state) {
            return (long) script(
                    "return document.querySelectorAll(`#chat-log > .own[data-state=${arguments[0]}]`).length", state);
        }

        String address() {
            browser.switchTo().window(handle);
            return browser.getCurrentUrl();
        }

        void awaitText(String id, CharSequence... parts) {
            untilHolds(() -> assertThat(text(id)).contains(parts));
        }

        void awaitMessages(List<String> messages) {
            untilHolds(() -> assertThat(messages()).isEqualTo(messages));
        }

        void awaitMessages(String... messages) {
            awaitMessages(List.of(messages));
        }
    }
}
