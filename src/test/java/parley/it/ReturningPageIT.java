package parley.it;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.endsIn;
import static parley.testclient.Token.token;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.openqa.selenium.Alert;
import org.openqa.selenium.Keys;

/** The chat of the page when the connection goes, the server restarts, or a window falls behind. */
final class ReturningPageIT extends BrowserBase {
    private static final String[] TOKENS = {
        "--set", "access.mode=token", "--set", "access.secret=" + SECRET, "--set", "access.leeway=0s"
    };

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
        String[] settings = {
            "--set", "limits.bytes-per-second=0", "--set", "room.window=16", "--set", "room.history-bytes=64MiB"
        };
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
        try (ParleyProcess small = ParleyProcess.start(
                "--set", "room.window=16", "--set", "room.history=20", "--set", "limits.bytes-per-second=0")) {
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
        Alert alert = alert();
        // Random: what compresses well fits into the buffers of the two systems, and nobody falls behind.
        String padding = "x"
                + new Random(1)
                        .ints(30_000, 'a', 'z' + 1)
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString();
        say(
                server,
                "fast",
                "Ben",
                numbered("", 1, 350).stream().map(i -> i + padding).toList());
        alert.accept();
        return page;
    }

    /** Joins the room tea as Ann and kills the server. */
    private Window joinAndLose(ParleyProcess server) throws Exception {
        try (server) {
            Window page = join(server, "tea", "Ann");
            server.signal("KILL");
            server.exitCode();
            page.awaitText("banner", "The connection was lost");
            return page;
        }
    }

    @Test
    void whatTheServerRefusesCanBeSentAgainOrDiscarded() throws Exception {
        ParleyProcess first = ParleyProcess.start();
        Window page = joinAndLose(first);
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
        Window page = joinAndLose(first);
        page.type("chat-text", "said while away", Keys.ENTER);
        for (int i = 0; i < 3; i++) {
            closeWith1008(first.port());
        }
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

    @Test
    void whoDoesNotWantToWaitComesBackAtOnce() throws Exception {
        ParleyProcess first = ParleyProcess.start();
        Window page = joinAndLose(first);
        untilHolds(() -> assertThat(page.text("connection-words")).matches("Lost, coming back in (1\\d|[6-9]) s"));
        try (ParleyProcess second = ParleyProcess.startAt(first.port())) {
            page.script("window.banners = [];"
                    + "new MutationObserver(() => banners.push(document.getElementById('banner').textContent))"
                    + ".observe(document.getElementById('banner'), {childList: true})");
            page.pressButton("Try now");
            untilHolds(() -> assertThat(page.script("return document.getElementById('chat').dataset.state"))
                    .isEqualTo("open"));
            assertThat(page.text("banner")).isEmpty();
            assertThat(page.list("return banners"))
                    .anySatisfy(banner -> assertThat(banner)
                            .startsWith("The connection was lost")
                            .endsWith("Connecting…"));
            expectNetworkErrors();
            second.stop();
        }
        expectNetworkErrors();
    }

    /** Chromium keeps a page that was left for the way back, with its script stopped. */
    @Test
    void aPageThatWasLeftIsInNoRoomUntilItIsShownAgain() {
        Window ann = join(parley, "left", "Ann");
        Window ben = join(parley, "left", "Ben");
        untilHolds(() -> assertThat(ben.members()).containsExactly("Ann", "Ben (you)"));
        ann.script("dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))");
        untilHolds(() -> assertThat(ben.members()).containsExactly("Ben (you)"));
        ben.say("while she is away");
        assertThat(ann.text("banner")).isEmpty();
        ann.script("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))");
        ann.awaitMessages("Ben: while she is away");
        untilHolds(() -> assertThat(ben.members()).containsExactly("Ann", "Ben (you)"));
    }

    @Test
    void aPageComesInWithTheTokenOfItsAddressAndIsCalledWhatThatSays() throws Exception {
        try (ParleyProcess strict = ParleyProcess.start(TOKENS)) {
            Window page = open(strict, "?room=java#token=" + token(claims("Benedict", "java")));
            page.awaitText("connection-words", "Connected as Benedict");
            assertThat(page.address()).endsWith("?name=Benedict&room=java");
            page.say("hello");
            page.awaitMessages("Benedict: hello");
            browser.navigate().refresh();
            page.awaitText("connection-words", "Connected as Benedict");
            strict.stop();
        }
        expectNetworkErrors();
    }

    @Test
    void aPageThatIsRefusedSaysWhyAndTakesAToken() throws Exception {
        try (ParleyProcess strict = ParleyProcess.start(TOKENS)) {
            Window page = open(strict, "?name=Ann&room=java&room=tea");
            page.awaitText("banner", "The server refuses this page: ", "token", "(401)", "Coming back in");
            page.press("give-token");
            page.type("token", token(endsIn(claims("Ann", "tea"), -5_000)), Keys.ENTER);
            page.awaitText("banner", "expired");
            page.press("give-token");
            page.type("token", token(claims("Ann", "tea")), Keys.ENTER);
            page.awaitText("connection-words", "Connected as Ann");
            page.awaitText("banner", "token");
            page.find("chat-text").sendKeys(Keys.chord(Keys.ALT, Keys.ARROW_DOWN));
            page.say("hello");
            page.awaitMessages("Ann: hello");
            expectNetworkErrors();
            strict.stop();
        }
        expectNetworkErrors();
    }

    /**
     * Is a server for one handshake: it lets the client in and closes with 1008 at once (RFC 6455 sections 4.2.2 and
     * 5.5.1).
     */
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
}
