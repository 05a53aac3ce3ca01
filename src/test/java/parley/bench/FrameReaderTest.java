package parley.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FrameReaderTest {
    private final FrameReader frames = new FrameReader();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 125, 126, 127, 65_535, 65_536, 100_000})
    void aFrameIsReadWhenAllOfItIsThereAndNotBefore(int length) throws IOException {
        ByteBuffer in = ByteBuffer.allocate(length + 40);
        in.position(7);
        put(in, 1, length);
        int end = in.position();
        for (int cut = 1; cut <= 12 && cut <= end - 7; cut++) {
            assertThat(frames.read(in, 7, end - cut)).isFalse();
        }
        assertThat(frames.read(in, 7, 7)).isFalse();
        assertThat(frames.read(in, 7, end)).isTrue();
        assertThat(frames.opcode()).isEqualTo(1);
        assertThat(frames.end()).isEqualTo(end);
        assertThat(frames.end() - frames.start()).isEqualTo(length);
    }

    @Test
    void framesAreReadOneAfterTheOther() throws IOException {
        ByteBuffer in = ByteBuffer.allocate(1000);
        put(in, 1, 300);
        put(in, FrameReader.PING, 5);
        int end = in.position();
        assertThat(frames.read(in, 0, end)).isTrue();
        assertThat(frames.read(in, frames.end(), end)).isTrue();
        assertThat(frames.opcode()).isEqualTo(FrameReader.PING);
        assertThat(frames.end()).isEqualTo(end);
    }

    @Test
    void whatNoServerMaySendIsRefused() {
        ByteBuffer masked = Outgoing.masked(1, new byte[3]);
        assertThatThrownBy(() -> frames.read(masked, 0, masked.limit())).hasMessageContaining("mask");
        ByteBuffer huge =
                ByteBuffer.allocate(10).put((byte) 0x82).put((byte) 127).putLong(-1);
        assertThatThrownBy(() -> frames.read(huge, 0, 10)).hasMessageContaining("bytes");
    }

    private static void put(ByteBuffer in, int opcode, int length) {
        in.put((byte) (0x80 | opcode));
        if (length < 126) {
            in.put((byte) length);
        } else if (length < 65_536) {
            in.put((byte) 126).putShort((short) length);
        } else {
            in.put((byte) 127).putLong(length);
        }
        in.put(new byte[length]);
    }
}
