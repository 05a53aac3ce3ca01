package parley.delivery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.Inflater;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.testclient.Threads;

class DeflationTest {
    private static final int LEAST = 100;

    private final DeflateCounts counts = new DeflateCounts();
    private final Deflation deflation = new Deflation(LEAST, counts);

    @AfterEach
    void close() {
        deflation.close();
    }

    /** Takes a frame apart as RFC 7692 section 7.2.2 says. */
    private static String messageOf(ByteBuffer wire) throws Exception {
        ByteBuffer frame = wire.duplicate();
        int first = frame.get() & 0xFF;
        int length = frame.get();
        length = length == 126 ? frame.getShort() & 0xFFFF : length == 127 ? (int) frame.getLong() : length;
        assertThat(frame.remaining()).isEqualTo(length);
        byte[] payload = new byte[length + 4];
        frame.get(payload, 0, length);
        if ((first & 0x40) == 0) {
            return new String(payload, 0, length, StandardCharsets.UTF_8);
        }
        payload[length + 2] = -1;
        payload[length + 3] = -1;
        Inflater inflater = new Inflater(true);
        inflater.setInput(payload);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[1000];
        for (int some = inflater.inflate(buffer); some > 0; some = inflater.inflate(buffer)) {
            out.write(buffer, 0, some);
        }
        assertThat(inflater.getRemaining()).isZero();
        inflater.end();
        return out.toString(StandardCharsets.UTF_8);
    }

    private static boolean isCompressed(ByteBuffer wire) {
        return (wire.get(0) & 0x40) != 0;
    }

    /** Of words, as chat is: it gets shorter, and not to nothing. */
    private static String text(int length, long seed) {
        Random random = new Random(seed);
        String words = Stream.generate(() -> Integer.toString(random.nextInt(200), 36) + "é ")
                .limit(length / 3 + 1)
                .collect(Collectors.joining());
        return words.substring(0, length);
    }

    @Test
    void everyLengthComesBackAsItWas() throws Exception {
        int[] lengths = IntStream.concat(IntStream.range(0, 700), IntStream.of(4096, 65535, 65536, 70_000, 200_000))
                .toArray();
        for (int length : lengths) {
            String text = text(length, length);
            Frame frame = new Frame.Text(text);
            assertThat(messageOf(frame.wire(deflation))).isEqualTo(text);
            assertThat(frame.wire(deflation).remaining())
                    .isLessThanOrEqualTo(frame.wire().remaining());
        }
        assertThat(counts.compressed()).isLessThan(counts.plain());
    }

    @ParameterizedTest
    @ValueSource(ints = {200, 1000, 65_000})
    void bytesThatDoNotGetShorterStayAsTheyAre(int length) {
        byte[] noise = new byte[length];
        new Random(1).nextBytes(noise);
        Frame frame = new Frame.Binary(ByteBuffer.wrap(noise));
        assertThat(frame.wire(deflation)).isEqualTo(frame.wire());
        assertThat(counts.messages()).isZero();
    }

    @Test
    void shortMessagesAreSharedWithClientsThatDoNotCompress() {
        Frame shorter = new Frame.Text("a".repeat(LEAST - 1));
        assertThat(shorter.wire(deflation)).isSameAs(shorter.wire());
        assertThat(isCompressed(new Frame.Text("a".repeat(LEAST)).wire(deflation)))
                .isTrue();
    }

    @Test
    void aBinaryMessageIsCompressed() throws Exception {
        Frame frame = new Frame.Binary(ByteBuffer.wrap("b".repeat(500).getBytes(StandardCharsets.US_ASCII)));
        assertThat(isCompressed(frame.wire(deflation))).isTrue();
        assertThat(messageOf(frame.wire(deflation))).isEqualTo("b".repeat(500));
    }

    @Test
    void ofSeveralMessagesEachIsCompressedWhereItIsWorthIt() throws Exception {
        Frame shorter = new Frame.Text("short");
        Frame longer = new Frame.Text("l".repeat(1000));
        ByteBuffer both = Frame.of(List.of(shorter, longer)).wire(deflation);
        int first = shorter.wire().remaining();
        assertThat(messageOf(both.slice(0, first))).isEqualTo("short");
        assertThat(both.slice(first, both.remaining() - first)).isEqualTo(longer.wire(deflation));

        Frame plain = Frame.of(List.of(shorter, shorter));
        assertThat(plain.wire(deflation)).isSameAs(plain.wire());
    }

    /** Eight threads take a frame at the same moment: it is compressed by one of them, and all share its bytes. */
    @Test
    void aFrameIsCompressedOnceForAllThatShareIt() throws Exception {
        for (int round = 0; round < 50; round++) {
            Frame frame = new Frame.Text(text(20_000, round));
            CyclicBarrier all = new CyclicBarrier(8);
            List<CompletableFuture<ByteBuffer>> taken = IntStream.range(0, 8)
                    .mapToObj(i -> CompletableFuture.supplyAsync(
                            () -> {
                                try {
                                    all.await();
                                } catch (Exception e) {
                                    throw new IllegalStateException(e);
                                }
                                return frame.wire(deflation);
                            },
                            Threads.EACH))
                    .toList();
            for (CompletableFuture<ByteBuffer> each : taken) {
                assertThat(each.get()).isSameAs(frame.wire(deflation));
            }
            assertThat(counts.messages()).isEqualTo(round + 1);
        }
    }
}
