package parley.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Alert;
import org.openqa.selenium.By;
import org.openqa.selenium.Keys;
import org.openqa.selenium.OutputType;
import org.openqa.selenium.WebElement;
import org.openqa.selenium.WindowType;
import org.openqa.selenium.chrome.ChromeDriver;
import org.openqa.selenium.chrome.ChromeDriverService;
import org.openqa.selenium.chrome.ChromeOptions;
import org.openqa.selenium.interactions.Actions;
import org.openqa.selenium.logging.LogEntry;
import org.openqa.selenium.logging.LogType;
import org.openqa.selenium.logging.LoggingPreferences;
import parley.client.JsonClient;

/** The page, in a browser. Each test has a browser of its own; nothing may be wrong in its console at the end. */
final class BrowserIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

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
        Window page = open(parley, "?view=echo");
        page.press("echo-connect");
        page.awaitText("echo-state", "Connected to " + parley.socket("echo"));
        page.type("echo-text", "grüß dich", Keys.ENTER);
        untilHolds(() -> assertThat(page.echoes()).containsExactly("grüß dich"));
        assertThat(page.text("echo-log")).containsPattern("text, 11 bytes, \\d+\\.\\d ms$");
        page.press("echo-connect");
        page.awaitText("echo-state", "Disconnected, with code 1000.");
    }

    @Test
    void aFileComesBackWhole() throws IOException {
        Window page = open(parley, "?view=echo");
        page.choose("echo-file", Files.write(folder.resolve("some.bin"), content()));
        page.awaitText("echo-log", "some.bin: 00 1f 3e 5d");
        // It would go on with 'not what was sent', had a byte changed.
        assertThat(page.text("echo-log")).containsPattern("binary, 40,000 bytes, \\d+\\.\\d ms$");
    }

    @Test
    void aDroppedFileComesBackWhole() {
        Window page = open(parley, "?view=echo");
        page.script("""
                const content = Uint8Array.from({length: 40000}, (_, i) => i * 31);
                const dataTransfer = new DataTransfer();
                dataTransfer.items.add(new File([content], '<b>.bin'));
                for (const type of ['dragover', 'drop']) {
                    const event = new DragEvent(type, {dataTransfer, bubbles: true, cancelable: true});
                    document.querySelector('.drop').dispatchEvent(event);
                }
                """);
        page.awaitText("echo-log", "<b>.bin: 00 1f 3e 5d");
        assertThat(page.text("echo-log")).containsPattern("binary, 40,000 bytes, \\d+\\.\\d ms$");
    }

    private static byte[] content() {
        byte[] content = new byte[40_000];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31);
        }
        return content;
    }

    @Test
    void aFileOverTheLimitClosesWith1009AndSaysSo() throws IOException {
        Window page = open(parley, "?view=echo");
        page.choose("echo-file", Files.write(folder.resolve("large.bin"), new byte[64 * 1024 + 1]));
        page.awaitText("echo-state", "Closed with 1009", "larger than this server takes");
        assertThat(page.text("echo-log")).contains("large.bin", "did not come back");
    }

    @Test
    void theEchoOfAStoppedServerShows1001AndThenNobodyAnswers() {
        try (ParleyProcess stopping = ParleyProcess.start()) {
            Window page = open(stopping, "?view=echo");
            page.press("echo-connect");
            page.awaitText("echo-state", "Connected");
            assertThat(stopping.stop()).as(stopping::output).isZero();
            page.awaitText("echo-state", "Closed with 1001 (shutdown", "The server is stopping. Come back in");
            assertThat(errorsInTheConsole()).isEmpty();

            page.press("echo-connect");
            page.awaitText("echo-state", "Closed with 1006", "Nobody answered, or the server refused");
            expectNetworkErrors();
        }
    }

    /** With the browser's own WebSocket, from the page, under its Content-Security-Policy. */
    @Test
    void aPageMaySpeakJson() {
        open(parley, "");
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
    void twoWindowsInOneRoomSeeEachOther() {
        Window ann = join(parley, "both", "Ann");
        Window ben = join(parley, "both", "Ben");
        ann.say("Is anyone here?");
        ben.awaitMessages("Ann: Is anyone here?");
        ben.say("I am.");
        ben.awaitMessages("Ann: Is anyone here?", "Ben: I am.");
        ann.awaitMessages("Ann: Is anyone here?", "Ben: I am.");
        untilHolds(() -> assertThat(ann.own("sent")).isEqualTo(1));
        untilHolds(() -> assertThat(ann.members()).containsExactly("Ann (you)", "Ben"));
        untilHolds(() -> assertThat(ben.members()).containsExactly("Ann", "Ben (you)"));

        ann.type("chat-text", "Shall we");
        ben.awaitText("typing", "Ann is typing…");
        assertThat(ann.text("typing")).isEmpty();

        ann.press("rename");
        ann.type("rename-name", "Anna", Keys.ENTER);
        untilHolds(() -> assertThat(ben.members()).containsExactly("Anna", "Ben (you)"));
        assertThat(ann.address()).endsWith("?name=Anna&room=both");
        ann.awaitText("connection-words", "Connected as Anna");
    }

    @Test
    void theLobbyTakesWhoGivesNoName() {
        Window page = open(parley, "");
        page.press("start-join");
        page.awaitText("connection-words", "Connected, without a name");
        page.say("hello");
        page.awaitMessages("Anonymous: hello");
        assertThat(page.address()).endsWith("?room=lobby");
    }

    @Test
    void theAddressNamesWhoAndWhere() throws Exception {
        Window page = open(parley, "?name=Ann&room=java&room=tea");
        page.awaitText("connection-words", "Connected as Ann");
        untilHolds(() -> assertThat(page.members()).containsExactly("Ann (you)"));
        say(parley, "tea", "Ben", List.of("milk?", "sugar?"));
        untilHolds(() -> assertThat(page.rooms()).containsExactly("java", "tea: 2 unread"));
        assertThat(browser.getTitle()).isEqualTo("(2) java – Parley");

        page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
        page.awaitMessages("Ben: milk?", "Ben: sugar?");
        untilHolds(() -> assertThat(page.rooms()).containsExactly("java", "tea"));
        page.type("join-room", "coffee", Keys.ENTER);
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("coffee"));
        assertThat(page.address()).endsWith("?name=Ann&room=java&room=tea&room=coffee");
        page.press("leave");
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("tea"));
        assertThat(page.address()).endsWith("?name=Ann&room=java&room=tea");
        browser.navigate().refresh();
        untilHolds(() -> assertThat(page.rooms()).containsExactly("java", "tea"));
    }

    @Test
    void aRoomStartsWithItsNewestMessagesAndOlderOnesComeByScrollingUp() throws Exception {
        say(parley, "older", "Ben", numbered("line ", 1, 130));
        Window page = join(parley, "older", "Ann");
        page.awaitMessages(numbered("Ben: line ", 81, 130));
        for (int first : List.of(31, 1)) {
            page.script("document.getElementById('chat-box').scrollTop = 0");
            page.awaitMessages(numbered("Ben: line ", first, 130));
            page.script("document.getElementById('chat-box').scrollTop = 200");
        }
        say(parley, "older", "Ben", List.of("one more"));
        page.awaitText("newest", "1 new");
        page.press("newest");
        untilHolds(() -> assertThat(page.messages()).endsWith("Ben: line 130", "Ben: one more"));
        untilHolds(() -> assertThat(page.find("newest").isDisplayed()).isFalse());
    }

    @Test
    void theDocumentHoldsTheNewestRowsOnlyAndOlderOnesStayWithinReach() throws Exception {
        Window page = join(parley, "long", "Ann");
        say(parley, "long", "Ben", numbered("line ", 1, 900));
        page.awaitMessages(numbered("Ben: line ", 501, 900));
        page.script("document.getElementById('chat-box').scrollTop = 0");
        page.awaitMessages(numbered("Ben: line ", 401, 800));
        untilHolds(() -> assertThat((boolean) page.script("""
                const row = [...document.querySelectorAll('.message')].find(one => one.textContent.includes('line 501'));
                return Math.abs(row.getBoundingClientRect().top - document.getElementById('chat-box').getBoundingClientRect().top) < 80
                """))
                .as("what was in sight is still in sight")
                .isTrue());
    }

    /** What both have typed when the server goes is sent while it goes, and more is said while it is away. */
    @ParameterizedTest
    @ValueSource(strings = {"TERM", "KILL"})
    void bothWindowsShowEveryMessageOnceAndInOrderAfterARestart(String signal) throws Exception {
        ParleyProcess first = ParleyProcess.start();
        Window ann;
        Window ben;
        try (first) {
            ann = join(first, "tea", "Ann");
            ben = join(first, "tea", "Ben");
            ann.say("a1");
            ben.awaitMessages("Ann: a1");
            ben.say("b1");
            for (Window window : List.of(ann, ben)) {
                window.awaitMessages("Ann: a1", "Ben: b1");
                untilHolds(() -> assertThat(window.own("sent")).isEqualTo(1));
            }
            ann.type("chat-text", "a2");
            ben.type("chat-text", "b2");
            first.signal(signal);
            ann.find("chat-text").sendKeys(Keys.ENTER);
            ben.find("chat-text").sendKeys(Keys.ENTER);
            first.exitCode();
        }
        for (Window window : List.of(ann, ben)) {
            window.awaitText("banner", "The connection was lost: ", " Coming back in", "what you write is sent then.");
        }
        ann.say("a3");
        ben.say("b3");
        screenshot("away.png");
        untilHolds(() -> assertThat(ann.own("sending")).isGreaterThanOrEqualTo(1));
        try (ParleyProcess second = ParleyProcess.startAt(first.port())) {
            for (Window window : List.of(ann, ben)) {
                window.awaitText("connection-words", "Connected as");
            }
            ann.say("a4");
            ben.say("b4");
            for (Window window : List.of(ann, ben)) {
                untilHolds(() -> assertThat(window.messages()).hasSize(8));
                untilHolds(() -> assertThat(window.own("sent")).isEqualTo(4));
                assertThat(window.notes()).singleElement().asString().contains("started this room anew");
            }
            List<String> all = ann.messages();
            assertThat(ben.messages()).isEqualTo(all);
            assertThat(all)
                    .startsWith("Ann: a1", "Ben: b1")
                    .containsSubsequence("Ann: a1", "Ann: a2", "Ann: a3", "Ann: a4")
                    .containsSubsequence("Ben: b1", "Ben: b2", "Ben: b3", "Ben: b4");
            screenshot("back.png");
            expectNetworkErrors();
            assertThat(second.stop()).as(second::output).isZero();
        }
        expectNetworkErrors();
    }

    /** A page that shows an alert reads nothing: what is said meanwhile is more than fits on the way to it. */
    @Test
    void aWindowThatFallsBehindFetchesWhatItMissed() throws Exception {
        String[] settings = {"--set", "room.window=16", "--set", "room.history-bytes=64MiB"};
        try (ParleyProcess small = ParleyProcess.start(settings)) {
            Window page = fallBehind(small);
            untilHolds(() -> assertThat(page.messages().stream()
                            .map(line -> line.replaceFirst("x.*", ""))
                            .toList())
                    .isEqualTo(numbered("Ben: ", 1, 350)));
            assertThat(page.notes())
                    .isNotEmpty()
                    .allSatisfy(note ->
                            assertThat(note).matches("This window had fallen behind; \\d+ messages? fetched\\."));
        }
    }

    @Test
    void aWindowThatFallsFurtherBehindThanTheRoomKeepsSaysWhatIsLost() throws Exception {
        try (ParleyProcess small = ParleyProcess.start("--set", "room.window=16", "--set", "room.history=20")) {
            Window page = fallBehind(small);
            untilHolds(() -> assertThat(page.notes())
                    .anySatisfy(note -> assertThat(note).matches("\\d+ messages? can no longer be had: .*")));
            untilHolds(() -> {
                List<Integer> numbers = page.messages().stream()
                        .map(line -> Integer.valueOf(line.replaceAll("Ben: |x.*", "")))
                        .toList();
                assertThat(numbers).startsWith(1).endsWith(350).isSorted().doesNotHaveDuplicates();
            });
        }
    }

    private Window fallBehind(ParleyProcess server) throws Exception {
        Window page = join(server, "fast", "Ann");
        untilHolds(() -> assertThat(page.members()).isNotEmpty());
        page.script("setTimeout(() => alert('nothing is read while this is open'))");
        Alert alert = Awaitility.await()
                .atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> browser.switchTo().alert(), one -> one != null);
        String padding = "x".repeat(48_000);
        say(
                server,
                "fast",
                "Ben",
                numbered("", 1, 350).stream().map(i -> i + padding).toList());
        alert.accept();
        return page;
    }

    @Test
    void whatTheServerRefusesCanBeSentAgainOrDiscarded() throws Exception {
        ParleyProcess first = ParleyProcess.start();
        Window page;
        try (first) {
            page = join(first, "tea", "Ann");
            first.signal("KILL");
            first.exitCode();
        }
        page.awaitText("banner", "The connection was lost");
        page.type("chat-text", "w".repeat(2000), Keys.ENTER);
        page.say("short");
        String[] smaller = {"--set", "limits.message-bytes=1KiB"};
        try (ParleyProcess second = ParleyProcess.startAt(first.port(), smaller)) {
            untilHolds(() -> assertThat(page.own("sent")).isEqualTo(1));
            untilHolds(() -> assertThat(page.own("failed")).isEqualTo(1));
            assertThat(page.text("chat-log")).contains("Not sent.");
            page.pressButton("Send again");
            page.awaitText("chat-text-fault", "This is too long: 2,000 bytes. A message has at most 1,024.");
            screenshot("failed.png");
            page.pressButton("Discard");
            page.awaitMessages("Ann: short");
            expectNetworkErrors();
            second.stop();
        }
        expectNetworkErrors();
    }

    @Test
    void aConnectionClosedForGoodSaysWhyAndCanBeOpenedAgain() throws Exception {
        ParleyProcess first = ParleyProcess.start();
        Window page;
        try (first) {
            page = join(first, "tea", "Ann");
            first.signal("KILL");
            first.exitCode();
        }
        page.awaitText("banner", "The connection was lost");
        page.type("chat-text", "said while away", Keys.ENTER);
        closeWith1008(first.port());
        page.awaitText("banner", "The connection was closed (1008", "not allowed here");
        untilHolds(() -> assertThat(page.own("failed")).isEqualTo(1));
        try (ParleyProcess second = ParleyProcess.startAt(first.port())) {
            page.press("again");
            page.awaitText("connection-words", "Connected as Ann");
            page.pressButton("Discard");
            page.say("short");
            page.awaitMessages("Ann: short");
            expectNetworkErrors();
            second.stop();
        }
        expectNetworkErrors();
    }

    /** Is a server for one handshake: it lets the client in and closes with 1008 at once (RFC 6455 sections 4.2.2 and 5.5.1). */
    private static void closeWith1008(int port) throws Exception {
        try (ServerSocket server = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            server.setSoTimeout((int) PATIENCE.toMillis());
            Socket client = server.accept();
            BufferedReader request = new BufferedReader(new InputStreamReader(client.getInputStream(), US_ASCII));
            String key = "";
            for (String line = request.readLine(); !line.isEmpty(); line = request.readLine()) {
                key = line.startsWith("Sec-WebSocket-Key: ") ? line.substring(19) : key;
            }
            byte[] hash = MessageDigest.getInstance("SHA-1")
                    .digest((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").getBytes(US_ASCII));
            String answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Protocol: parley.v1.json\r\nSec-WebSocket-Accept: "
                    + Base64.getEncoder().encodeToString(hash) + "\r\n\r\n";
            client.getOutputStream().write(answer.getBytes(US_ASCII));
            client.getOutputStream().write(new byte[] {(byte) 0x88, 2, 1008 >> 8, (byte) 1008});
            client.getInputStream().readAllBytes();
            client.close();
        }
    }

    @Test
    void aRoomThatCannotBeJoinedSaysWhy() {
        try (ParleyProcess small = ParleyProcess.start("--set", "limits.rooms-per-connection=1")) {
            Window page = open(small, "?name=Ann&room=java&room=tea");
            page.awaitText("connection-words", "Connected as Ann");
            page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
            untilHolds(() -> assertThat(page.text("banner")).isNotEmpty());
            page.say("hello");
            untilHolds(() -> assertThat(page.own("failed")).isEqualTo(1));
            assertThat(page.text("chat-log")).contains("Not sent. You are not in this room any more.");
            page.press("leave");
            page.say("hello");
            page.awaitMessages("Ann: hello");
            assertThat(page.text("banner")).isEmpty();
        }
    }

    @Test
    void markupAsTextDataOrNameStaysText() throws Exception {
        String script = "<script>document.title='taken'</script>";
        String image = "<img src=x onerror=\"document.title='taken'\">";
        Window page = open(parley, "");
        page.type("start-name", "<img src=x onerror=alert(1)>");
        page.type("start-room", "markup", Keys.ENTER);
        page.awaitText("connection-words", "Connected as <img src=x onerror=alert(1)>");
        page.say(script);
        page.say(image);
        try (JsonClient client = new JsonClient(parley.socket("chat/markup"))) {
            client.ask("{'type':'say','room':'markup','data':{'a':'<svg onload=alert(1)>'}}");
            client.ask("{'type':'signal','room':'markup','data':{'typing':true}}");
        }
        String name = "<img src=x onerror=alert(1)>: ";
        page.awaitMessages(name + script, name + image, "Anonymous: {\n  \"a\": \"<svg onload=alert(1)>\"\n}");
        page.awaitText("typing", "Someone is typing…");
        assertThat(page.members()).containsExactly("<img src=x onerror=alert(1)> (you)");
        assertThat(browser.findElements(By.cssSelector("main script, main img, main svg[onload]")))
                .isEmpty();
        assertThat(browser.getTitle()).isEqualTo("markup – Parley");

        Window other = open(parley, "?name=Ann&room=<script>alert(1)</script>");
        other.awaitText("start-room-fault", "A room has 1 to 64 letters");
        assertThat(other.find("start-room").getDomProperty("value")).isEqualTo("<script>alert(1)</script>");
    }

    @Test
    void addressesBecomeLinksAndNothingElseDoes() {
        Window page = join(parley, "links", "Ann");
        page.say("see https://parley.test/a?b=(c). or javascript:alert(1) <http://parley.test/>");
        page.awaitMessages("Ann: see https://parley.test/a?b=(c). or javascript:alert(1) <http://parley.test/>");
        assertThat(page.list("""
                return [...document.querySelectorAll('.text a')].map(a => [a.href, a.rel, a.target].join(' '))
                """))
                .containsExactly(
                        "https://parley.test/a?b=(c) noopener noreferrer _blank",
                        "http://parley.test/ noopener noreferrer _blank");
    }

    @Test
    void ofALongMessageTheBeginningIsShown() {
        Window page = join(parley, "wide", "Ann");
        page.script("""
                const text = document.getElementById('chat-text');
                text.value = 'word '.repeat(2000);
                text.form.requestSubmit();
                """);
        untilHolds(() -> assertThat(page.messages()).singleElement().asString().hasSizeLessThan(1600));
        page.pressButton("Show all");
        untilHolds(() -> assertThat(page.messages()).singleElement().asString().hasSizeGreaterThan(9900));
        page.pressButton("Show less");
        untilHolds(() -> assertThat(page.messages()).singleElement().asString().hasSizeLessThan(1600));
    }

    @Test
    void theKeyboardAloneIsEnough() {
        Window page = open(parley, "");
        page.awaitText("start", "Join a room");
        keys(Keys.TAB, Keys.TAB, Keys.TAB);
        keys("Ann", Keys.TAB);
        keys(Keys.chord(Keys.CONTROL, "a"), "keys", Keys.ENTER);
        page.awaitText("connection-words", "Connected as Ann");
        keys("first line", Keys.chord(Keys.SHIFT, Keys.ENTER), "second line", Keys.ENTER);
        page.awaitMessages("Ann: first line\nsecond line");

        for (int i = 0; i < 20 && !"join-room".equals(focus()); i++) {
            keys(Keys.chord(Keys.SHIFT, Keys.TAB));
        }
        keys("more-keys", Keys.ENTER);
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("more-keys"));
        keys("draft", Keys.chord(Keys.ALT, Keys.ARROW_UP));
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("keys"));
        page.awaitMessages("Ann: first line\nsecond line");
        keys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
        untilHolds(() -> assertThat(page.text("room-title")).isEqualTo("more-keys"));
        keys(" sent", Keys.ENTER);
        page.awaitMessages("Ann: draft sent");
    }

    private String focus() {
        return browser.switchTo().activeElement().getDomProperty("id");
    }

    @Test
    void thePageWorksUnderAContextPath() {
        try (ParleyProcess elsewhere = ParleyProcess.start("--context", "/some/where")) {
            assertThat(elsewhere.page()).endsWith("/some/where/");
            Window page = join(elsewhere, "java", "Ann");
            page.say("hello");
            page.awaitMessages("Ann: hello");
            Window echo = open(elsewhere, "?view=echo");
            echo.type("echo-text", "hello", Keys.ENTER);
            untilHolds(() -> assertThat(echo.echoes()).containsExactly("hello"));
        }
    }

    @Test
    void aRoomOrNameThatCannotBeIsRefusedBeforeItIsAskedFor() {
        Window page = open(parley, "");
        for (String room : List.of("no/where", "..", "é", " ")) {
            page.type("start-room", room, Keys.ENTER);
            assertThat(page.text("start-room-fault")).as(room).isNotEmpty();
        }
        page.type("start-room", "A.room_of-1");
        page.type("start-name", "n".repeat(41), Keys.ENTER);
        assertThat(page.text("start-name-fault")).contains("at most 40");
        page.type("start-name", "n".repeat(40), Keys.ENTER);
        page.awaitText("connection-words", "Connected as nnn");
    }

    @Test
    void aPhoneNeedsNoScrollingSidewaysAndItsSidesAreDrawers() throws Exception {
        conversation("sketches");
        colours("light");
        screen(360, 740, true);
        Window page = open(parley, "?name=Ann&room=sketches&room=tea");
        page.awaitText("room-title", "sketches");
        untilHolds(() -> assertThat(page.messages()).hasSize(7));
        page.say("In the dark too.");
        untilHolds(() -> assertThat(page.own("sent")).isEqualTo(1));
        screenshot("phone.png");
        assertThat(page.find("rooms-pane").isDisplayed()).isFalse();
        page.press("show-rooms");
        untilHolds(() -> assertThat(page.find("connection-words").isDisplayed()).isTrue());
        page.awaitText("connection-words", "Connected as Ann");
        untilHolds(() -> assertThat(page.find("rooms-pane").getRect().getX()).isZero());
        screenshot("phone-rooms.png");
        keys(Keys.ESCAPE);
        untilHolds(() -> assertThat(page.find("rooms-pane").isDisplayed()).isFalse());
        assertThat(focus()).isEqualTo("show-rooms");
        page.press("show-members");
        untilHolds(() -> assertThat(page.text("members")).contains("Ann (you)"));
        new Actions(browser).moveToLocation(20, 400).click().perform();
        untilHolds(() -> assertThat(page.find("members-pane").isDisplayed()).isFalse());

        page.say("w".repeat(300));
        untilHolds(() -> assertThat(page.messages()).endsWith("Ann: " + "w".repeat(300)));
        for (String view : List.of("Chat", "Echo")) {
            page.pressButton(view);
            assertThat(page.script("return document.documentElement.scrollWidth"))
                    .isEqualTo(360L);
        }
        screenshot("phone-echo.png");
    }

    @Test
    void thePageIsLightOrDark() throws Exception {
        conversation("design");
        screen(1200, 760, false);
        Window page = join(parley, "design&room=tea&room=release-0.1", "Ann");
        page.say("It does. And *both* schemes have the contrast they need: https://parley.test/contrast");
        untilHolds(() -> assertThat(page.own("sent")).isEqualTo(1));
        say(parley, "tea", "Ben", List.of("kettle is on"));
        untilHolds(() -> assertThat(page.rooms()).contains("tea: 1 unread"));
        try (JsonClient cleo = new JsonClient(parley.socket("chat/design?name=Cleo"));
                JsonClient ben = new JsonClient(parley.socket("chat/design?name=Ben"))) {
            untilHolds(() -> assertThat(page.members()).containsExactly("Ann (you)", "Ben", "Cleo"));
            cleo.ask("{'type':'signal','room':'design','data':{'typing':true}}");
            page.awaitText("typing", "Cleo is typing…");
            List<String> backs = new ArrayList<>();
            for (String scheme : List.of("light", "dark")) {
                colours(scheme);
                cleo.ask("{'type':'signal','room':'design','data':{'typing':true}}");
                screenshot(scheme + ".png");
                backs.add((String) page.script("return getComputedStyle(document.body).backgroundColor"));
            }
            assertThat(backs).doesNotHaveDuplicates();
            ben.soFar();
            screen(800, 600, false);
            assertThat(page.find("rooms-pane").isDisplayed()).isTrue();
            untilHolds(() -> assertThat(page.find("members-pane").isDisplayed()).isFalse());
            screenshot("tablet.png");
            screen(1200, 760, false);
        }
        Window start = open(parley, "");
        start.awaitText("start", "Join a room");
        screenshot("start.png");
        start.pressButton("Echo");
        start.type("echo-text", "How long does this take?", Keys.ENTER);
        untilHolds(() -> assertThat(start.echoes()).hasSize(1));
        screenshot("echo.png");
    }

    /** WCAG asks for 4.5 to 1. The colours are computed by the browser, so they are read from pixels it paints. */
    @Test
    void aNameOfAnyColourCanBeReadOnBothSchemes() {
        Window page = join(parley, "colours", "Ann");
        try (JsonClient ben = new JsonClient(parley.socket("chat/colours?name=Ben"))) {
            ben.send("{\"type\":\"say\",\"room\":\"colours\",\"text\":\"hello\"}");
            page.awaitMessages("Ben: hello");
            for (String scheme : List.of("light", "dark")) {
                colours(scheme);
                assertThat((Number) page.script("""
                        const context = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
                        const luminance = colour => {
                            context.fillStyle = colour;
                            context.fillRect(0, 0, 1, 1);
                            const [r, g, b] = [...context.getImageData(0, 0, 1, 1).data].map(part =>
                                part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
                            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
                        };
                        const contrast = (front, back) => {
                            const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
                            return (light + 0.05) / (dark + 0.05);
                        };
                        const [who, avatar, bubble] = ['.who', '.avatar', '.bubble'].map(one => document.querySelector('.other ' + one));
                        let least = 21;
                        for (let hue = 0; hue < 360; hue++) {
                            who.style.setProperty('--hue', hue);
                            avatar.style.setProperty('--hue', hue);
                            const disc = getComputedStyle(avatar);
                            least = Math.min(least, contrast(disc.color, disc.backgroundColor),
                                contrast(getComputedStyle(who).color, getComputedStyle(bubble).backgroundColor));
                        }
                        return least;
                        """))
                        .extracting(Number::doubleValue)
                        .matches(least -> least >= 4.5, scheme + ": at least 4.5");
            }
        }
    }

    /** Something to look at in a room of a picture. */
    private static void conversation(String room) throws Exception {
        say(parley, room, "Ben", List.of("Morning! The new room page is up.", "Have a look when you can."));
        say(
                parley,
                room,
                "Cleo",
                List.of(
                        "Nice. I like that messages sent while I was in the tunnel arrived by themselves, in order, without me doing anything.",
                        "One question: what happens when the server is restarted under it?"));
        say(parley, room, "Ben", List.of("It says so, comes back by itself and goes on where it was."));
        try (JsonClient build = new JsonClient(parley.socket("chat/" + room + "?name=build"))) {
            build.ask("{'type':'say','room':'" + room + "','data':{'build':412,'passed':true}}");
        }
        say(parley, room, "Cleo", List.of("And it reads well in the dark?"));
    }

    private Window open(ParleyProcess server, String query) {
        if (!browser.getCurrentUrl().startsWith("data:")) {
            browser.switchTo().newWindow(WindowType.WINDOW);
        }
        browser.get(server.page() + query);
        return new Window(browser.getWindowHandle());
    }

    /** Opens the page in a room, and waits until it is connected. */
    private Window join(ParleyProcess server, String room, String name) {
        Window window = open(server, "?name=" + name + "&room=" + room);
        window.awaitText("connection-words", "Connected as " + name);
        return window;
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

    /** While a server is away the browser writes that it cannot be reached, which no page can prevent. Nothing else may be wrong. */
    private void expectNetworkErrors() {
        assertThat(errorsInTheConsole())
                .allSatisfy(
                        entry -> assertThat(entry.getMessage()).containsAnyOf("WebSocket connection to", "icon.svg"));
    }

    private void screen(int width, int height, boolean isPhone) {
        browser.executeCdpCommand(
                "Emulation.setDeviceMetricsOverride",
                Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", isPhone));
    }

    private void colours(String scheme) {
        browser.executeCdpCommand(
                "Emulation.setEmulatedMedia",
                Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
    }

    private void screenshot(String name) throws IOException {
        untilHolds(() -> assertThat(browser.executeScript("return document.getAnimations().length"))
                .isEqualTo(0L));
        Path file = Files.createDirectories(Path.of("target", "screenshots")).resolve(name);
        Files.write(file, browser.getScreenshotAs(OutputType.BYTES));
    }

    private static void untilHolds(ThrowingRunnable assertion) {
        Awaitility.await()
                .pollInSameThread()
                .pollInterval(Duration.ofMillis(20))
                .atMost(PATIENCE)
                .untilAsserted(assertion);
    }

    /** Says texts over a connection of its own, and returns when the room has them. */
    private static void say(ParleyProcess server, String room, String name, Iterable<String> texts) throws Exception {
        try (JsonClient client = new JsonClient(server.socket("chat/" + room + "?name=" + name))) {
            for (String text : texts) {
                assertThat(client.ask("{'type':'say','room':'" + room + "','text':'" + text + "'}")
                                .getString("type"))
                        .isEqualTo("ack");
            }
        }
    }

    private static List<String> numbered(String prefix, int from, int to) {
        return IntStream.rangeClosed(from, to).mapToObj(i -> prefix + i).toList();
    }

    /** A window with the page in it. */
    private final class Window {
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
