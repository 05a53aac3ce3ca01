package parley.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.session.Ending;
import parley.testclient.RawClient;

/** How a client's close frame is answered. */
class ClosingTest extends ServerBase {
    private static byte[] closeFrame(int code, String reason) {
        byte[] words = reason.getBytes(UTF_8);
        return ByteBuffer.allocate(2 + words.length)
                .putShort((short) code)
                .put(words)
                .array();
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999})
    void aCloseIsAnsweredWithItsOwnCodeAndIsTheClients(int code) throws Exception {
        start();
        try (RawClient client = raw("/chat")) {
            client.frame(true, RawClient.CLOSE, closeFrame(code, "as I like"));
            assertThat(client.readClose()).hasToString("close " + code + " as I like");
            client.readToEnd();
        }
        awaitEnding(Ending.LEFT);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 1002",
        "999, 1002",
        "1004, 1002",
        "1005, 1002",
        "1006, 1002",
        "1015, 1002",
        "2999, 1002",
        "5000, 1002"
    })
    void aCloseWithACodeThatCannotStandInAFrameIsAnError(int code, int answer) throws Exception {
        start();
        try (RawClient client = raw("/chat")) {
            client.frame(true, RawClient.CLOSE, closeFrame(code, ""));
            assertThat(client.readClose().closeCode()).isEqualTo(answer);
            client.readToEnd();
        }
        awaitEnding(Ending.MALFORMED);
    }

    @Test
    void aCloseThatIsBrokenIsAnError() throws Exception {
        start();
        byte[][] broken = {
            RawClient.encode(0x88, true, 1, new byte[1]),
            RawClient.encode(0x08, true, 2, closeFrame(1000, "")),
            RawClient.encode(0xC8, true, 2, closeFrame(1000, "")),
            RawClient.encode(0x88, true, 126, closeFrame(1000, "x".repeat(124))),
        };
        for (byte[] frame : broken) {
            try (RawClient client = raw("/chat")) {
                client.raw(frame);
                assertThat(client.readClose().closeCode()).isEqualTo(1002);
            }
        }
        try (RawClient client = raw("/chat")) {
            client.frame(true, RawClient.CLOSE, new byte[] {3, (byte) 0xE8, (byte) 0xC3});
            assertThat(client.readClose().closeCode()).isEqualTo(1007);
        }
        await().until(() -> server.parley().sessions().endedCount(Ending.MALFORMED) == broken.length + 1);
    }

    @Test
    void aCloseInPiecesBehindAMessageIsAClose() throws Exception {
        start();
        byte[] text = RawClient.encode(0x81, true, 2, "hi".getBytes(UTF_8));
        byte[] close = RawClient.encode(0x88, true, 5, closeFrame(1012, "bye"));
        for (int cut = 0; cut < close.length; cut++) {
            try (RawClient client = raw("/echo")) {
                client.raw(ByteBuffer.allocate(text.length + cut)
                        .put(text)
                        .put(close, 0, cut)
                        .array());
                assertThat(client.read().text()).isEqualTo("hi");
                client.raw(ByteBuffer.allocate(close.length - cut)
                        .put(close, cut, close.length - cut)
                        .array());
                assertThat(client.readClose()).hasToString("close 1012 bye");
                client.readToEnd();
            }
        }
    }

    @Test
    void aCloseWithoutACodeIsAnsweredWith1000() throws Exception {
        start();
        try (RawClient client = raw("/echo")) {
            client.frame(true, RawClient.CLOSE, new byte[0]);
            assertThat(client.readClose().closeCode()).isEqualTo(1000);
            client.readToEnd();
        }
        awaitEnding(Ending.LEFT);
    }
}
