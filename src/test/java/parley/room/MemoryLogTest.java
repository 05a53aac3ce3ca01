package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.protocol.Message;

class MemoryLogTest {
    private static void append(MemoryLog log, int times) {
        for (int i = 0; i < times; i++) {
            long seq = log.head() + 1;
            assertThat(log.append(seq * 10, Samples.line("ann", "m" + seq))).isEqualTo(seq);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 16, 17, 100})
    void keepsTheNewestUpToItsNumberOfMessages(int max) {
        MemoryLog log = new MemoryLog("e", max, Long.MAX_VALUE);
        assertThat(log.first()).isEqualTo(1);
        assertThat(log.head()).isZero();
        for (int count = 1; count <= 250; count++) {
            append(log, 1);
            assertThat(log.head()).isEqualTo(count);
            assertThat(log.first()).isEqualTo(Math.max(1, count - max + 1));
            for (long seq = 0; seq <= count + 1; seq++) {
                Message message = log.read(seq);
                if (seq < log.first() || seq > count) {
                    assertThat(message).isNull();
                } else {
                    assertThat(message).isEqualTo(new Message(seq, seq * 10, Samples.line("ann", "m" + seq)));
                }
            }
        }
    }

    @Test
    void keepsTheNewestUpToItsNumberOfBytes() {
        MemoryLog log = new MemoryLog("e", 1_000, 10 * (MemoryLog.OVERHEAD_BYTES + 100L));
        for (int i = 0; i < 50; i++) {
            log.append(0, Samples.line(null, "x".repeat(100)));
        }
        assertThat(log.head() - log.first() + 1).isEqualTo(10);
        log.append(0, Samples.line(null, "x".repeat(900)));
        assertThat(log.head() - log.first() + 1).isEqualTo(5);
    }

    @Test
    void keepsOneMessageEvenIfItIsTooHeavy() {
        MemoryLog log = new MemoryLog("e", 10, 100);
        log.append(0, Samples.line(null, "x".repeat(5_000)));
        assertThat(log.read(1)).isNotNull();
        log.append(0, Samples.line(null, "y".repeat(5_000)));
        assertThat(log.read(1)).isNull();
        assertThat(log.read(2)).isNotNull();
    }

    @Test
    void anIdIsFoundAsLongAsItsMessageIsKept() {
        MemoryLog log = new MemoryLog("e", 3, 1 << 20);
        assertThat(log.append(0, Samples.line(null, "one", "a"))).isEqualTo(1);
        assertThat(log.append(0, Samples.line("ben", "another", "a"))).isEqualTo(1);
        assertThat(log.head()).isEqualTo(1);
        append(log, 2);
        assertThat(log.append(0, Samples.line(null, "one", "a"))).isEqualTo(1);
        assertThat(log.append(0, Samples.line(null, "four", "b"))).isEqualTo(4);
        assertThat(log.append(0, Samples.line(null, "one", "a")))
                .as("the log has let it go")
                .isEqualTo(5);
        assertThat(log.append(0, Samples.line(null, "four", "b"))).isEqualTo(4);
    }

    @Test
    void idsWeighToo() {
        String id = "i".repeat(64);
        MemoryLog log = new MemoryLog("e", 100, 2 * (2 * MemoryLog.OVERHEAD_BYTES + 64 + 1));
        for (int i = 0; i < 3; i++) {
            log.append(0, Samples.line(null, "x", id.substring(1) + i));
        }
        assertThat(log.first()).isEqualTo(2);
    }
}
