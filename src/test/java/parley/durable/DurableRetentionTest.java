package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.RoomName;
import parley.room.Outcome;
import parley.room.Retention;
import parley.room.RoomStore;

/** What is not kept any more: the oldest messages, by number, bytes and age, and the rooms that are used least. */
class DurableRetentionTest extends DurableBase {
    private static final Duration AGE = Duration.ofMinutes(1);
    private static final Duration YEAR = Duration.ofDays(365);

    @Test
    void theOldestGoByNumberAndByBytes() throws Exception {
        retention = new Retention(16, MUCH, Duration.ZERO);
        assertKeeps(16, 17);
        retention = new Retention(1_000, 16 * (100 + Tables.OVERHEAD_BYTES), Duration.ZERO);
        assertKeeps(15, 17);
    }

    private void assertKeeps(int least, int most) throws Exception {
        Heard room = new Heard();
        RoomStore.Log log = start().open(new RoomName("kept-" + retention.messages()), room);
        for (int i = 1; i <= 100; i++) {
            append(log, "x".repeat(100), null);
            assertThat(read(log)).hasSize((int) (i + 1 - room.first)).hasSizeBetween(Math.min(i, least), most);
        }
    }

    @Test
    void theOldestGoByAge() throws Exception {
        retention = new Retention(1_000, MUCH, AGE);
        Heard room = new Heard();
        RoomStore.Log log = start().open(JAVA, room);
        append(log, "old", null);
        now = now.plus(AGE).plusMillis(1);
        append(log, "new", null);
        assertThat(room.first).isEqualTo(2);
        assertThat(read(log)).containsExactly("new");
    }

    /** No member is in it, and nothing is said in it. */
    @Test
    void messagesGrowOldInRoomsThatAreNotOpen() throws Exception {
        retention = new Retention(1_000, MUCH, AGE);
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        append(log, "old", null);
        log.close();
        now = now.plus(AGE);
        later(started, A_WHILE);
        assertThat(started.bytes()).as("not yet").isPositive();
        now = now.plusMillis(1);
        later(started, A_WHILE); // behind the last room
        later(started, A_WHILE);
        assertThat(started.bytes()).isZero();
        Heard again = new Heard();
        started.open(JAVA, again);
        assertThat(get(again.opened).first()).as("numbers go on").isEqualTo(2);
        assertThat(again.head()).isEqualTo(1);
    }

    /** Others may have it still, such as those that watch the room. */
    @Test
    void aMessageThatGoesIsHeardOfThoughItsRoomIsNotOpen() throws Exception {
        retention = new Retention(1_000, MUCH, AGE);
        DurableStore started = start();
        List<String> heard = new CopyOnWriteArrayList<>();
        started.onTrimmed((room, epoch, first) -> heard.add(room + " " + epoch + " " + first));
        Heard room = new Heard();
        RoomStore.Log log = started.open(JAVA, room);
        append(log, "old", null);
        log.close();
        now = now.plus(AGE).plusMillis(1);
        later(started, A_WHILE);
        later(started, A_WHILE);
        assertThat(started.bytes()).isZero();
        assertThat(heard).containsExactly("java " + get(room.opened).epoch() + " 2");
    }

    /** The clock was a year ahead for a moment, and is right again. */
    @Test
    void aMessageDatedAYearAheadGrowsOldFromWhenTheClockIsRightAgain() throws Exception {
        retention = new Retention(1_000, MUCH, AGE);
        DurableStore started = start();
        Heard room = new Heard();
        RoomStore.Log log = started.open(JAVA, room);
        append(log, "before", null);
        now = now.plus(YEAR);
        append(log, "ahead", null);
        assertThat(room.first).as("by that clock the first is old").isEqualTo(2);
        now = now.minus(YEAR);
        append(log, "after", null);
        assertThat(room.times()).isSorted();
        now = now.plus(AGE);
        append(log, "last", null);
        assertThat(read(log)).containsExactly("ahead", "after", "last");
        now = now.plusMillis(1);
        append(log, "newest", null);
        assertThat(read(log)).as("as old as the message behind it").containsExactly("last", "newest");
    }

    /** Nothing is said after it. */
    @Test
    void aMessageDatedAYearAheadGrowsOldInARoomThatIsNotUsed() throws Exception {
        retention = new Retention(1_000, MUCH, AGE);
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        now = now.plus(YEAR);
        append(log, "ahead", null);
        log.close();
        now = now.minus(YEAR);
        twoLooks(started);
        now = now.plus(AGE);
        DurableStore restarted = start();
        twoLooks(restarted);
        assertThat(restarted.bytes()).isPositive();
        now = now.plusMillis(1);
        twoLooks(restarted);
        assertThat(restarted.bytes()).isZero();
    }

    /** One look goes through all rooms, the next begins again. */
    private void twoLooks(DurableStore started) throws Exception {
        later(started, A_WHILE);
        later(started, A_WHILE);
    }

    /** As a sender's clock may say, though that of the disk is right. */
    @Test
    void aMessageThatSaysItIsAYearAheadDoesNotKeepOthersFromGrowingOld() throws Exception {
        retention = new Retention(1_000, MUCH, AGE);
        DurableStore started = start();
        Heard room = new Heard();
        RoomStore.Log log = started.open(JAVA, room);
        long start = now.toEpochMilli();
        append(log, "one", null);
        append(log, start + YEAR.toMillis(), "ahead", null);
        append(log, "three", null);
        assertThat(room.times()).containsExactly(start, start + YEAR.toMillis(), start + YEAR.toMillis());
        now = now.plus(AGE).plusMillis(1);
        append(log, "new", null);
        assertThat(read(log)).containsExactly("new");
    }

    /** A machine that starts in 1970 and is set right a moment later must not lose what is not old. */
    @Test
    void aClockThatIsFarBehindForAMomentTakesNoMessageThatIsNotOld() throws Exception {
        retention = new Retention(1_000, MUCH, AGE);
        now = now.plus(YEAR);
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        append(log, "one", null);
        now = now.minus(YEAR);
        append(log, "behind", null);
        twoLooks(started);
        now = now.plus(YEAR).plus(AGE);
        append(log, "three", null);
        twoLooks(started);
        assertThat(read(log)).containsExactly("one", "behind", "three");
        now = now.plusMillis(1);
        append(log, "four", null);
        assertThat(read(log)).containsExactly("three", "four");
    }

    /** Also when all that had the later time is gone. */
    @Test
    void timesDoNotFallAfterARestartWithTheClockSetBack() throws Exception {
        Heard room = new Heard();
        long late = now.toEpochMilli();
        append(start().open(JAVA, room), "one", null);
        now = now.minusSeconds(900);
        Heard again = new Heard();
        append(start().open(JAVA, again), "two", null);
        assertThat(room.times()).containsExactly(late);
        assertThat(again.times()).containsExactly(late);

        retention = new Retention(1_000, MUCH, AGE);
        now = now.plus(AGE).plusMillis(1);
        DurableStore emptied = start();
        twoLooks(emptied);
        now = now.plus(AGE);
        twoLooks(emptied);
        assertThat(emptied.bytes()).isZero();
        Heard last = new Heard();
        assertPublished(append(start().open(JAVA, last), "three", null), 3);
        assertThat(last.times()).containsExactly(late);
    }

    @Test
    void theLeastUsedRoomsGiveWayWhenThereAreTooMany() throws Exception {
        DurableStore started = start(DataSettings.Sync.ALWAYS, MUCH, 2, MUCH);
        for (String name : List.of("a", "b", "c", "a2")) {
            now = now.plusMillis(1);
            RoomStore.Log log = started.open(new RoomName(name), new Heard());
            append(log, "x", null);
            log.close();
        }
        await().until(() -> started.roomCount() == 2);
        Heard b = new Heard();
        Heard c = new Heard();
        started.open(new RoomName("b"), b);
        started.open(new RoomName("c"), c);
        assertThat(b.head()).isZero();
        assertThat(c.head()).isEqualTo(1);
    }

    /** It was once the last to give way for a year. */
    @Test
    void aRoomThatWasUsedWhenTheClockWasAheadGivesWayAsOthersDo() throws Exception {
        DurableStore started = start(DataSettings.Sync.ALWAYS, MUCH, 2, MUCH);
        RoomStore.Log ahead = started.open(JAVA, new Heard());
        now = now.plus(YEAR);
        append(ahead, "ahead", null);
        now = now.minus(YEAR);
        append(ahead, "right again", null);
        ahead.close();
        for (String name : List.of("a", "b")) {
            now = now.plusMillis(1);
            RoomStore.Log log = started.open(new RoomName(name), new Heard());
            append(log, "x", null);
            log.close();
        }
        await().until(() -> started.roomCount() == 2);
        Heard again = new Heard();
        started.open(JAVA, again);
        assertThat(again.head()).isZero();
    }

    @Test
    void theLeastUsedRoomsGiveWayWhenTheirMessagesHaveTooManyBytes() throws Exception {
        DurableStore started = start(DataSettings.Sync.ALWAYS, 20_000, 100, MUCH);
        Heard quiet = new Heard();
        RoomStore.Log old = started.open(JAVA, quiet);
        append(old, "x".repeat(9_000), null);
        now = now.plusMillis(1);
        RoomStore.Log busy = started.open(TEA, new Heard());
        append(busy, "x".repeat(9_000), null);
        append(busy, "x".repeat(9_000), null);
        await().until(() -> started.bytes() < 20_000);
        await().untilAsserted(() ->
                assertThat(quiet.first).as("the room that is open hears of it").isEqualTo(2));
        assertThat(read(busy)).hasSize(2);
        assertThat(append(old, "goes on", null)).isInstanceOf(Outcome.Published.class);
    }

    @Test
    void aMessageHasTheSameBytesOnItsWayInAndOut() throws Exception {
        retention = new Retention(1_000, MUCH, AGE);
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Heard());
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        String odd = "\u00fc\ud83d\ude00\u0000x"; // 2, 4, 1 and 1
        log.append(now.toEpochMilli(), new Draft(odd, Content.text("text", 4), odd), result::complete);
        get(result);
        assertThat(started.bytes()).isEqualTo(4 + 3 * 8 + Tables.OVERHEAD_BYTES);
        now = now.plus(AGE).plusMillis(1);
        later(started, A_WHILE);
        assertThat(started.bytes()).isZero();
    }

    @Test
    void howMuchIsKeptIsBoundedHoweverFastMessagesCome() throws Exception {
        long most = 200_000;
        long waiting = 100_000;
        DurableStore started = start(DataSettings.Sync.INTERVAL, most, 100_000, waiting);
        List<RoomStore.Log> logs = IntStream.range(0, 50)
                .mapToObj(i -> started.open(new RoomName("r" + i), new Heard()))
                .toList();
        AtomicLong highest = new AtomicLong();
        for (int i = 0; i < 20_000; i++) {
            logs.get(i % logs.size())
                    .append(
                            0,
                            draft("x".repeat(1_000), null),
                            outcome -> highest.accumulateAndGet(started.bytes(), Math::max));
            while (started.waitingBytes() > waiting - 2_000) {
                Thread.onSpinWait();
            }
        }
        assertThat(highest.get()).isGreaterThan(most).isLessThanOrEqualTo(most + most / 16 + waiting);
        await().until(() -> started.bytes() <= most && started.waitingBytes() == 0);
        assertThat(append(logs.get(0), "goes on", null)).isInstanceOf(Outcome.Published.class);
        assertThat(started.isWell()).isTrue();
    }

    @Test
    void howManyRoomsAreKeptIsBoundedHoweverManyAreBegun() throws Exception {
        int most = 100;
        long waiting = 20_000; // some 150 messages
        DurableStore started = start(DataSettings.Sync.INTERVAL, MUCH, most, waiting);
        AtomicLong highest = new AtomicLong();
        for (int i = 0; i < 5_000; i++) {
            RoomStore.Log log = started.open(new RoomName("r" + i), new Heard());
            log.append(0, draft("x", null), outcome -> highest.accumulateAndGet(started.roomCount(), Math::max));
            log.close();
            while (started.waitingBytes() > waiting - 200) {
                Thread.onSpinWait();
            }
        }
        await().until(() -> started.roomCount() <= most && started.waitingBytes() == 0);
        assertThat(highest.get()).isGreaterThan(most).isLessThanOrEqualTo(most + most / 16 + waiting / 100);
        assertThat(append(started.open(JAVA, new Heard()), "goes on", null)).isInstanceOf(Outcome.Published.class);
    }

    /** A wait for the disk for each would let more come than go. */
    @Test
    void manyRoomsGiveWayInOneCommit() throws Exception {
        DurableStore before = start(DataSettings.Sync.INTERVAL);
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        for (int i = 1; i <= 500; i++) {
            before.open(new RoomName("r" + i), new Heard())
                    .append(0, draft("x", null), i < 500 ? outcome -> {} : last::complete);
        }
        get(last);
        DurableStore started = start(DataSettings.Sync.INTERVAL, MUCH, 10, MUCH);
        await().until(() -> started.roomCount() == 10);
        assertThat(started.bytes()).isEqualTo(10 * (1 + 3 + Tables.OVERHEAD_BYTES));
        assertThat(started.commitCount()).isLessThan(250);
    }

    /** Its limit is lowered in the settings, say: not all in one go, which all senders would wait for. */
    @Test
    void aRoomWithFarTooMuchIsTrimmedSomeAtATime() throws Exception {
        RoomStore.Log log = start(DataSettings.Sync.INTERVAL).open(JAVA, new Heard());
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        for (int i = 1; i <= 12_000; i++) {
            log.append(0, draft("m" + i, null), i < 12_000 ? outcome -> {} : last::complete);
        }
        get(last);
        retention = new Retention(10, MUCH, Duration.ZERO);
        Heard room = new Heard();
        DurableStore started = start();
        RoomStore.Log again = started.open(JAVA, room);
        get(room.opened);
        append(again, "one more", null);
        for (int i = 0; i < 20 && room.first < 11_991; i++) {
            later(started, A_WHILE);
        }
        assertThat(room.first).isEqualTo(11_992);
        assertThat(room.steps).hasSizeGreaterThan(1).allMatch(step -> step <= 5_000);
        assertThat(read(again)).hasSize(10);
    }

    @Test
    void manyRoomsWithOldMessagesAreTrimmedSomeAtATime() throws Exception {
        retention = new Retention(10_000, MUCH, AGE);
        DurableStore started = start(DataSettings.Sync.INTERVAL, MUCH, 100, MUCH);
        Map<Long, Long> goneByCommit = new ConcurrentHashMap<>();
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        for (int i = 1; i <= 12; i++) {
            RoomStore.Log log = started.open(new RoomName("r" + i), new Heard() {
                @Override
                public void trimmed(long oldest) {
                    goneByCommit.merge(started.commitCount(), oldest - first, Long::sum);
                    super.trimmed(oldest);
                }
            });
            for (int m = 1; m <= 1_000; m++) {
                log.append(now.toEpochMilli(), draft("m" + m, null), i * m < 12_000 ? outcome -> {} : last::complete);
            }
        }
        get(last);
        now = now.plus(AGE).plusMillis(1);
        for (int i = 0; i < 20 && started.bytes() > 0; i++) {
            later(started, A_WHILE);
        }
        assertThat(started.bytes()).isZero();
        assertThat(goneByCommit.values()).hasSizeGreaterThan(2).allMatch(gone -> gone < 5_500);
        assertThat(goneByCommit.values().stream().mapToLong(gone -> gone).sum()).isEqualTo(12_000);
    }
}
