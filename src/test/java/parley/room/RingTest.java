package parley.room;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;

class RingTest {
    private static final long NO_LIMIT = Long.MAX_VALUE;

    private static Ring ring(int maxMessages, long maxBytes) {
        return new Ring(maxMessages, maxBytes, maxBytes);
    }

    private static Message message(long seq) {
        return message(seq, "m" + seq);
    }

    private static Message message(long seq, String text) {
        return new Message(seq, seq * 10, Samples.line("ann", text));
    }

    private static long kept(Ring ring) {
        return ring.head() + 1 - ring.first();
    }

    private static void add(Ring ring, int times) {
        for (int i = 0; i < times; i++) {
            ring.add(message(ring.newest() + 1));
        }
    }

    /** Members that are there need the messages from that place on. */
    private static void need(Ring ring, long place) {
        ring.lookAtNeeds();
        ring.need(place);
    }

    /** As messages of the same size: about so many. */
    private static long bytesOf(int messages) {
        return messages * Ring.bytes(message(1_000));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 16, 17, 100})
    void keepsTheNewestUpToItsNumberOfMessages(int max) {
        Ring ring = ring(max, NO_LIMIT);
        assertThat(ring.first()).isEqualTo(1);
        assertThat(ring.since()).isEqualTo(1);
        assertThat(ring.head()).isZero();
        for (int count = 1; count <= 250; count++) {
            add(ring, 1);
            assertThat(ring.head()).isEqualTo(count);
            assertThat(ring.newest()).isEqualTo(count);
            assertThat(ring.first()).isEqualTo(Math.max(1, count - max + 1));
            assertThat(ring.since()).isEqualTo(ring.first());
            for (long place = 0; place <= count + 1; place++) {
                if (place < ring.first() || place > count) {
                    assertThat(ring.read(place)).isNull();
                } else {
                    assertThat(ring.read(place)).isEqualTo(message(place));
                }
            }
        }
    }

    @Test
    void keepsTheNewestUpToItsNumberOfBytes() {
        Ring ring = ring(1_000, 10 * Ring.bytes(message(1, "x".repeat(100))));
        for (int seq = 1; seq <= 50; seq++) {
            ring.add(message(seq, "x".repeat(100)));
        }
        assertThat(kept(ring)).isEqualTo(10);
        ring.add(message(51, "x".repeat(900)));
        assertThat(kept(ring)).isEqualTo(5);
    }

    @Test
    void keepsTheNewestEvenIfItAloneIsMoreThanTheLimit() {
        Ring ring = ring(10, 100);
        ring.add(message(1, "x".repeat(5_000)));
        assertThat(ring.read(1)).isNotNull();
        ring.add(message(2, "y".repeat(5_000)));
        assertThat(ring.read(1)).isNull();
        assertThat(ring.read(2)).isNotNull();
    }

    @Test
    void anIdHasBytesToo() {
        String id = "i".repeat(64);
        Ring ring = ring(100, 2 * (2 * Ring.OVERHEAD_BYTES + 64 + 1));
        for (int seq = 1; seq <= 3; seq++) {
            ring.add(new Message(seq, 0, Samples.line(null, "x", id.substring(1) + seq)));
        }
        assertThat(ring.first()).isEqualTo(2);
    }

    @Test
    void saysOnceThatMessagesWithAnIdWereLetGo() {
        Ring ring = ring(2, NO_LIMIT);
        ring.add(new Message(1, 0, Samples.line(null, "x", "id")));
        add(ring, 1);
        assertThat(ring.hasReleased()).isFalse();
        add(ring, 1);
        assertThat(ring.hasReleased()).isTrue();
        assertThat(ring.hasReleased()).isFalse();
        add(ring, 1);
        assertThat(ring.hasReleased()).as("those had none").isFalse();
    }

    @Test
    void keepsWhatMembersNeedBeyondItsLimits() {
        Ring ring = new Ring(4, NO_LIMIT, NO_LIMIT);
        add(ring, 2);
        ring.needToo(3);
        add(ring, 100);
        assertThat(ring.first()).isEqualTo(3);
        assertThat(ring.isOverLimits()).isTrue();
        for (long place = 3; place <= 102; place++) {
            assertThat(ring.read(place)).isEqualTo(message(place));
        }
        ring.needToo(50);
        ring.needToo(Long.MAX_VALUE);
        add(ring, 1);
        assertThat(ring.first()).as("another member that needs less").isEqualTo(3);
        need(ring, 90);
        assertThat(ring.first()).isEqualTo(90);
        need(ring, Long.MAX_VALUE);
        assertThat(kept(ring)).isEqualTo(4);
        assertThat(ring.isOverLimits()).isFalse();
        add(ring, 1);
        assertThat(kept(ring)).as("nobody needs more").isEqualTo(4);
    }

    /** The turn looks at all members that were there when it began, without the lock. */
    @Test
    void keepsWhatAMemberNeedsThatCameAfterTheSearchBegan() {
        Ring ring = new Ring(4, NO_LIMIT, NO_LIMIT);
        ring.needToo(1);
        add(ring, 10);
        ring.lookAtNeeds();
        ring.needToo(6);
        ring.need(9);
        assertThat(ring.first()).isEqualTo(6);
        add(ring, 10);
        assertThat(ring.first()).isEqualTo(6);
        need(ring, 9);
        assertThat(ring.first()).as("it was there at the next look").isEqualTo(9);
    }

    @Test
    void whatMembersDoNotNeedIsKeptWithinItsLimits() {
        Ring ring = ring(10, NO_LIMIT);
        add(ring, 10);
        need(ring, 11);
        assertThat(ring.first()).isEqualTo(1);
        add(ring, 5);
        assertThat(ring.first()).isEqualTo(6);
    }

    @Test
    void keepsWhatMembersNeedUpToTheirBoundInBytes() {
        Ring ring = new Ring(4, bytesOf(10), bytesOf(20));
        ring.begin(1_000); // so that all have as many digits
        ring.needToo(1);
        add(ring, 20);
        assertThat(ring.first()).isEqualTo(1);
        assertThat(ring.bytes()).isEqualTo(bytesOf(20));
        add(ring, 1);
        assertThat(ring.first()).isEqualTo(2);
        add(ring, 50);
        assertThat(kept(ring)).isEqualTo(20);
        need(ring, Long.MAX_VALUE);
        assertThat(kept(ring)).isEqualTo(4);
        assertThat(ring.bytes()).isEqualTo(bytesOf(4));
    }

    @Test
    void itsArrayGrowsAndShrinksWithWhatItKeeps() {
        Ring ring = new Ring(4, NO_LIMIT, NO_LIMIT);
        add(ring, 10);
        String small = ring.toString();
        assertThat(small).contains("of 16");
        ring.needToo(11);
        add(ring, 5_000);
        assertThat(ring.toString()).contains("of 8192");
        need(ring, 5_000);
        assertThat(ring.toString()).as("at once").contains("of 32");
        for (long place = ring.first(); place <= ring.head(); place++) {
            assertThat(ring.read(place)).isEqualTo(message(place));
        }
        need(ring, Long.MAX_VALUE);
        assertThat(ring.toString()).contains("of 16");
        add(ring, 100);
        assertThat(ring.read(5_110)).isEqualTo(message(5_110));
    }

    @Test
    void itsArrayIsGivenBackWithAllMessages() {
        Ring ring = new Ring(10_000, NO_LIMIT, NO_LIMIT);
        add(ring, 5_000);
        ring.forget();
        assertThat(ring.bytes()).isZero();
        assertThat(ring.toString()).contains("of 16");
        assertThat(ring.read(5_000)).isNull();
        assertThat(ring.since()).isEqualTo(5_001);
        add(ring, 40);
        assertThat(ring.read(5_001)).isEqualTo(message(5_001));
        assertThat(kept(ring)).isEqualTo(40);
    }

    /** Everything that it says is compared with a sorted set, at random, over what is let go too. */
    @Test
    void findsPlacesAndNumbersAmongHoles() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 50; round++) {
            int max = 1 + random.nextInt(40);
            Ring ring = new Ring(max, NO_LIMIT, NO_LIMIT);
            List<Long> all = new ArrayList<>();
            long needed = Long.MAX_VALUE;
            long seq = random.nextInt(5);
            ring.begin(seq);
            for (int i = 0; i < 120; i++) {
                seq += 1 + random.nextInt(random.nextBoolean() ? 2 : 1000);
                ring.add(message(seq));
                all.add(seq);
                if (random.nextInt(40) == 0) {
                    ring.forgetBefore(seq - random.nextInt(2000));
                }
                if (random.nextInt(20) == 0) {
                    needed = random.nextBoolean() ? Long.MAX_VALUE : ring.first() + random.nextInt(20);
                    need(ring, needed);
                }
                TreeSet<Long> kept = new TreeSet<>(all.subList((int) ring.first() - 1, all.size()));
                assertThat(kept.size() <= max || ring.first() >= needed)
                        .as("seed %d, %d kept of %d, needed from %d", seed, kept.size(), max, needed)
                        .isTrue();
                assertThat(ring.head()).isEqualTo(all.size());
                assertThat(ring.newest()).isEqualTo(seq);
                long any = random.nextInt((int) seq + 10);
                Long next = kept.ceiling(any);
                long place = ring.placeOf(any);
                assertThat(place)
                        .as("seed %d, place of %d in %s", seed, any, kept)
                        .isEqualTo(next == null ? ring.head() + 1 : all.indexOf(next) + 1);
                assertThat(ring.numberAt(place)).isEqualTo(next == null ? seq + 1 : next);
                Message there = ring.read(place);
                assertThat(there == null ? null : there.seq()).isEqualTo(next);
                assertThat(ring.read(ring.first() - 1)).isNull();
                assertThat(ring.numberAt(0)).isEqualTo(kept.isEmpty() ? seq + 1 : kept.first());
                assertThat(ring.bytes())
                        .as("seed %d", seed)
                        .isEqualTo(kept.stream()
                                .mapToLong(one -> Ring.bytes(message(one)))
                                .sum());
                if (ring.first() > 1) {
                    assertThat(ring.since()).isEqualTo(all.get((int) ring.first() - 2) + 1);
                }
            }
        }
    }

    @Test
    void beginsAgainWithPlacesThatGoOn() {
        Ring ring = ring(10, NO_LIMIT);
        ring.begin(100);
        assertThat(ring.placeOf(1)).isEqualTo(1);
        assertThat(ring.numberAt(1)).isEqualTo(101);
        assertThat(ring.since()).isEqualTo(101);
        ring.add(message(107));
        ring.add(message(109));
        ring.begin(3);
        assertThat(ring.bytes()).isZero();
        assertThat(ring.head()).isEqualTo(2);
        assertThat(ring.first()).isEqualTo(3);
        assertThat(ring.newest()).isEqualTo(3);
        ring.add(message(5));
        assertThat(ring.placeOf(4)).isEqualTo(3);
        assertThat(ring.numberAt(3)).isEqualTo(5);
        assertThat(ring.since()).isEqualTo(4);
    }

    @Test
    void numbersGoUp() {
        Ring ring = ring(10, NO_LIMIT);
        ring.add(message(7));
        assertThatThrownBy(() -> ring.add(message(7))).isInstanceOf(IllegalArgumentException.class);
    }

    private static Message change(long seq, long of, long before, Content content) {
        ChangeKind kind = content.kind() == Content.Kind.REMOVED ? ChangeKind.Whole.REMOVAL : ChangeKind.Whole.EDIT;
        return new Message(seq, seq * 10, "ann", null, content, null, new Revision.Change(of, before, kind));
    }

    private static Content text(String text) {
        return Content.text(text, text.length());
    }

    private static Content content(Ring ring, long seq) {
        return ring.find(seq).orElseThrow().content();
    }

    /** The store may have let go of messages that the ring has had for long only in their changes. */
    @Test
    void changesSayNothingMoreOfMessagesThatTheStoreHasLetGoButThatTheyWereRemoved() {
        Ring ring = ring(100, NO_LIMIT);
        ring.begin(10);
        ring.add(message(11));
        ring.add(message(12));
        ring.add(change(13, 2, 0, text("two")));
        ring.add(change(14, 11, 0, text("eleven")));
        ring.add(change(15, 12, 0, text("twelve")));
        ring.add(change(16, 3, 0, Content.REMOVED));
        long foldings = ring.foldings();
        ring.forgetBefore(12);
        assertThat(content(ring, 12)).isEqualTo(text("twelve"));
        assertThat(content(ring, 13)).isEqualTo(Content.SUPERSEDED);
        assertThat(content(ring, 14)).isEqualTo(Content.SUPERSEDED);
        assertThat(content(ring, 15)).isEqualTo(text("twelve"));
        assertThat(content(ring, 16)).isEqualTo(Content.REMOVED);
        assertThat(ring.foldings()).as("shared frames may have it").isGreaterThan(foldings);
        ring.forget();
        assertThat(ring.bytes()).isZero();
    }

    @Test
    void aRemovalIsToldAfterItsMessageIsGone() {
        Ring ring = ring(2, NO_LIMIT);
        ring.isAlone(true);
        add(ring, 2);
        ring.add(change(3, 1, 0, Content.REMOVED));
        ring.add(change(4, 2, 0, text("zwei")));
        ring.add(message(5));
        ring.add(message(6));
        assertThat(ring.find(2)).isEmpty();
        assertThat(content(ring, 3)).isEqualTo(Content.REMOVED);
        assertThat(content(ring, 4)).isEqualTo(Content.SUPERSEDED);
    }

    @Test
    void changesHaveALimitToo() {
        Ring ring = ring(2, NO_LIMIT);
        add(ring, 2);
        for (int seq = 3; seq <= 3 * Ring.LEAST_MOST_CHANGES; seq++) {
            ring.add(change(seq, 1, seq == 3 ? 0 : seq - 1, text("uno")));
        }
        assertThat(kept(ring)).isEqualTo(Ring.LEAST_MOST_CHANGES);
        assertThat(ring.isOverLimits()).isFalse();
    }

    @Test
    void countsMessagesNoFurtherThanIsOfInterest() {
        Ring ring = ring(100, NO_LIMIT);
        add(ring, 5);
        assertThat(ring.countMessages(2, 6, 9)).isEqualTo(4);
        assertThat(ring.countMessages(2, 6, 3)).isEqualTo(3);
        ring.add(change(6, 1, 0, text("uno")));
        add(ring, 1);
        assertThat(ring.countMessages(2, 8, 9)).isEqualTo(5);
        assertThat(ring.countMessages(2, 8, 3)).isEqualTo(3);
    }
}
