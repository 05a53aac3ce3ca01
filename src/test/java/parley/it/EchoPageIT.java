package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;
import org.openqa.selenium.Keys;
import parley.testclient.JsonClient;

/** The echo side of the page, the page's own right to speak JSON, and the status page of a real server. */
final class EchoPageIT extends BrowserBase {
    private static final String SESSIONS =
            "return [...document.querySelectorAll('[data-panel=sessions] .values > li')].map(one => one.innerText)";

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
    void theStatusPageSeesWhoIsHere() {
        Window page = open(parley, "status.html?every=0.2");
        page.awaitText("status-state", "Ready");
        page.awaitText("status-figures", "Sessions");
        try (JsonClient client = new JsonClient(parley.socket("chat/seen"))) {
            untilHolds(() -> assertThat(page.list(SESSIONS)).containsExactly("1"));
            client.close();
            untilHolds(() -> assertThat(page.list(SESSIONS)).containsExactly("0"));
        }
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
    void aFileOverTheLimitIsNotSentAndTheLimitIsTold() throws IOException {
        Window page = open(parley, "?view=echo");
        page.choose("echo-file", Files.write(folder.resolve("large.bin"), new byte[64 * 1024 + 1]));
        page.awaitText("echo-log", "large.bin", "not sent: it has 65,537 bytes, and a message at most 65,536 bytes");
        page.choose("echo-file", Files.write(folder.resolve("just.bin"), new byte[64 * 1024]));
        page.awaitText("echo-log", "just.bin: 00 00", "binary, 65,536 bytes");
        page.awaitText("echo-state", "Connected to ");
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
}
