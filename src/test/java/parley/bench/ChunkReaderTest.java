package parley.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkReaderTest {
    private final ChunkReader chunks = new ChunkReader();

    private static ByteBuffer of(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String chunk(int length) {
        return Integer.toHexString(length) + "\r\n" + "x".repeat(length) + "\r\n";
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 9, 10, 255, 256, 70_000})
    void aChunkIsReadWhenAllOfItIsThereAndNotBefore(int length) throws IOException {
        ByteBuffer in = of("before" + chunk(length));
        int end = in.limit();
        for (int cut = 1; cut <= end - 6 && cut < 12; cut++) {
            assertThat(chunks.read(in, 6, end - cut)).isFalse();
        }
        assertThat(chunks.read(in, 6, end)).isTrue();
        assertThat(chunks.end()).isEqualTo(end);
        assertThat(chunks.contentEnd() - chunks.start()).isEqualTo(length);
        assertThat(chunks.isLast()).isEqualTo(length == 0);
    }

    @Test
    void chunksAreReadOneAfterTheOther() throws IOException {
        ByteBuffer in = of(chunk(300) + chunk(5));
        assertThat(chunks.read(in, 0, in.limit())).isTrue();
        assertThat(chunks.read(in, chunks.end(), in.limit())).isTrue();
        assertThat(chunks.contentEnd() - chunks.start()).isEqualTo(5);
        assertThat(chunks.end()).isEqualTo(in.limit());
    }

    @ParameterizedTest
    @ValueSource(strings = {"\r\nx", "xyz\r\n", "fffffffff\r\n", "7fffffff\r\n"})
    void whatIsNoChunkIsRefused(String bytes) {
        ByteBuffer in = of(bytes);
        assertThatThrownBy(() -> chunks.read(in, 0, in.limit())).isInstanceOf(IOException.class);
    }
}
