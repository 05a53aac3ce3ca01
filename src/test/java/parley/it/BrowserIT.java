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
import org.awaitility.Awaitility;
import org.awaitility.core.ThrowingRunnable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;

/** The page, in a browser. Each test has a browser of its own; nothing may be wrong in its console at the end. */
final class BrowserIT {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Held here to keep its level: Selenium warns about browsers newer than itself, for the sake of what is not used here. */
    private static final Logger SELENIUM = Logger.getLogger("org.openqa.selenium");

    private static ParleyProcess parley;

    @TempDir
    private Path folder;

    private ChromeDriver browser;

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
                assertThat(errorsInTheConsole()).isEmpty();
            } finally {
                browser.quit();
            }
        }
    }

    @Test
    void textComesBackWithItsSizeAndTime() {
        Window page = open(parley);
        page.press("echo-connect");
        page.awaitText("echo-state", "Connected to " + parley.socket("echo"));
        page.type("echo-text", "grüß dich", Keys.ENTER);
        page.awaitLines("echo-log", "grüß dich");
        assertThat(page.text("echo-log")).containsPattern("text, 11 bytes, \\d+\\.\\d ms$");
        page.press("echo-connect");
        page.awaitText("echo-state", "Disconnected, with code 1000.");
    }

    @Test
    void aFileComesBackWhole() throws IOException {
        byte[] content = new byte[40_000];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31);
        }
        Window page = open(parley);
        page.press("echo-connect");
        page.awaitText("echo-state", "Connected");
        page.choose("echo-file", Files.write(folder.resolve("some.bin"), content));
        page.press("echo-send-file");
        page.awaitText("echo-log", "some.bin: 00 1f 3e 5d");
        // It would go on with 'not what was sent', had a byte changed.
        assertThat(page.text("echo-log")).containsPattern("binary, 40,000 bytes, \\d+\\.\\d ms$");
    }

    @Test
    void aFileOverTheLimitClosesWith1009AndSaysSo() throws IOException {
        Window page = open(parley);
        page.press("echo-connect");
        page.awaitText("echo-state", "Connected");
        page.choose("echo-file", Files.write(folder.resolve("large.bin"), new byte[64 * 1024 + 1]));
        page.press("echo-send-file");
        page.awaitText("echo-state", "Closed with 1009", "larger than this server takes");
    }

    /** With the browser's own WebSocket, from the page, under its Content-Security-Policy. */
    @Test
    void aPageMaySpeakJson() {
        open(parley);
        browser.manage().timeouts().scriptTimeout(PATIENCE);
        Object events = browser.executeAsyncScript("""
                const done = arguments[arguments.length - 1];
                const events = [];
                const socket = new WebSocket(arguments[0], 'parley.v1.json');
                socket.onmessage = frame => {
                    for (const event of frame.data.split('\\n').map(line => JSON.parse(line))) {
                        if (event.type !== 'presence') {
                            events.push([event.type, event.room, event.seq, event.text].join(' ').trimEnd());
                        }
                        if (event.type === 'joined') {
                            socket.send('{"type":"say","room":"json","text":"grüß dich 😀","id":"1"}');
                        }
                        if (events.length === 4) {
                            socket.close();
                        }
                    }
                };
                socket.onclose = () => done([socket.protocol, ...events.sort()].join('; '));
                """, parley.socket("chat/json?name=Ann"));
        assertThat(events).isEqualTo("parley.v1.json; ack json 1; joined json 0; message json 1 grüß dich 😀; welcome");
    }

    @Test
    void twoWindowsInOneRoomSeeEachOthersMessages() {
        Window ann = open(parley).join("java", "Ann");
        Window ben = open(parley).join("java", "Ben");
        ann.type("chat-text", "Is anyone here?", Keys.ENTER);
        ben.awaitLines("chat-log", "Ann: Is anyone here?");
        ben.type("chat-text", "I am.", Keys.ENTER);
        ben.awaitLines("chat-log", "Ann: Is anyone here?", "Ben: I am.");
        ann.awaitLines("chat-log", "Ann: Is anyone here?", "Ben: I am.");
    }

    @Test
    void theLobbyTakesWhoGivesNoName() {
        Window page = open(parley);
        page.press("chat-connect");
        page.awaitText("chat-state", "Connected to " + parley.socket("chat/lobby"));
        page.type("chat-text", "hello", Keys.ENTER);
        page.awaitLines("chat-log", "hello");
    }

    @Test
    void markupAsTextOrAsNameStaysText() {
        String script = "<script>document.title='taken'</script>";
        String image = "<img src=x onerror=\"document.title='taken'\">";
        Window page = open(parley).join("markup", script);
        page.type("chat-text", script, Keys.ENTER);
        page.type("chat-text", image, Keys.ENTER);
        page.awaitLines("chat-log", script + ": " + script, script + ": " + image);
        page.press("echo-connect");
        page.awaitText("echo-state", "Connected");
        page.type("echo-text", image, Keys.ENTER);
        page.awaitLines("echo-log", image);
        assertThat(browser.findElements(By.cssSelector("main script, main img")))
                .isEmpty();
        assertThat(browser.getTitle()).isEqualTo("Parley");
    }

    @Test
    void theListForgetsTheOldestLines() {
        Window page = open(parley).join("long", "");
        browser.executeScript("""
                const text = document.getElementById('chat-text');
                for (let i = 1; i <= 510; i++) {
                  text.value = `line ${i}`;
                  text.form.requestSubmit();
                }
                """);
        page.awaitText("chat-log", "line 510");
        List<String> lines = page.lines("chat-log");
        assertThat(lines).hasSize(500).startsWith("line 11").endsWith("line 510");
    }

    @Test
    void theKeyboardAloneIsEnough() {
        Window page = open(parley);
        keys(Keys.TAB, Keys.ENTER);
        page.awaitText("echo-state", "Connected");
        keys("by hand", Keys.ENTER);
        page.awaitLines("echo-log", "by hand");

        page.find("chat-room").sendKeys(Keys.TAB, "Ann", Keys.ENTER);
        page.awaitText("chat-state", "Connected to " + parley.socket("chat/lobby?name=Ann"));
        keys("hello", Keys.ENTER);
        page.awaitLines("chat-log", "Ann: hello");
        page.find("chat-name").sendKeys(Keys.ENTER);
        keys(Keys.TAB, Keys.ENTER);
        page.awaitText("chat-state", "Disconnected");
    }

    @Test
    void thePageWorksUnderAContextPath() {
        try (ParleyProcess elsewhere = ParleyProcess.start("--context", "/some/where")) {
            assertThat(elsewhere.page()).endsWith("/some/where/");
            Window page = open(elsewhere).join("java", "Ann");
            page.type("chat-text", "hello", Keys.ENTER);
            page.awaitLines("chat-log", "Ann: hello");
        }
    }

    @Test
    void aStoppedServerShows1001AndThenNobodyAnswers() {
        try (ParleyProcess stopping = ParleyProcess.start()) {
            Window page = open(stopping).join("java", "Ann");
            page.press("echo-connect");
            page.awaitText("echo-state", "Connected");
            assertThat(stopping.stop()).as(stopping::output).isZero();
            page.awaitText("chat-state", "Closed with 1001 (shutdown", "The server is stopping. Come back in");
            page.awaitText("echo-state", "Closed with 1001 (shutdown", "The server is stopping. Come back in");
            assertThat(errorsInTheConsole()).isEmpty();

            page.press("chat-connect");
            page.awaitText("chat-state", "Closed with 1006", "Nobody answered, or the server refused");
            // The browser's own words, which no page can prevent; reading takes them out.
            assertThat(errorsInTheConsole()).singleElement().asString().contains("WebSocket connection to");
        }
    }

    @Test
    void aRoomThatCannotBeIsRefusedBeforeItIsAskedFor() {
        Window page = open(parley);
        for (String room : List.of("no/where", "..", "é")) {
            page.type("chat-room", room, Keys.ENTER);
            assertThat(page.find("chat-room").getDomProperty("validationMessage"))
                    .as(room)
                    .isNotEmpty();
            assertThat(page.text("chat-state")).isEqualTo("Not connected.");
        }
        page.type("chat-room", "A.room_of-1", Keys.ENTER);
        page.awaitText("chat-state", "Connected");
    }

    @Test
    void aNarrowScreenNeedsNoScrollingSideways() {
        browser.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", 360, "height", 740, "deviceScaleFactor", 1, "mobile", true));
        Window page = open(parley).join("narrow", "Ann");
        page.type("chat-text", "w".repeat(300), Keys.ENTER);
        page.awaitLines("chat-log", "Ann: " + "w".repeat(300));
        assertThat(browser.executeScript("return document.documentElement.scrollWidth"))
                .isEqualTo(360L);
    }

    private Window open(ParleyProcess server) {
        if (!browser.getCurrentUrl().startsWith("data:")) {
            browser.switchTo().newWindow(WindowType.WINDOW);
        }
        browser.get(server.page());
        return new Window(browser.getWindowHandle());
    }

    /** Types where the focus is. */
    private void keys(CharSequence... keys) {
        browser.switchTo().activeElement().sendKeys(keys);
    }

    /** What is wrong in the console since the last look. */
    private List<LogEntry> errorsInTheConsole() {
        return browser.manage().logs().get(LogType.BROWSER).getAll().stream()
                .filter(entry -> entry.getLevel().intValue() >= Level.SEVERE.intValue())
                .toList();
    }

    /** A window with the page in it. */
    private final class Window {
        private final String handle;

        Window(String handle) {
            this.handle = handle;
        }

        Window join(String room, String name) {
            type("chat-room", room);
            type("chat-name", name);
            press("chat-connect");
            awaitText("chat-state", "Connected to ", "/chat/" + room);
            return this;
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

        void choose(String id, Path file) {
            find(id).sendKeys(file.toString());
        }

        void press(String id) {
            find(id).click();
        }

        String text(String id) {
            return find(id).getText();
        }

        /** The texts of a list, without what the page says beside them. */
        List<String> lines(String id) {
            find(id);
            @SuppressWarnings("unchecked")
            List<String> lines = (List<String>) browser.executeScript(
                    "return [...document.querySelectorAll(`#${arguments[0]} > li > .body`)].map(e => e.textContent)",
                    id);
            return lines;
        }

        void awaitText(String id, CharSequence... parts) {
            untilHolds(() -> assertThat(text(id)).contains(parts));
        }

        void awaitLines(String id, String... lines) {
            untilHolds(() -> assertThat(lines(id)).containsExactly(lines));
        }

        private void untilHolds(ThrowingRunnable assertion) {
            Awaitility.await()
                    .pollInSameThread()
                    .pollInterval(Duration.ofMillis(20))
                    .atMost(PATIENCE)
                    .untilAsserted(assertion);
        }
    }
}
