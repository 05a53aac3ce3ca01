package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import parley.protocol.Message;
import parley.room.Outcome;
import parley.room.RoomStore;

/** What is acknowledged is there, and is there again; and whatever fails is an answer and not the end. */
class DurableStoreTest extends DurableBase {
    @ParameterizedTest
    @EnumSource
    void anAcknowledgedMessageIsThereAfterARestartWithItsNumberAndItsEpoch(DataSettings.Sync sync) throws Exception {
        Heard first = new Heard();
        RoomStore.Log log = start(sync).open(JAVA, first);
        assertThat(get(first.opened).first()).isEqualTo(1);
        assertThat(first.head()).isZero();
        assertPublished(append(log, "one", null), 1);
        assertPublished(append(log, "two", "an-id"), 2);
        assertThat(first.numbers()).containsExactly(1L, 2L);

        Heard again = new Heard();
        RoomStore.Log reopened = start(sync).open(JAVA, again);
        assertThat(again.epoch()).isEqualTo(first.epoch());
        assertThat(get(again.opened).first()).isEqualTo(1);
        assertThat(again.head()).isEqualTo(2);
        assertThat(append(reopened, "two, again", "an-id")).isEqualTo(new Outcome.Published(2, true));
        assertPublished(append(reopened, "three", null), 3);
        assertThat(read(reopened)).containsExactly("one", "two", "three");
        assertThat(again.numbers()).containsExactly(3L);
    }

    /** Group commit: messages that come while the disk is busy go together. */
    @Test
    void messagesOfAMomentShareACommitAndKeepTheirOrder() throws Exception {
        DurableStore started = start();
        Heard room = new Heard();
        RoomStore.Log log = started.open(JAVA, room);
        int count = 5_000;
        CountDownLatch all = new CountDownLatch(count);
        List<Long> numbers = new ArrayList<>();
        Consumer<Outcome> next = outcome -> {
            numbers.add(((Outcome.Published) outcome).seq()); // by one thread
            all.countDown();
        };
        for (int i = 0; i < count; i++) {
            log.append(0, draft("m" + i, "id" + i), next);
        }
        assertThat(all.await(60, TimeUnit.SECONDS)).isTrue();
        List<Long> inOrder = LongStream.rangeClosed(1, count).boxed().toList();
        assertThat(numbers).isEqualTo(inOrder);
        assertThat(room.numbers()).isEqualTo(inOrder);
        assertThat(started.commitCount()).isLessThan(count / 10);
        assertThat(started.waitingBytes()).isZero();
    }

    /** Else the longest message that is allowed could never be stored. */
    @Test
    void moreThanMayWaitIsRefusedUnlessItWaitsAlone() throws Exception {
        DurableStore started = start(DataSettings.Sync.ALWAYS, MUCH, 10, 10_000);
        RoomStore.Log log = started.open(JAVA, new Heard());
        CompletableFuture<Void> go = hold(started);
        CompletableFuture<Outcome> large = new CompletableFuture<>();
        log.append(0, draft("x".repeat(20_000), null), large::complete);
        assertThat(append(log, "small", null))
                .isEqualTo(new Outcome.NotKept(
                        "messages come faster than the disk takes them; retry later with the same id"));
        assertThat(large).isNotDone();
        go.complete(null);
        assertPublished(get(large), 1);
        assertPublished(append(log, "small", null), 2);
        assertThat(started.waitingBytes()).isZero();
    }

    @Test
    void aRoomThatWasClosedAndOpenedAgainHearsWhatComesAndTheOtherDoesNot() throws Exception {
        DurableStore started = start();
        Heard before = new Heard();
        RoomStore.Log closed = started.open(JAVA, before);
        append(closed, "one", null);
        closed.close();
        Heard after = new Heard();
        RoomStore.Log open = started.open(JAVA, after);
        assertThat(after.head()).isEqualTo(1);
        assertPublished(append(closed, "by a sender that was in the old one", null), 2);
        assertPublished(append(open, "three", null), 3);
        assertThat(before.numbers()).containsExactly(1L);
        assertThat(after.numbers()).containsExactly(2L, 3L);
    }

    /** It was once called for what came in the same commit, since rooms were closed only behind that. */
    @Test
    void aRoomHearsNothingMoreOnceItIsClosed() throws Exception {
        DurableStore started = start();
        Heard before = new Heard();
        RoomStore.Log closed = started.open(JAVA, before);
        get(before.opened);
        CompletableFuture<Void> go = hold(started);
        Heard discarded = new Heard();
        RoomStore.Log atOnce = started.open(JAVA, discarded);
        CompletableFuture<Outcome> due = new CompletableFuture<>();
        closed.append(0, draft("one", null), due::complete);
        closed.close();
        atOnce.close();
        go.complete(null);
        assertPublished(get(due), 1);
        assertThat(with(started, Database::pages)).isPositive();
        assertThat(before.numbers()).isEmpty();
        assertThat(discarded.opened).isNotDone();
        assertThat(discarded.numbers()).isEmpty();
    }

    /** The room that asks need not be open any more; it was once kept for good then. */
    @Test
    void aRefreshSaysWhatThereIs() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        append(log, "one", null);
        CompletableFuture<RoomStore.Extent> extent = new CompletableFuture<>();
        log.close();
        log.refresh(extent::complete);
        assertThat(get(extent)).isEqualTo(new RoomStore.Extent(1, 1));
    }

    /** The sync was once switched off by a change within a transaction. */
    @Test
    void withIntervalsItIsSyncedWhenSomethingWasWritten() throws Exception {
        DurableStore started = start(DataSettings.Sync.INTERVAL);
        RoomStore.Log log = started.open(JAVA, new Heard());
        for (int i = 1; i <= 5; i++) {
            assertPublished(append(log, "m" + i, null), i);
            assertThat(with(started, Database::syncs)).as("not yet").isEqualTo(i - 1);
            later(started, INTERVAL);
            assertThat(with(started, Database::syncs)).isEqualTo(i);
        }
        later(started, INTERVAL);
        assertThat(with(started, Database::syncs)).as("nothing was written").isEqualTo(5);
        assertThat(started.isWell()).isTrue();
        assertThat(started.failureCount()).isZero();
    }

    /** SQLite ends the transaction by itself then; a store that tried to end it once more could begin no other. */
    @ParameterizedTest
    @EnumSource
    void aFullDiskIsAnAnswerAndNotTheEnd(DataSettings.Sync sync) throws Exception {
        DurableStore started = start(sync);
        Heard room = new Heard();
        RoomStore.Log log = started.open(JAVA, room);
        int kept = 0;
        Outcome last = append(log, "first", null);
        fillDisk(started, true);
        while (last instanceof Outcome.Published published) {
            kept++;
            assertThat(published.seq()).isEqualTo(kept);
            last = append(log, "x".repeat(3_000), null);
        }
        assertThat(last).isInstanceOf(Outcome.NotKept.class);
        assertThat(started.isWell()).isFalse();
        assertThat(started.failureCount()).isPositive();
        assertThat(read(log)).as("what is kept can be read").hasSize(kept);
        Heard another = new Heard();
        started.open(TEA, another);
        assertThat(another.head()).as("rooms can be opened").isZero();
        later(started, A_WHILE);
        assertThat(started.isWell()).as("it has been tried since").isFalse();

        fillDisk(started, false);
        later(started, A_WHILE);
        assertThat(started.isWell()).isTrue();
        assertPublished(append(log, "again", null), kept + 1);
        assertThat(room.numbers())
                .isEqualTo(LongStream.rangeClosed(1, kept + 1).boxed().toList());
        assertThat(read(start().open(JAVA, new Heard()))).hasSize(kept + 1);
    }

    @Test
    void aMessageThatCannotBeStoredDoesNotKeepTheOthersOfItsCommitFromIt() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        append(log, "first", null);
        fillDisk(started, true);
        CompletableFuture<Void> go = hold(started);
        List<CompletableFuture<Outcome>> results = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            CompletableFuture<Outcome> result = new CompletableFuture<>();
            log.append(0, draft(i == 7 ? "x".repeat(900_000) : "small", null), result::complete);
            results.add(result);
        }
        go.complete(null);
        for (int i = 0; i < 20; i++) {
            assertThat(get(results.get(i))).isInstanceOf(i == 7 ? Outcome.NotKept.class : Outcome.Published.class);
        }
        assertThat(read(log)).hasSize(20);
        fillDisk(started, false);
    }

    @Test
    void messagesThatWaitWhenItIsClosedAreStoredAndLaterOnesRefused() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        List<Outcome> outcomes = Collections.synchronizedList(new ArrayList<>());
        Thread closing = new Thread(started::close);
        for (int i = 0; i < 20_000; i++) {
            if (i == 5_000) {
                closing.start();
            }
            log.append(0, draft("m" + i, null), outcomes::add);
        }
        closing.join();
        assertThat(outcomes).hasSize(20_000);
        long kept =
                outcomes.stream().filter(Outcome.Published.class::isInstance).count();
        assertThat(kept).isGreaterThanOrEqualTo(5_000);
        assertThat(append(log, "late", null))
                .isEqualTo(new Outcome.NotKept("the server is stopping; reconnect and retry with the same id"));
        Heard again = new Heard();
        start().open(JAVA, again);
        assertThat(again.head()).isEqualTo(kept);
    }

    /** They were once dropped without an answer. */
    @Test
    void readsThatWaitWhenItIsClosedAreAnswered() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        append(log, "one", null);
        CompletableFuture<Void> isRead = new CompletableFuture<>();
        CompletableFuture<Void> go = new CompletableFuture<>();
        RoomStore.Query all = new RoomStore.Query(1, RoomStore.Direction.FORWARD, 9, MUCH);
        log.read(all, answer -> {
            isRead.complete(null);
            go.join();
        });
        get(isRead);
        CompletableFuture<RoomStore.Answer> waits = new CompletableFuture<>();
        log.read(all, waits::complete);
        Thread closing = new Thread(started::close);
        closing.start();
        threads.get(0).join(); // the thread that writes
        await("it waits for the thread that reads, and has told it")
                .until(() -> closing.getState() == Thread.State.TIMED_WAITING);
        go.complete(null);
        assertThat(get(waits)).isIn(RoomStore.Unread.NOT_NOW);
        closing.join();
        assertThat(answer(log, all)).isEqualTo(RoomStore.Unread.NOT_NOW);
    }

    /** Or a server that stops in a hurry would have to end before it can start again. */
    @Test
    void anInterruptDoesNotKeepItFromBeingClosed() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        List<Outcome> outcomes = Collections.synchronizedList(new ArrayList<>());
        for (int i = 0; i < 3_000; i++) {
            log.append(0, draft("m" + i, null), outcomes::add);
        }
        Thread.currentThread().interrupt();
        started.close();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(outcomes).hasSize(3_000).allMatch(Outcome.Published.class::isInstance);
        start();
    }

    @Test
    void anErrorWhileWritingIsAnAnswerAndNotTheEnd() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        clockError.set(new OutOfMemoryError("a test"));
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.append(0, draft("one", "1"), result::complete);
        assertThat(get(result))
                .isEqualTo(new Outcome.NotKept("the message could not be stored; retry later with the same id"));
        assertPublished(append(log, "one", "1"), 1);
        assertThat(started.isWell()).isTrue();
        assertThat(started.failureCount()).isEqualTo(1);
    }

    @Test
    void anErrorInBetweenIsAnswerToAllThatWaitAndItGoesOn() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        append(log, "one", null);
        CompletableFuture<Void> go = hold(started);
        started.doWith(database -> {
            throw new OutOfMemoryError("a test");
        });
        CompletableFuture<Outcome> two = new CompletableFuture<>();
        log.append(0, draft("two", null), two::complete);
        CompletableFuture<RoomStore.Extent> extent = new CompletableFuture<>();
        log.refresh(extent::complete);
        Heard tea = new Heard();
        started.open(TEA, tea);
        go.complete(null);
        assertThat(get(two)).isInstanceOf(Outcome.NotKept.class);
        get(extent);
        assertPublished(append(log, "two", null), 2);
        assertThat(tea.couldNotOpen).hasValue(1);
        assertThat(tea.opened).isNotDone();
        Heard again = new Heard();
        started.open(TEA, again);
        assertThat(again.head()).isZero();
        assertThat(started.waitingBytes()).isZero();
        assertThat(started.isWell()).isTrue();
    }

    @Test
    void whenTheThreadThatWritesHasEndedNobodyWaits() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        append(log, "one", null);
        CompletableFuture<Void> go = hold(started);
        CompletableFuture<Outcome> two = new CompletableFuture<>();
        log.append(0, draft("two", null), two::complete);
        Heard tea = new Heard();
        started.open(TEA, tea);
        threads.get(0).interrupt();
        go.complete(null);
        assertThat(get(two)).isInstanceOf(Outcome.NotKept.class);
        threads.get(0).join();
        assertThat(tea.couldNotOpen).hasValue(1);
        assertThat(append(log, "three", null))
                .isEqualTo(new Outcome.NotKept("the message could not be stored; retry later with the same id"));
        Heard later = new Heard();
        started.open(TEA, later);
        await().until(() -> later.couldNotOpen.get() == 1);
        CompletableFuture<RoomStore.Extent> extent = new CompletableFuture<>();
        log.refresh(extent::complete);
        get(extent);
        assertThat(read(log)).as("what is kept can be read").containsExactly("one");
        assertThat(started.waitingBytes()).isZero();
        assertThat(started.isWell()).isFalse();
    }

    /** It was once tried again and again, and the messages of all others were refused meanwhile. */
    @Test
    void aRoomThatCannotBeReadHearsSoOnceAndOthersGoOn() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        unreadable = TEA;
        Heard tea = new Heard();
        started.open(TEA, tea);
        assertPublished(append(log, "one", null), 1);
        assertThat(tea.couldNotOpen).hasValue(1);
        assertThat(started.failureCount()).isEqualTo(1);
        assertThat(started.isWell()).isFalse();
        later(started, A_WHILE);
        await().until(started::isWell);
        assertThat(tea.couldNotOpen).hasValue(1);
        assertThat(tea.opened).isNotDone();
        assertThat(started.failureCount()).isEqualTo(1);
        unreadable = null;
        Heard again = new Heard();
        started.open(TEA, again);
        assertThat(again.head()).isZero();
    }

    @Test
    void messagesThatCannotBeReadForAWhileAreLostUntilTheyCanBe() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        append(log, "one", null);
        RoomStore.Query all = new RoomStore.Query(1, RoomStore.Direction.FORWARD, 9, MUCH);
        with(started, database -> {
            database.execute("ALTER TABLE messages RENAME TO elsewhere");
            return 0;
        });
        assertThat(answer(log, all)).isEqualTo(RoomStore.Unread.NOT_NOW);
        assertThat(started.isWell()).isFalse();
        nanos.addAndGet(Duration.ofSeconds(10).toNanos());
        assertThat(answer(log, all)).isEqualTo(RoomStore.Unread.NOT_NOW);
        nanos.addAndGet(1);
        assertThat(answer(log, all)).isEqualTo(RoomStore.Unread.LOST);
        with(started, database -> {
            database.execute("ALTER TABLE elsewhere RENAME TO messages");
            return 0;
        });
        assertThat(read(log)).containsExactly("one");
        assertThat(started.isWell()).isTrue();
    }

    /** With a room that throws, and a sender that does. */
    @Test
    void aCallbackThatFailsDoesNotKeepOthersFromTheirs() throws Exception {
        DurableStore started = start();
        Heard room = new Heard();
        started.open(JAVA, new Heard() {
            @Override
            public void opened(RoomStore.Contents contents) {
                throw new AssertionError("a test");
            }

            @Override
            public void appended(List<Message> messages) {
                throw new IllegalStateException("a test");
            }
        });
        RoomStore.Log log = started.open(JAVA, room);
        log.append(0, draft("one", null), outcome -> {
            throw new OutOfMemoryError("a test");
        });
        assertPublished(append(log, "two", null), 2);
        assertThat(room.numbers()).containsExactly(1L, 2L);
        assertThat(started.isWell()).isTrue();
        assertThat(IntStream.range(0, threads.size()))
                .allMatch(i -> threads.get(i).isAlive());
    }
}
