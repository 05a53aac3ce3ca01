package parley.portability;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.servers.Difference;
import parley.testclient.Client;
import parley.testclient.MessageDeflater;
import parley.testclient.RawClient;

/** {@code /echo}: every message comes back, up to the limit. */
class EchoIT extends Portability {
    @Test
    void textAndBinaryComeBackWhole() throws Exception {
        try (Client client = open("/echo")) {
            assertThat(client.say("grüß dich, 世界 😀").next()).isEqualTo("grüß dich, 世界 😀");
            assertThat(client.say("").next()).isEqualTo("");
            assertThat(client.send(new byte[] {0, -1, 7}).next()).isEqualTo(new byte[] {0, -1, 7});
            assertThat(client.send(new byte[0]).next()).isEqualTo(new byte[0]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "é", "世", "😀"})
    void aTextUpToTheLimitInBytesPassesInOneFrame(String character) throws Exception {
        byte[] text = character.repeat(LIMIT / character.getBytes(UTF_8).length).getBytes(UTF_8);
        try (RawClient client = raw("/echo")) {
            client.frame(true, RawClient.TEXT, text);
            assertIsMessage(client.readMessage(), RawClient.TEXT, text);
        }
    }

    @Test
    void aBinaryMessageUpToTheLimitPassesInOneFrame() throws Exception {
        try (RawClient client = raw("/echo")) {
            client.frame(true, RawClient.BINARY, counted(LIMIT));
            assertIsMessage(client.readMessage(), RawClient.BINARY, counted(LIMIT));
        }
    }

    /** The cuts fall within characters too, and the first fragment is empty. */
    @Test
    void fragmentsArePutTogetherWhereverTheyWereCut() throws Exception {
        byte[] characters = "😀é世".getBytes(UTF_8);
        byte[] text = "aé世😀".repeat(LIMIT / 10).getBytes(UTF_8);
        try (RawClient client = raw("/echo")) {
            inPieces(client, RawClient.BINARY, counted(LIMIT), 10_000);
            assertIsMessage(client.readMessage(), RawClient.BINARY, counted(LIMIT));
            inPieces(client, RawClient.TEXT, text, 4_100);
            assertIsMessage(client.readMessage(), RawClient.TEXT, text);
            inPieces(client, RawClient.TEXT, characters, 1);
            if (differs(Difference.CUTS_NO_CHARACTERS)) {
                assertThat(client.readClose().closeCode()).isEqualTo(1007);
                return;
            }
            assertIsMessage(client.readMessage(), RawClient.TEXT, characters);
            inPieces(client, RawClient.TEXT, text, 4_099);
            assertIsMessage(client.readMessage(), RawClient.TEXT, text);
        }
    }

    /**
     * A thousand times, by several at once. WildFly begins to read before it calls {@code @OnOpen}: handlers that were
     * added there missed messages.
     */
    @Test
    void whatIsSentRightAfterTheHandshakeIsHeard() throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(8);
        int lost = 0;
        try {
            for (Future<Integer> one :
                    clients.invokeAll(Collections.<Callable<Integer>>nCopies(8, this::lostBehindTheHandshake))) {
                lost += one.get();
            }
        } finally {
            clients.shutdownNow();
        }
        assertThat(lost).isLessThanOrEqualTo(differs(Difference.DROPS_WHAT_COMES_WITH_THE_HANDSHAKE) ? 10 : 0);
    }

    private int lostBehindTheHandshake() throws IOException {
        byte[] text = "at once".getBytes(UTF_8);
        int lost = 0;
        for (int i = 0; i < 125; i++) {
            try (RawClient client = raw("/echo")) {
                inPieces(client, RawClient.TEXT, text, 1);
                RawClient.Received first = client.readMessage();
                if (first.opcode() == RawClient.CLOSE && differs(Difference.DROPS_WHAT_COMES_WITH_THE_HANDSHAKE)) {
                    lost++; // heard of nothing, until the client was idle for too long
                } else {
                    assertIsMessage(first, RawClient.TEXT, text);
                }
            }
        }
        return lost;
    }

    /**
     * Tyrus's handler in GlassFish and Payara took a thread of the server for good for each such client, until there
     * were none left.
     */
    @Test
    void whatIsSentWithTheHandshakeIsHeardAndHoldsNobodyUp() throws Exception {
        for (int i = 0; i < 20; i++) {
            try (RawClient client = RawClient.hasty(port(), "/parley/echo", "hello")) {
                client.text("and on");
                if (!differs(Difference.DROPS_WHAT_COMES_WITH_THE_HANDSHAKE)) {
                    assertThat(client.readMessage().text()).isEqualTo("hello");
                }
                assertThat(client.readMessage().text()).isEqualTo("and on");
            }
        }
    }

    @Test
    void twoThousandMessagesInARowComeBackInOrder() throws Exception {
        List<String> messages =
                IntStream.range(0, 2_000).mapToObj(i -> "message " + i).toList();
        try (Client client = open("/echo")) {
            messages.forEach(client::say);
            assertThat(client.next(2_000)).isEqualTo(messages);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {RawClient.TEXT, RawClient.BINARY})
    void aMessageOverTheLimitInOneFrameClosesWith1009(int opcode) throws Exception {
        try (RawClient client = raw("/echo")) {
            client.frame(true, opcode, new byte[LIMIT + 1]);
            assertThat(client.readMessage()).hasToString("close 1009 message too big");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {RawClient.TEXT, RawClient.BINARY})
    void aMessageOverTheLimitInFragmentsClosesWith1009(int opcode) throws Exception {
        try (RawClient client = raw("/echo")) {
            inPieces(client, opcode, new byte[LIMIT + 1], 10_000);
            assertThat(client.readMessage()).hasToString("close 1009 message too big");
        }
    }

    /** Tomcat by itself would count the characters. */
    @Test
    void aTextOverTheLimitInBytesAloneClosesWith1009() throws Exception {
        try (RawClient client = raw("/echo")) {
            client.text("é".repeat(LIMIT / 2 + 1));
            assertThat(client.readMessage()).hasToString("close 1009 message too big");
        }
    }

    @Test
    void aFrameThatClaimsATerabyteIsNotWaitedFor() throws Exception {
        try (RawClient client = raw("/echo")) {
            byte[] frame = RawClient.encode(0x82, true, 1L << 40, new byte[2 * LIMIT]);
            if (differs(Difference.CUTS_WHO_IS_STILL_SENDING)) {
                assertThat(closeWhileSending(client, frame)).matches("close 1009.*|cut off");
                return;
            }
            client.raw(frame);
            if (differs(Difference.WAITS_FOR_LONG_FRAMES)) {
                assertThat(client.readMessage()).hasToString("close 1001 idle");
            } else {
                assertThat(client.readMessage().closeCode()).isEqualTo(1009);
            }
        }
    }

    private static String closeWhileSending(RawClient client, byte[] frame) throws IOException {
        try {
            client.raw(frame);
        } catch (IOException e) {
            return "cut off";
        }
        return client.readCloseOrEnd();
    }

    /** Every browser asks for permessage-deflate. */
    @Test
    void aCompressedMessageComesBackAndTheLimitIsForWhatIsInIt() throws Exception {
        String deflate = "Sec-WebSocket-Extensions: permessage-deflate;"
                + " client_no_context_takeover; server_no_context_takeover";
        byte[] text = "compress me ".repeat(LIMIT / 12).getBytes(UTF_8);
        if (!differs(Difference.COMPRESSES)) {
            try (RawClient client = handshake("/echo", deflate)) {
                assertThat(client.response()).doesNotContainIgnoringCase("permessage-deflate");
            }
            return;
        }
        try (RawClient client = handshake("/echo", deflate)) {
            assertThat(client.response()).containsIgnoringCase("permessage-deflate");
            compressed(client, RawClient.TEXT, text);
            RawClient.Received echo = client.readMessage();
            assertThat(MessageDeflater.payload(echo)).isEqualTo(text);
        }
        try (RawClient client = handshake("/echo", deflate)) {
            compressed(client, RawClient.BINARY, new byte[32 * 1024 * 1024]);
            assertThat(client.readMessage()).hasToString("close 1009 message too big");
        }
    }

    @Test
    void aFrameWithoutAMaskClosesWith1002() throws Exception {
        try (RawClient client = raw("/echo")) {
            byte[] text = "more than a mask".getBytes(UTF_8);
            client.raw(RawClient.encode(0x81, false, text.length, text));
            if (differs(Difference.TAKES_FRAMES_WITHOUT_A_MASK)) {
                assertThat(client.readMessage().text()).isEqualTo("more than a mask");
            } else {
                assertThat(client.readClose().closeCode()).isEqualTo(1002);
            }
        }
    }

    @Test
    void brokenFramesCloseWith1002AndTextThatIsNotUtf8With1007() throws Exception {
        try (RawClient client = raw("/chat")) {
            client.raw(RawClient.encode(0xF1, true, 2, "hi".getBytes(UTF_8)));
            assertThat(client.readClose().closeCode()).isEqualTo(1002);
        }
        try (RawClient client = raw("/chat")) {
            client.frame(true, RawClient.TEXT, new byte[] {'a', (byte) 0xC3, (byte) 0x28});
            assertThat(client.readClose().closeCode()).isEqualTo(1007);
        }
    }

    private static void inPieces(RawClient client, int opcode, byte[] message, int piece) throws IOException {
        client.frame(false, opcode, new byte[0]);
        for (int from = 0; from < message.length; from += piece) {
            int to = Math.min(message.length, from + piece);
            client.frame(to == message.length, RawClient.CONTINUATION, Arrays.copyOfRange(message, from, to));
        }
    }

    private static void assertIsMessage(RawClient.Received received, int opcode, byte[] payload) {
        assertThat(received.opcode()).isEqualTo(opcode);
        assertThat(received.payload()).isEqualTo(payload);
    }

    /** Bytes in which a piece that is missing or out of place shows. */
    private static byte[] counted(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) (i % 251);
        }
        return bytes;
    }

    /** Sends a whole message compressed (RFC 7692 section 7.2.1). */
    private static void compressed(RawClient client, int opcode, byte[] message) throws IOException {
        byte[] withoutTail;
        try (MessageDeflater deflater = new MessageDeflater(false)) {
            withoutTail = deflater.compress(message);
        }
        client.raw(RawClient.encode(0xC0 | opcode, true, withoutTail.length, withoutTail));
    }
}
