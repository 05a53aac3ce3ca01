package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import parley.protocol.Message;

class SparseLogTest {
    private static Message message(long seq) {
        return new Message(seq, 0, Samples.line(null, "m" + seq));
    }

    /** Everything that it says is compared with a sorted set, at random, over what is let go too. */
    @Test
    void findsPlacesAndNumbersAmongHoles() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            int max = 1 + random.nextInt(40);
            SparseLog log = new SparseLog("e", max, Long.MAX_VALUE);
            List<Long> all = new ArrayList<>();
            long seq = random.nextInt(5);
            log.begin("e", seq);
            for (int i = 0; i < 120; i++) {
                seq += 1 + random.nextInt(random.nextBoolean() ? 2 : 1000);
                log.add(message(seq));
                all.add(seq);
                if (random.nextInt(40) == 0) {
                    log.forgetBefore(seq - random.nextInt(2000));
                }
                TreeSet<Long> kept = new TreeSet<>(all.subList((int) log.first() - 1, all.size()));
                assertThat(kept).as("seed %d", seed).hasSizeLessThanOrEqualTo(max);
                assertThat(log.head()).isEqualTo(all.size());
                assertThat(log.newest()).isEqualTo(seq);
                long any = random.nextInt((int) seq + 10);
                Long next = kept.ceiling(any);
                long place = log.place(any);
                assertThat(place)
                        .as("seed %d, place of %d in %s", seed, any, kept)
                        .isEqualTo(next == null ? log.head() + 1 : all.indexOf(next) + 1);
                assertThat(log.number(place)).isEqualTo(next == null ? seq + 1 : next);
                Message there = log.read(place);
                assertThat(there == null ? null : there.seq()).isEqualTo(next);
                assertThat(log.read(log.first() - 1)).isNull();
                assertThat(log.number(0)).isEqualTo(kept.isEmpty() ? seq + 1 : kept.first());
                if (log.first() > 1) {
                    assertThat(log.since()).isEqualTo(all.get((int) log.first() - 2) + 1);
                }
            }
        }
    }

    @Test
    void beginsAgainWithPlacesThatGoOn() {
        SparseLog log = new SparseLog("e", 10, Long.MAX_VALUE);
        log.begin("e", 100);
        assertThat(log.place(1)).isEqualTo(1);
        assertThat(log.number(1)).isEqualTo(101);
        assertThat(log.since()).isEqualTo(101);
        log.add(message(107));
        log.add(message(109));
        log.begin("f", 3);
        assertThat(log.bytes()).isZero();
        assertThat(log.epoch()).isEqualTo("f");
        assertThat(log.head()).isEqualTo(2);
        assertThat(log.first()).isEqualTo(3);
        assertThat(log.newest()).isEqualTo(3);
        log.add(message(5));
        assertThat(log.place(4)).isEqualTo(3);
        assertThat(log.number(3)).isEqualTo(5);
        assertThat(log.since()).isEqualTo(4);
    }

    @Test
    void numbersGoUp() {
        SparseLog log = new SparseLog("e", 10, Long.MAX_VALUE);
        log.add(message(7));
        assertThatThrownBy(() -> log.add(message(7))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void keepsTheNewestUpToItsNumberOfBytes() {
        SparseLog log = new SparseLog("e", 1_000, 10L * MemoryLog.weight(message(10)));
        for (int seq = 10; seq < 100; seq += 3) {
            log.add(message(seq));
        }
        assertThat(log.head() - log.first() + 1).isEqualTo(10);
    }
}
