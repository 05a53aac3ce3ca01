package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class NumbersTest {
    private final Numbers numbers = new Numbers();

    @Test
    void nothingOfARoomIsGoneWhenTheStreamLetsGoOfOthers() {
        numbers.begin(1);
        assertThat(numbers.firstWhenGoneBefore(1_000, 999)).isEqualTo(1);
        numbers.add(2_000);
        assertThat(numbers.firstWhenGoneBefore(1_500, 999)).isEqualTo(1);
    }

    @Test
    void aRoomHasLostItsNewestThatIsGoneAndAllBeforeIt() {
        numbers.begin(1);
        for (long seq : new long[] {10, 20, 30}) {
            numbers.add(seq);
        }
        assertThat(numbers.firstWhenGoneBefore(10, 0)).isEqualTo(1);
        assertThat(numbers.firstWhenGoneBefore(11, 0)).isEqualTo(11);
        assertThat(numbers.firstWhenGoneBefore(29, 0)).isEqualTo(21);
        assertThat(numbers.firstWhenGoneBefore(1_000, 0)).isEqualTo(31);
    }

    @Test
    void whereItsNumbersDoNotReachBackTheStreamsWordHolds() {
        numbers.begin(500);
        numbers.add(600);
        assertThat(numbers.firstWhenGoneBefore(400, 321)).isEqualTo(321);
        assertThat(numbers.firstWhenGoneBefore(500, 321)).isEqualTo(321);
        assertThat(numbers.firstWhenGoneBefore(501, 321)).isEqualTo(500);
    }

    @Test
    void asManyAsItHoldsItAnswersAsIfItHeldAll() {
        Random random = new Random(7);
        TreeSet<Long> all = new TreeSet<>();
        numbers.begin(1);
        long seq = 0;
        for (int i = 0; i < 5_000; i++) {
            seq += 1 + random.nextInt(5);
            numbers.add(seq);
            all.add(seq);
            long gone = Math.max(2, seq - random.nextInt(1_000));
            Long before = all.lower(gone);
            assertThat(numbers.firstWhenGoneBefore(gone, -1)).isEqualTo(before == null ? 1 : before + 1);
            if (all.size() >= 50) {
                assertThat(numbers.back(50))
                        .isEqualTo(all.descendingSet().stream()
                                .skip(49)
                                .findFirst()
                                .orElseThrow());
            }
        }
        assertThat(numbers.firstWhenGoneBefore(2, -1)).as("too long ago").isEqualTo(-1);
    }
}
