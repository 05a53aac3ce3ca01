package parley.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.delivery.DeflateCounts;
import parley.session.Ending;
import parley.testclient.MessageDeflater;
import parley.testclient.RawClient;

/** {@code permessage-deflate} (RFC 7692) on the wire. */
class DeflateTest extends ServerBase {
    private static final String JSON = "Sec-WebSocket-Protocol: parley.v1.json\r\n";
    private static final int RSV1 = 0x40;
    private static final int LAST = 0x80;
    private static final int TEXT = LAST | RSV1 | RawClient.TEXT;

    /** Inflates to nothing (RFC 1951 section 3.2.4). */
    private static final String EMPTY_BLOCK = "000000ffff";

    private static String offer(DeflateTerms terms) {
        return "Sec-WebSocket-Extensions: permessage-deflate"
                + (terms == DeflateTerms.FRESH ? "; client_max_window_bits\r\n" : "\r\n");
    }

    private RawClient open(String path, String headers) throws IOException {
        return RawClient.handshake(server.port(), path, 0, headers);
    }

    private RawClient echo(DeflateTerms terms) throws IOException {
        RawClient client = open("/echo", offer(terms));
        assertThat(client.response()).contains("\r\nSec-WebSocket-Extensions: " + terms.answer() + "\r\n");
        return client;
    }

    private DeflateCounts counts() {
        return server.parley().deflation().orElseThrow().counts();
    }

    private static byte[] masked(int firstByte, byte[] payload) {
        return RawClient.encode(firstByte, true, payload.length, payload);
    }

    private static byte[] hex(String bytes) {
        return HexFormat.of().parseHex(bytes);
    }

    @Test
    void aClientThatOffersNothingIsSentNothingCompressed() throws Exception {
        start();
        try (RawClient client = raw("/echo")) {
            assertThat(client.response()).doesNotContain("Extensions");
            client.text("a".repeat(5000));
            assertThat(client.readMessage().isCompressed()).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"permessage-deflate; server_max_window_bits=9", "permessage-deflate; odd", "x-other"})
    void anOfferThatCannotBeTakenIsDeclinedAndTheClientComesIn(String offer) throws Exception {
        start();
        try (RawClient client = open("/echo", "Sec-WebSocket-Extensions: " + offer + "\r\n")) {
            assertThat(client.status()).isEqualTo(101);
            assertThat(client.response()).doesNotContain("Extensions");
        }
    }

    @Test
    void nothingIsAgreedOnWhereItIsSwitchedOff() throws Exception {
        start("session.compression=off");
        try (RawClient client = open("/echo", offer(DeflateTerms.FRESH))) {
            assertThat(client.response()).doesNotContain("Extensions");
            client.raw(masked(TEXT, hex("f248cdc9c90700")));
            assertThat(client.readMessage().closeCode()).isEqualTo(1002);
        }
    }

    /**
     * Messages of many lengths, compressed and not, in fragments that end anywhere, with pings between them, and
     * written in pieces that end anywhere: all come back as they were.
     */
    @ParameterizedTest
    @EnumSource(DeflateTerms.class)
    void whateverTheFragmentsMessagesComeBackAsTheyWere(DeflateTerms terms) throws Exception {
        start("limits.bytes-per-second=0");
        Random random = new Random(7692);
        try (RawClient client = echo(terms);
                MessageDeflater deflater = new MessageDeflater(terms == DeflateTerms.KEPT)) {
            for (int round = 0; round < 400; round++) {
                byte[] message = message(random);
                boolean isCompressed = random.nextInt(4) > 0;
                int opcode = random.nextBoolean() ? RawClient.TEXT : RawClient.BINARY;
                byte[] payload = isCompressed ? deflater.compress(message) : message;
                writeInPieces(client, fragments(payload, opcode | (isCompressed ? RSV1 : 0), random), random);
                RawClient.Received echo = nextOf(client);
                assertThat(echo.opcode()).as("round %d", round).isEqualTo(opcode);
                assertThat(MessageDeflater.payload(echo)).as("round %d", round).isEqualTo(message);
            }
        }
        await().until(() -> counts().inflaters() == 0);
        assertThat(counts().received()).isLessThan(counts().inflated());
        assertThat(counts().compressed()).isLessThan(counts().plain());
    }

    /** Pongs come between. */
    private static RawClient.Received nextOf(RawClient client) throws IOException {
        RawClient.Received next = client.readMessage();
        assertThat(next.opcode()).as(next.toString()).isNotEqualTo(RawClient.CLOSE);
        return next;
    }

    private static byte[] message(Random random) {
        int length = random.nextInt(20) == 0 ? 65_000 + random.nextInt(536) : random.nextInt(3000);
        int letters = 1 + random.nextInt(60);
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append((char) (' ' + random.nextInt(letters)));
        }
        return text.toString().getBytes(UTF_8);
    }

    private static byte[] fragments(byte[] payload, int firstByte, Random random) {
        List<byte[]> frames = new ArrayList<>();
        int begins = firstByte;
        int from = 0;
        while (random.nextInt(3) > 0) {
            int to = from + random.nextInt(payload.length - from + 1);
            frames.add(masked(begins, Arrays.copyOfRange(payload, from, to)));
            begins = 0;
            from = to;
            if (random.nextBoolean()) {
                frames.add(masked(LAST | RawClient.PING, new byte[random.nextInt(5)]));
            }
        }
        frames.add(masked(LAST | begins, Arrays.copyOfRange(payload, from, payload.length)));
        byte[] all = new byte[frames.stream().mapToInt(frame -> frame.length).sum()];
        int at = 0;
        for (byte[] frame : frames) {
            System.arraycopy(frame, 0, all, at, frame.length);
            at += frame.length;
        }
        return all;
    }

    private static void writeInPieces(RawClient client, byte[] bytes, Random random) throws IOException {
        int from = 0;
        for (int pieces = random.nextInt(4); pieces > 0; pieces--) {
            int to = from + random.nextInt(Math.min(40, bytes.length - from + 1));
            client.raw(Arrays.copyOfRange(bytes, from, to));
            from = to;
        }
        client.raw(Arrays.copyOfRange(bytes, from, bytes.length));
    }

    /** The examples of RFC 7692 section 7.2.3, and a message without a byte, as some clients send it. */
    @ParameterizedTest
    @CsvSource({
        "c1 07 f248cdc9c90700, Hello",
        "c1 0b 000500faff48656c6c6f00, Hello",
        "c1 08 f348cdc9c9070000, Hello",
        "c1 0d f24805000000ffffcac9c90700, Hello",
        "41 03 f248cd 80 04 c9c90700, Hello",
        "c1 01 00, ''",
        "c1 00, ''",
        "41 00 80 01 00, ''"
    })
    void theFormsThatCompressedDataMayHaveAreRead(String frames, String text) throws Exception {
        start();
        try (RawClient client = echo(DeflateTerms.FRESH)) {
            for (int i = 0; i < 2; i++) {
                client.raw(withMasks(frames));
                assertThat(client.readMessage()).hasToString("1 " + text);
            }
        }
    }

    /** Puts a mask of zeros into frames with a header of two bytes. */
    private static byte[] withMasks(String frames) {
        StringBuilder all = new StringBuilder();
        String[] parts = frames.split(" ");
        for (int i = 0; i < parts.length; i++) {
            int length = Integer.parseInt(parts[i + 1], 16);
            all.append(parts[i]).append(String.format("%02x", 0x80 | length)).append("00000000");
            i++;
            if (length > 0) {
                i++;
                assertThat(parts[i]).hasSize(2 * length);
                all.append(parts[i]);
            }
        }
        return hex(all.toString());
    }

    @ParameterizedTest
    @CsvSource({
        // A bit where it must not be: on a fragment behind the first, a ping, together with another bit.
        "41 03 f248cd c0 04 c9c90700, 1002",
        "c9 00, 1002",
        "e1 07 f248cdc9c90700, 1002",
        // Another message within one, compressed and not.
        "41 03 f248cd c1 07 f248cdc9c90700, 1002",
        "41 03 f248cd 81 01 61, 1002",
        "c0 01 00, 1002",
        // A block of type 3; a stored block whose two lengths disagree; one that is cut off; a reference to nothing.
        "c1 03 ffffff, 1007",
        "c1 06 000500faff48, 1007",
        "c1 05 0005000000, 1007",
        "c1 02 0700, 1007",
        // No UTF-8: a stored block with the byte 0xff.
        "c1 07 000100feffff00, 1007"
    })
    void aViolationCloses(String frames, int code) throws Exception {
        start();
        try (RawClient client = echo(DeflateTerms.FRESH)) {
            client.raw(withMasks(frames));
            assertThat(client.readMessage().closeCode()).isEqualTo(code);
        }
        awaitEnding(Ending.MALFORMED);
        await().until(() -> counts().inflaters() == 0);
    }

    /** Thirty-two kilobytes become 32 megabytes, of which no more is decompressed than a message may have. */
    @ParameterizedTest
    @ValueSource(strings = {"/echo", "/chat/deflate?name=bomb"})
    void aMessageThatGrowsBeyondTheLimitCloses(String path) throws Exception {
        start();
        byte[] bomb;
        try (MessageDeflater deflater = new MessageDeflater(false)) {
            bomb = deflater.compress(" ".repeat(32 << 20).getBytes(UTF_8));
        }
        try (RawClient client = open(path, offer(DeflateTerms.FRESH))) {
            client.raw(masked(TEXT, bomb));
            RawClient.Received close = client.readClose();
            assertThat(close).hasToString("close 1009 message too big");
        }
        awaitEnding(Ending.TOO_BIG);
        assertThat(counts().inflated()).isLessThan(256 << 10);
    }

    /** Nothing is in its fragments, so only their compressed bytes can end it. */
    @Test
    void aMessageOfCompressedBytesWithoutContentHasALimit() throws Exception {
        start("limits.bytes-per-second=0", "limits.command-bytes=64KiB");
        byte[] nothing = hex(EMPTY_BLOCK.repeat(2_000));
        try (RawClient client = echo(DeflateTerms.FRESH)) {
            client.raw(masked(RSV1 | RawClient.TEXT, nothing));
            for (int i = 0; i < 6; i++) {
                client.raw(masked(0, nothing));
            }
            assertThat(client.readClose().closeCode()).isEqualTo(1009);
        }
        awaitEnding(Ending.MALFORMED);
    }

    /** Messages of 50 KB that inflate to nothing, 1.5 MB at 64 KiB a second. */
    @Test
    void compressedBytesWithoutContentCountAgainstTheRate() throws Exception {
        start("limits.bytes-per-second=64KiB", "limits.command-bytes=64KiB");
        byte[] message = masked(TEXT, hex(EMPTY_BLOCK.repeat(10_000) + "00"));
        try (RawClient client = echo(DeflateTerms.FRESH)) {
            for (int i = 0; i < 30; i++) {
                client.raw(message);
            }
            assertThat(client.readClose().closeCode()).isEqualTo(1008);
        }
        awaitEnding(Ending.FLOODING_BYTES);
    }

    @Test
    void aMessageOfLastBlocksAloneCloses() throws Exception {
        start();
        byte[] blocks = new byte[2000];
        for (int i = 0; i < blocks.length; i += 2) {
            blocks[i] = 3;
        }
        try (RawClient client = echo(DeflateTerms.FRESH)) {
            client.raw(masked(TEXT, blocks));
            assertThat(client.readMessage().closeCode()).isEqualTo(1007);
        }
    }

    @Test
    void aMessageOfTheLargestSizeIsTakenThatDoesNotGetShorter() throws Exception {
        start("limits.command-bytes=64KiB");
        byte[] noise = new byte[64 << 10];
        new Random(1).nextBytes(noise);
        try (RawClient client = echo(DeflateTerms.FRESH);
                MessageDeflater deflater = new MessageDeflater(false)) {
            client.raw(masked(LAST | RSV1 | RawClient.BINARY, deflater.compress(noise)));
            assertThat(client.readMessage().payload()).isEqualTo(noise);
        }
    }

    /** Clients that began a message and said no more: they are counted, and leave nothing behind. */
    @Test
    void aClientThatLeavesWithinAMessageLeavesNothing() throws Exception {
        start();
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            RawClient client = echo(DeflateTerms.FRESH);
            client.raw(withMasks("41 03 f248cd"));
            clients.add(client);
        }
        await().until(() -> counts().inflaters() == 10);
        await().until(() -> server.parley().sessions().heldBytes() >= 10L * Inflation.BYTES);
        for (RawClient client : clients) {
            client.reset();
        }
        await().until(() -> counts().inflaters() == 0);
        await().until(() -> server.parley().sessions().heldBytes() == 0);
    }

    /** Members of a room with compression and without are sent the same, and each message is compressed once. */
    @Test
    void membersAreSentTheSameAndAMessageIsCompressedOnceForAllOfThem() throws Exception {
        start("session.compressed-from=4000", "room.presence-names=0");
        List<RawClient> members = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            String offer = i % 3 == 0 ? "" : offer(i % 3 == 1 ? DeflateTerms.FRESH : DeflateTerms.KEPT);
            members.add(open("/chat/same?name=member" + i, JSON + offer));
        }
        awaitMembers(30);
        List<String> said = IntStream.range(0, 20)
                .mapToObj(i -> "number " + i + " of many ".repeat(500))
                .toList();
        for (String text : said) {
            members.get(0).text("{\"type\":\"say\",\"room\":\"same\",\"text\":\"" + text + "\"}");
            for (RawClient member : members) {
                assertThat(textOf(member)).isEqualTo(text);
            }
        }
        assertThat(counts().messages()).isEqualTo(said.size());
        for (RawClient member : members) {
            member.close();
        }
        awaitMembers(0);
        await().until(() -> counts().inflaters() == 0);
    }

    /** Reads up to the next message of the room and returns its text. */
    private static String textOf(RawClient member) throws Exception {
        while (true) {
            RawClient.Received message = member.readMessage();
            String lines = new String(MessageDeflater.payload(message), UTF_8);
            int at = lines.indexOf("\"text\":\"");
            if (at >= 0) {
                String text = lines.substring(at + 8);
                return text.substring(0, text.indexOf('"'));
            }
        }
    }

    /** As many as there may be: the next one is let in without compression, and when one has left, with it. */
    @Test
    void thereAreOnlySoManyClientsThatKeepADecompressor() throws Exception {
        start("limits.connections-per-address=0", "limits.handshakes-per-second-per-address=0");
        List<RawClient> clients = new ArrayList<>();
        for (int i = 0; i < Inflaters.MOST_KEPT; i++) {
            clients.add(echo(DeflateTerms.KEPT));
        }
        try (RawClient another = open("/echo", offer(DeflateTerms.KEPT))) {
            assertThat(another.status()).isEqualTo(101);
            assertThat(another.response()).doesNotContain("Extensions");
        }
        echo(DeflateTerms.FRESH).close();
        for (RawClient client : clients) {
            client.reset();
        }
        await().until(() -> server.parley().sessions().openCount() == 0);
        echo(DeflateTerms.KEPT).close();
    }
}
