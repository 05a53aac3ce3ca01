package parley.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import parley.room.Outcome;

class OutboxTest {
    private static final long SECOND = 1_000_000_000L;
    /** The hash of what is sent. */
    private static final int OWN = Arrays.hashCode(new byte[0]);

    private record Sent(Outbox.Entry entry, int attempt) {}

    private final List<Sent> sent = new ArrayList<>();
    private final Map<String, Outcome> results = new TreeMap<>();
    private final Outbox outbox = new Outbox((entry, attempt) -> {
        assertThat(entry.payload()).isEmpty();
        sent.add(new Sent(entry, attempt));
    });
    private long now;

    private void say(String... ids) {
        for (String id : ids) {
            outbox.add(new Outbox.Entry(
                    () -> new byte[0], id, null, now + 5 * SECOND, outcome -> results.put(id, outcome)));
        }
        outbox.send(now);
    }

    private List<String> sentIds() {
        List<String> ids = sent.stream().map(one -> one.entry.dedupId).toList();
        sent.clear();
        return ids;
    }

    private Sent of(String id) {
        return sent.stream()
                .filter(one -> one.entry.dedupId.equals(id))
                .reduce((before, last) -> last)
                .orElseThrow();
    }

    /** The room looks, and there is nothing. */
    private void refresh() {
        outbox.refreshed(outbox.failures());
    }

    private void fail(Sent one) {
        outbox.failed(one.entry, one.attempt, now);
    }

    @Test
    void manyAreOnTheirWayAndAreAnsweredWhenTheyHaveBeenHeard() {
        say("a", "b", "c");
        Sent a = of("a");
        Sent b = of("b");
        assertThat(sentIds()).containsExactly("a", "b", "c");
        outbox.stored(a.entry, 10, false);
        outbox.stored(b.entry, 12, true);
        outbox.answer(11);
        assertThat(results).isEqualTo(Map.of("a", new Outcome.Published(10, false)));
        assertThat(outbox.storedUnheard()).isEqualTo(12);
        outbox.answer(12);
        assertThat(results).containsEntry("b", new Outcome.Published(12, true)).hasSize(2);
        assertThat(outbox.isEmpty()).isFalse();
    }

    @Test
    void whatFailedIsSentAgainInOrderBeforeAnythingNew() {
        say("a", "b", "c");
        Sent a = of("a");
        Sent b = of("b");
        Sent c = of("c");
        sent.clear();
        fail(a);
        say("d");
        assertThat(sentIds()).as("others are still on their way").isEmpty();
        fail(b);
        fail(c);
        outbox.send(now);
        assertThat(sentIds()).as("after a pause").isEmpty();
        assertThat(outbox.waitsForARefresh(now)).isFalse();
        now += SECOND;
        outbox.send(now);
        assertThat(sentIds()).as("when the room has looked").isEmpty();
        assertThat(outbox.waitsForARefresh(now)).isTrue();
        refresh();
        assertThat(outbox.waitsForARefresh(now)).isFalse();
        outbox.send(now);
        assertThat(sentIds()).containsExactly("a", "b", "c", "d");
    }

    @Test
    void aRefreshThatBeganBeforeTheFailureSaysNothing() {
        say("a");
        long before = outbox.failures();
        fail(of("a"));
        sent.clear();
        outbox.refreshed(before);
        now += SECOND;
        outbox.send(now);
        assertThat(sentIds()).isEmpty();
        assertThat(outbox.waitsForARefresh(now)).isTrue();
    }

    /** The stream has the later one, and its acknowledgement is lost: the earlier one would come behind it. */
    @Test
    void whatFailedBeforeOneThatHasComeByIsRefused() {
        say("a", "b", "c");
        fail(of("a"));
        fail(of("b"));
        fail(of("c"));
        sent.clear();
        outbox.heard("b", 7, OWN);
        outbox.answer(7);
        refresh();
        assertThat(results).isEqualTo(Map.of("a", Outbox.NOT_NOW, "b", new Outcome.Published(7, false)));
        now += SECOND;
        outbox.send(now);
        assertThat(sentIds()).containsExactly("c");
    }

    /** The one that failed would come behind the one that was stored: who said it is told, and says it again. */
    @Test
    void whatFailedBeforeOneThatIsStoredIsRefused() {
        say("a", "b");
        Sent a = of("a");
        Sent b = of("b");
        sent.clear();
        fail(a);
        outbox.stored(b.entry, 7, false);
        assertThat(results).containsEntry("a", Outbox.NOT_NOW);
        say("c", "d");
        Sent c = of("c");
        outbox.stored(of("d").entry, 9, false);
        fail(c);
        assertThat(results).containsEntry("c", Outbox.NOT_NOW);
        now += SECOND;
        refresh();
        sent.clear();
        outbox.send(now);
        assertThat(sentIds()).isEmpty();
    }

    /** The client said it to a node that ended, and says it again here, where the acknowledgement is lost. */
    @Test
    void aMessageThatAnotherNodeHadSentIsADuplicateHoweverThatIsFound() {
        say("failed", "expired", "own");
        fail(of("failed"));
        outbox.heard("failed", 3, OWN + 1);
        outbox.heard("expired", 4, OWN + 1);
        outbox.heard("own", 5, OWN);
        now += 5 * SECOND;
        outbox.expire(now);
        assertThat(results)
                .isEqualTo(Map.of(
                        "failed", new Outcome.Published(3, true),
                        "expired", new Outcome.Published(4, true),
                        "own", new Outcome.Published(5, false)));
    }

    @Test
    void aLateAnswerToAnEarlierAttemptCounts() {
        say("a");
        Sent first = of("a");
        outbox.disconnected(now);
        now += SECOND;
        refresh();
        outbox.send(now);
        outbox.stored(first.entry, 5, false);
        fail(of("a"));
        outbox.answer(5);
        assertThat(results).containsEntry("a", new Outcome.Published(5, false));
        assertThat(outbox.isEmpty()).isTrue();
    }

    @Test
    void aFailureOfAnEarlierAttemptDoesNot() {
        say("a");
        Sent first = of("a");
        sent.clear();
        outbox.disconnected(now);
        now += SECOND;
        refresh();
        outbox.send(now);
        assertThat(sentIds()).containsExactly("a");
        fail(first);
        now += SECOND;
        refresh();
        outbox.send(now);
        assertThat(sentIds()).as("it is on its way").isEmpty();
    }

    @Test
    void whatWaitsForTooLongIsAnsweredWithWhatIsKnown() {
        say("stored", "heard", "lost");
        outbox.stored(of("stored").entry, 3, false);
        outbox.heard("heard", 4, OWN);
        now += 4 * SECOND;
        say("later");
        outbox.expire(now);
        assertThat(results).isEmpty();
        now += SECOND;
        outbox.expire(now);
        assertThat(results)
                .isEqualTo(Map.of(
                        "stored", new Outcome.Published(3, false),
                        "heard", new Outcome.Published(4, false),
                        "lost", Outbox.NOT_NOW));
    }

    @Test
    void whatTheStreamRefusesIsNotSentAgain() {
        say("a");
        Outcome.NotKept full = new Outcome.NotKept("full");
        outbox.refused(of("a").entry, 1, full);
        outbox.answer(0);
        assertThat(results).containsEntry("a", full);
        assertThat(outbox.isEmpty()).isTrue();
    }

    /**
     * A stream that loses requests and answers at random, and a room that looks: what the stream stores is in the
     * order in which it was said, each once.
     */
    @Test
    void whateverIsLostTheOrderHoldsAndNothingIsDoubled() {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        for (int round = 0; round < 200; round++) {
            Map<String, Outcome> outcomes = new TreeMap<>();
            List<String> stream = new ArrayList<>();
            List<Sent> onTheWire = new ArrayList<>();
            Outbox any = new Outbox((entry, attempt) -> {
                assertThat(entry.payload()).isEmpty();
                onTheWire.add(new Sent(entry, attempt));
            });
            int said = 0;
            for (int step = 0; step < 300; step++) {
                if (random.nextInt(3) == 0) {
                    String id = String.format("%04d", said++);
                    any.add(new Outbox.Entry(
                            () -> new byte[0], id, null, now + 5 * SECOND, outcome -> outcomes.put(id, outcome)));
                }
                if (!onTheWire.isEmpty() && random.nextInt(3) > 0) {
                    Sent next = onTheWire.remove(0); // a connection keeps its order
                    boolean isLost = random.nextInt(6) == 0;
                    boolean isAnswerLost = random.nextInt(6) == 0;
                    boolean isThere = stream.contains(next.entry.dedupId);
                    if (!isLost && !isThere) {
                        stream.add(next.entry.dedupId);
                    }
                    if (isLost || isAnswerLost) {
                        any.failed(next.entry, next.attempt, now);
                    } else {
                        any.stored(next.entry, stream.indexOf(next.entry.dedupId) + 1, isThere);
                    }
                }
                now += SECOND / 20;
                if (any.waitsForARefresh(now)) {
                    for (int i = 0; i < stream.size(); i++) {
                        any.heard(stream.get(i), i + 1, OWN);
                    }
                    any.refreshed(any.failures());
                }
                any.send(now);
                any.answer(stream.size());
                any.expire(now);
            }
            assertThat(stream).as("seed %d", seed).isSorted().doesNotHaveDuplicates();
            outcomes.forEach((id, outcome) -> {
                if (outcome instanceof Outcome.Published published) {
                    assertThat(stream.get((int) published.seq() - 1)).isEqualTo(id);
                }
            });
        }
    }
}
