package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.sqlite.JDBC;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.room.Outcome;
import parley.room.Retention;
import parley.room.RoomStore;

/** The file that rooms are in: what is told is there, and is there again. */
class DurableStoreTest {
    private static final RoomName JAVA = new RoomName("java");
    private static final RoomName TEA = new RoomName("tea");
    private static final long MUCH = 1L << 30;

    @TempDir
    private Path folder;

    private volatile Instant now = Instant.ofEpochMilli(1_000_000);
    /** What the clock throws, once. */
    private final AtomicReference<Error> clockError = new AtomicReference<>();

    private final Clock clock = ((InstantSource) this::now).withZone(ZoneOffset.UTC);
    /** The room that cannot be read. */
    private volatile @Nullable RoomName unreadable;

    private String boot = "this";
    private final List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    private Retention retention = new Retention(1_000_000, MUCH, Duration.ZERO);
    private @Nullable DurableStore store;

    @AfterEach
    void close() {
        if (store != null) {
            store.close();
        }
    }

    private Instant now() {
        Error error = clockError.getAndSet(null);
        if (error != null) {
            throw error;
        }
        return now;
    }

    private DurableStore start(DataSettings.Sync sync, long bytes, int rooms, long waiting) {
        return startIn(folder, sync, bytes, rooms, waiting);
    }

    private DurableStore startIn(Path place, DataSettings.Sync sync, long bytes, int rooms, long waiting) {
        close();
        DataSettings settings = new DataSettings(place, sync, Duration.ofMillis(20), bytes, rooms, waiting);
        store = new DurableStore(settings, this::retentionOf, clock, this::thread, boot);
        return store;
    }

    private Retention retentionOf(RoomName room) {
        if (room.equals(unreadable)) {
            throw new IllegalStateException("a test");
        }
        return retention;
    }

    private Thread thread(Runnable task) {
        Thread thread = new Thread(task);
        threads.add(thread);
        return thread;
    }

    private DurableStore start() {
        return start(DataSettings.Sync.ALWAYS, MUCH, 1_000, MUCH);
    }

    /** A room that remembers what it is told. */
    private static class Told implements RoomStore.Listener {
        final CompletableFuture<List<Object>> opened = new CompletableFuture<>();
        final List<Message> messages = new ArrayList<>();
        volatile long first;
        final AtomicInteger couldNotOpen = new AtomicInteger();
        /** By how much the first number grew each time. */
        final List<Long> steps = Collections.synchronizedList(new ArrayList<>());

        @Override
        public void opened(String epoch, long oldest, long since, long head, List<Message> newest) {
            first = oldest;
            opened.complete(List.of(epoch, oldest, head));
        }

        @Override
        public void couldNotOpen() {
            couldNotOpen.incrementAndGet();
        }

        @Override
        public synchronized void appended(List<Message> more) {
            messages.addAll(more);
        }

        @Override
        public void trimmed(long oldest) {
            steps.add(oldest - first);
            first = oldest;
        }

        synchronized List<Long> numbers() {
            return messages.stream().map(Message::seq).toList();
        }
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    private static Draft draft(String text, @Nullable String id) {
        return new Draft("Ann", Content.text(text, text.length()), id);
    }

    private Outcome append(RoomStore.Log log, String text, @Nullable String id) throws Exception {
        CompletableFuture<Outcome> told = new CompletableFuture<>();
        Outcome.NotKept not = log.append(now.toEpochMilli(), draft(text, id), told::complete);
        return not != null ? not : get(told);
    }

    private static List<String> read(RoomStore.Log log, long from, boolean back, int limit, long bytes)
            throws Exception {
        CompletableFuture<List<Message>> read = new CompletableFuture<>();
        log.read(from, back, limit, bytes, read::complete);
        return get(read).stream().map(message -> message.content().text()).toList();
    }

    /** Has it be as if the disk had hardly any space left, or as much as there is. */
    private static void fillDisk(DurableStore full, boolean isFull) throws Exception {
        with(full, database -> {
            database.limitPages(isFull ? database.pages() + 40 : 0);
            return 0L;
        });
    }

    private interface Asked {
        long of(Database database) throws SQLException;
    }

    private static long with(DurableStore asked, Asked what) throws Exception {
        CompletableFuture<Long> answer = new CompletableFuture<>();
        asked.doWith(database -> answer.complete(what.of(database)));
        return get(answer);
    }

    /** Has what it is given wait, to be done in one go when what is returned is completed. */
    private static CompletableFuture<Void> hold(DurableStore held) throws Exception {
        CompletableFuture<Void> isHeld = new CompletableFuture<>();
        CompletableFuture<Void> go = new CompletableFuture<>();
        held.doWith(database -> {
            isHeld.complete(null);
            go.join();
        });
        get(isHeld);
        return go;
    }

    @ParameterizedTest
    @EnumSource
    void whatWasAcknowledgedIsThereAfterARestartWithItsNumbersAndItsEpoch(DataSettings.Sync sync) throws Exception {
        Told first = new Told();
        RoomStore.Log log = start(sync, MUCH, 10, MUCH).open(JAVA, first);
        assertThat(get(first.opened).subList(1, 3)).containsExactly(1L, 0L);
        assertThat(append(log, "one", null)).isEqualTo(new Outcome.Published(1, false));
        assertThat(append(log, "two", "mark")).isEqualTo(new Outcome.Published(2, false));
        assertThat(first.numbers()).containsExactly(1L, 2L);

        Told again = new Told();
        RoomStore.Log reopened = start(sync, MUCH, 10, MUCH).open(JAVA, again);
        assertThat(get(again.opened)).containsExactly(get(first.opened).get(0), 1L, 2L);
        assertThat(append(reopened, "two, again", "mark")).isEqualTo(new Outcome.Published(2, true));
        assertThat(append(reopened, "three", null)).isEqualTo(new Outcome.Published(3, false));
        assertThat(read(reopened, 1, false, 9, MUCH)).containsExactly("one", "two", "three");
        assertThat(again.messages)
                .extracting(message -> message.content().text())
                .containsExactly("three");
    }

    @Test
    void everythingAboutAMessageComesBack() throws Exception {
        RoomStore.Log log = start().open(JAVA, new Told());
        String odd = "gr\u00fc\u00df \ud83d\ude00 \u0000 '; DROP TABLE rooms; --";
        Content text = Content.text(odd, odd.getBytes(java.nio.charset.StandardCharsets.UTF_8).length);
        Content data = new Content(Content.Kind.DATA, "{\"a\":1}", 7);
        CompletableFuture<Outcome> second = new CompletableFuture<>();
        log.append(5, new Draft(null, text, odd), outcome -> {});
        log.append(6, new Draft("O'Neill", data, null), second::complete);
        get(second);
        CompletableFuture<List<Message>> read = new CompletableFuture<>();
        log.read(1, false, 9, MUCH, read::complete);
        assertThat(get(read))
                .containsExactly(new Message(1, 5, null, text, odd), new Message(2, 6, "O'Neill", data, null));
    }

    @Test
    void pagesAreReadForwardAndBackUpToALimitOfMessagesAndOfBytes() throws Exception {
        RoomStore.Log log = start().open(JAVA, new Told());
        for (int i = 1; i <= 9; i++) {
            append(log, "m" + i, null);
        }
        assertThat(read(log, 4, false, 3, MUCH)).containsExactly("m4", "m5", "m6");
        assertThat(read(log, 4, true, 3, MUCH)).containsExactly("m4", "m3", "m2");
        assertThat(read(log, 8, false, 9, MUCH)).containsExactly("m8", "m9");
        assertThat(read(log, 4, false, 9, 1)).containsExactly("m4");
        assertThat(read(log, 10, false, 9, MUCH)).isEmpty();
    }

    /** Group commit: those that come while the disk is busy go together. */
    @Test
    void messagesOfAMomentShareACommitAndKeepTheirOrder() throws Exception {
        DurableStore started = start();
        Told told = new Told();
        RoomStore.Log log = started.open(JAVA, told);
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
        List<Long> inOrder =
                IntStream.rangeClosed(1, count).mapToObj(Long::valueOf).toList();
        assertThat(numbers).isEqualTo(inOrder);
        assertThat(told.numbers()).isEqualTo(inOrder);
        assertThat(started.commitCount()).isLessThan(count / 10);
        assertThat(started.waitingBytes()).isZero();
    }

    @Test
    void theOldestGoByNumberByWeightAndByAge() throws Exception {
        retention = new Retention(16, MUCH, Duration.ZERO);
        assertKeeps(16, 17);
        retention = new Retention(1_000, 16 * (100 + Database.OVERHEAD_BYTES), Duration.ZERO);
        assertKeeps(15, 17);
        retention = new Retention(1_000, MUCH, Duration.ofMillis(60_000));
        Told told = new Told();
        RoomStore.Log log = start().open(new RoomName("old"), told);
        append(log, "old", null);
        now = now.plusMillis(60_001);
        append(log, "new", null);
        assertThat(told.first).isEqualTo(2);
        assertThat(read(log, 1, false, 9, MUCH)).containsExactly("new");
    }

    private void assertKeeps(int least, int most) throws Exception {
        Told told = new Told();
        RoomStore.Log log = start().open(new RoomName("kept-" + retention.messages()), told);
        for (int i = 1; i <= 100; i++) {
            append(log, "x".repeat(100), null);
            List<String> kept = read(log, told.first, false, 1_000, MUCH);
            assertThat(kept).hasSize((int) (i + 1 - told.first)).hasSizeBetween(Math.min(i, least), most);
        }
    }

    /** Nobody is in it, and nothing is said in it. */
    @Test
    void messagesGrowOldInRoomsThatNobodyOpens() throws Exception {
        retention = new Retention(1_000, MUCH, Duration.ofMillis(60_000));
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Told());
        append(log, "old", null);
        log.close();
        now = now.plusMillis(60_001);
        org.awaitility.Awaitility.await().until(() -> started.bytes() == 0);
        Told again = new Told();
        started.open(JAVA, again);
        assertThat(get(again.opened).subList(1, 3)).as("numbers go on").containsExactly(2L, 1L);
    }

    @Test
    void theLeastUsedRoomsGiveWayWhenThereAreTooMany() throws Exception {
        DurableStore started = start(DataSettings.Sync.ALWAYS, MUCH, 2, MUCH);
        for (String name : List.of("a", "b", "c", "a2")) {
            now = now.plusMillis(1);
            RoomStore.Log log = started.open(new RoomName(name), new Told());
            append(log, "x", null);
            log.close();
        }
        org.awaitility.Awaitility.await().until(() -> started.roomCount() == 2);
        Told b = new Told();
        Told c = new Told();
        started.open(new RoomName("b"), b);
        started.open(new RoomName("c"), c);
        assertThat(get(b.opened).get(2)).isEqualTo(0L);
        assertThat(get(c.opened).get(2)).isEqualTo(1L);
    }

    @Test
    void theLeastUsedRoomsGiveWayWhenTheyWeighTooMuch() throws Exception {
        DurableStore started = start(DataSettings.Sync.ALWAYS, 20_000, 100, MUCH);
        Told quiet = new Told();
        RoomStore.Log old = started.open(JAVA, quiet);
        append(old, "x".repeat(9_000), null);
        now = now.plusMillis(1);
        RoomStore.Log busy = started.open(TEA, new Told());
        append(busy, "x".repeat(9_000), null);
        append(busy, "x".repeat(9_000), null);
        org.awaitility.Awaitility.await().until(() -> started.bytes() < 20_000);
        assertThat(quiet.first).as("the room that is open hears of it").isEqualTo(2);
        assertThat(read(busy, 1, false, 9, MUCH)).hasSize(2);
        assertThat(append(old, "goes on", null)).isInstanceOf(Outcome.Published.class);
    }

    /** Else the longest message that may be said could never be. */
    @Test
    void moreThanMayWaitIsNotTakenUnlessItWaitsAlone() throws Exception {
        DurableStore started = start(DataSettings.Sync.ALWAYS, MUCH, 10, 10_000);
        RoomStore.Log log = started.open(JAVA, new Told());
        CompletableFuture<Void> go = hold(started);
        CompletableFuture<Outcome> long1 = new CompletableFuture<>();
        assertThat(log.append(0, draft("x".repeat(20_000), null), long1::complete))
                .isNull();
        assertThat(append(log, "small", null)).isInstanceOf(Outcome.NotKept.class);
        go.complete(null);
        assertThat(get(long1)).isEqualTo(new Outcome.Published(1, false));
        assertThat(append(log, "small", null)).isEqualTo(new Outcome.Published(2, false));
        assertThat(started.waitingBytes()).isZero();
    }

    @Test
    void aMessageWeighsTheSameOnItsWayInAndOut() throws Exception {
        retention = new Retention(1_000, MUCH, Duration.ofMillis(60_000));
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Told());
        CompletableFuture<Outcome> told = new CompletableFuture<>();
        String odd = "\u00fc\ud83d\ude00\u0000x"; // 2, 4, 1 and 1
        log.append(now.toEpochMilli(), new Draft(odd, Content.text("text", 4), odd), told::complete);
        get(told);
        assertThat(started.bytes()).isEqualTo(4 + 3 * 8 + Database.OVERHEAD_BYTES);
        now = now.plusMillis(60_001);
        org.awaitility.Awaitility.await().until(() -> started.bytes() == 0);
    }

    @Test
    void howMuchIsKeptIsBoundedHoweverFastItIsSaid() throws Exception {
        long most = 200_000;
        long waiting = 100_000;
        DurableStore started = start(DataSettings.Sync.INTERVAL, most, 100_000, waiting);
        List<RoomStore.Log> logs = IntStream.range(0, 50)
                .mapToObj(i -> started.open(new RoomName("r" + i), new Told()))
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
        org.awaitility.Awaitility.await().until(() -> started.bytes() <= most && started.waitingBytes() == 0);
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
            RoomStore.Log log = started.open(new RoomName("r" + i), new Told());
            log.append(0, draft("x", null), outcome -> highest.accumulateAndGet(started.roomCount(), Math::max));
            log.close();
            while (started.waitingBytes() > waiting - 200) {
                Thread.onSpinWait();
            }
        }
        org.awaitility.Awaitility.await().until(() -> started.roomCount() <= most && started.waitingBytes() == 0);
        assertThat(highest.get()).isGreaterThan(most).isLessThanOrEqualTo(most + most / 16 + waiting / 100);
        assertThat(append(started.open(JAVA, new Told()), "goes on", null)).isInstanceOf(Outcome.Published.class);
    }

    /** A wait for the disk for each would let more come than go. */
    @Test
    void manyRoomsGiveWayInOneCommit() throws Exception {
        DurableStore before = start(DataSettings.Sync.INTERVAL, MUCH, 1_000, MUCH);
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        for (int i = 1; i <= 500; i++) {
            before.open(new RoomName("r" + i), new Told())
                    .append(0, draft("x", null), i < 500 ? outcome -> {} : last::complete);
        }
        get(last);
        DurableStore started = start(DataSettings.Sync.INTERVAL, MUCH, 10, MUCH);
        org.awaitility.Awaitility.await().until(() -> started.roomCount() == 10);
        assertThat(started.bytes()).isEqualTo(10 * (1 + 3 + Database.OVERHEAD_BYTES));
        assertThat(started.commitCount()).isLessThan(250);
    }

    @Test
    void aRoomThatWasClosedAndOpenedAgainHearsWhatComesAndTheOtherDoesNot() throws Exception {
        DurableStore started = start();
        Told before = new Told();
        RoomStore.Log closed = started.open(JAVA, before);
        append(closed, "one", null);
        closed.close();
        Told after = new Told();
        RoomStore.Log open = started.open(JAVA, after);
        assertThat(get(after.opened).get(2)).isEqualTo(1L);
        assertThat(append(closed, "by who was in the old one", null)).isEqualTo(new Outcome.Published(2, false));
        assertThat(append(open, "three", null)).isEqualTo(new Outcome.Published(3, false));
        assertThat(before.numbers()).containsExactly(1L);
        assertThat(after.numbers()).containsExactly(2L, 3L);
    }

    @Test
    void aFolderIsForOneAtATime() {
        start();
        assertThatThrownBy(() -> new DurableStore(
                        new DataSettings(folder, DataSettings.Sync.ALWAYS, Duration.ofSeconds(1), MUCH, 9, MUCH),
                        room -> retention,
                        clock,
                        Thread::new))
                .isInstanceOf(DataException.class)
                .hasMessage(
                        "The data folder '" + folder + "' cannot be used: another application of this server uses it.");
    }

    @Test
    void aFileThatIsNoneOfOursStopsTheStartWithASentence() throws Exception {
        Files.writeString(
                folder.resolve("parley.db"), "this is no database, and long enough to be looked at ".repeat(99));
        assertThatThrownBy(this::start)
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith(
                        "The data folder '" + folder + "' cannot be used: its file parley.db cannot be read (");
        Files.delete(folder.resolve("parley.db"));
        start();
    }

    @Test
    void whatIsNoFolderStopsTheStartWithASentence() throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> new DurableStore(
                        new DataSettings(file, DataSettings.Sync.ALWAYS, Duration.ofSeconds(1), MUCH, 9, MUCH),
                        room -> retention,
                        clock,
                        Thread::new))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("The data folder '" + file + "' cannot be used: it cannot be written to (");
    }

    /** On POSIX whoever opens the file of a lock a second time ends the lock by closing it. */
    @Test
    void whoIsRefusedAFolderLeavesItLocked() throws Exception {
        start();
        assumeTrue(isLocked());
        aFolderIsForOneAtATime();
        assertThat(isLocked()).isTrue();
    }

    private boolean isLocked() throws Exception {
        Path locks = Path.of("/proc/locks");
        if (!Files.isReadable(locks)) {
            return false;
        }
        String inode = ":" + Files.getAttribute(folder.resolve("lock"), "unix:ino") + " ";
        return Files.readAllLines(locks).stream().anyMatch(line -> line.contains(inode));
    }

    @Test
    void aFolderThatIsNewIsForItsOwnerAlone() throws Exception {
        assumeTrue(folder.getFileSystem().supportedFileAttributeViews().contains("posix"));
        Path fresh = folder.resolve("above/data");
        startIn(fresh, DataSettings.Sync.ALWAYS, MUCH, 10, MUCH);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(fresh)))
                .isEqualTo("rwx------");
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rwxr-x---"));
        startIn(fresh, DataSettings.Sync.ALWAYS, MUCH, 10, MUCH);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(fresh)))
                .isEqualTo("rwxr-x---");
        close();
    }

    @Test
    void whatIsAcknowledgedIsSyncedAtOnceOrInTime() throws Exception {
        assertThat(with(start(), Database::synchronous)).isEqualTo(2);
        DurableStore inTime = start(DataSettings.Sync.INTERVAL, MUCH, 10, MUCH);
        assertThat(with(inTime, Database::synchronous)).isEqualTo(1);
        append(inTime.open(JAVA, new Told()), "one", null);
        Thread.sleep(100);
        assertThat(with(inTime, Database::synchronous)).as("after some").isEqualTo(1);
    }

    /** Numbers of messages that are lost are given again: whoever names one must not be told that it missed nothing. */
    @ParameterizedTest
    @CsvSource({
        "INTERVAL, this, true",
        "INTERVAL, next, false",
        "ALWAYS, this, true",
        "ALWAYS, next, true",
    })
    void roomsBeginAnotherEpochWhenWhatWasSaidLastMayBeLost(DataSettings.Sync sync, String next, boolean isSame)
            throws Exception {
        Told told = new Told();
        append(start(sync, MUCH, 10, MUCH).open(JAVA, told), "one", null);
        Path copy = copy("crashed");
        boot = next;
        Told again = new Told();
        RoomStore.Log log =
                startIn(copy, DataSettings.Sync.INTERVAL, MUCH, 10, MUCH).open(JAVA, again);
        assertThat(get(again.opened).get(0).equals(get(told.opened).get(0))).isEqualTo(isSame);
        assertThat(append(log, "two", null)).isEqualTo(new Outcome.Published(2, false));

        boot = "after a clean stop";
        Told clean = new Told();
        startIn(copy, sync, MUCH, 10, MUCH).open(JAVA, clean);
        assertThat(get(clean.opened)).containsExactly(get(again.opened).get(0), 1L, 2L);
    }

    /** What was made sure of since counts. */
    @Test
    void whatWasWrittenInTimeIsSureOnceItIsWrittenToAtOnce() throws Exception {
        Told told = new Told();
        append(start(DataSettings.Sync.INTERVAL, MUCH, 10, MUCH).open(JAVA, told), "one", null);
        Path crashed = copy("crashed");
        startIn(crashed, DataSettings.Sync.ALWAYS, MUCH, 10, MUCH);
        folder = crashed;
        Path twice = copy("twice");
        boot = "next";
        Told again = new Told();
        startIn(twice, DataSettings.Sync.INTERVAL, MUCH, 10, MUCH).open(JAVA, again);
        assertThat(get(again.opened)).containsExactly(get(told.opened).get(0), 1L, 1L);
    }

    /** As the files are when the process is killed now. */
    private Path copy(String name) throws Exception {
        Path copy = Files.createDirectory(folder.resolve(name));
        for (String file : List.of("parley.db", "parley.db-wal")) {
            Files.copy(folder.resolve(file), copy.resolve(file));
        }
        return copy;
    }

    /** Or the driver would keep an application that is undeployed. */
    @Test
    void noDriverStaysBehind() {
        start();
        assertThat(DriverManager.drivers()).noneMatch(org.sqlite.JDBC.class::isInstance);
    }

    @Test
    void aDatabaseOfSomethingElseIsLeftAlone() throws Exception {
        try (Connection other = JDBC.createConnection("jdbc:sqlite:" + folder.resolve("parley.db"), new Properties());
                Statement statement = other.createStatement()) {
            statement.execute("CREATE TABLE theirs (one INTEGER)");
        }
        byte[] before = Files.readAllBytes(folder.resolve("parley.db"));
        assertThatThrownBy(this::start)
                .isInstanceOf(DataException.class)
                .hasMessage("The data folder '" + folder
                        + "' cannot be used: its file parley.db is a database of something else.");
        assertThat(Files.readAllBytes(folder.resolve("parley.db"))).isEqualTo(before);
    }

    @Test
    void aFileOfANewerParleyIsLeftAlone() throws Exception {
        start().close();
        try (Connection other = JDBC.createConnection("jdbc:sqlite:" + folder.resolve("parley.db"), new Properties());
                Statement statement = other.createStatement()) {
            statement.execute("PRAGMA user_version = 99");
        }
        assertThatThrownBy(this::start)
                .isInstanceOf(DataException.class)
                .hasMessageContaining("it was written by a newer Parley (version 99");
    }

    /** What is made sure of now and then was once not to be, for a change within a transaction. */
    @Test
    void withIntervalsItIsWellAfterSome() throws Exception {
        DurableStore started = start(DataSettings.Sync.INTERVAL, MUCH, 10, MUCH);
        RoomStore.Log log = started.open(JAVA, new Told());
        for (int i = 1; i <= 5; i++) {
            assertThat(append(log, "m" + i, null)).isEqualTo(new Outcome.Published(i, false));
            Thread.sleep(50);
        }
        assertThat(started.isWell()).isTrue();
        assertThat(started.failureCount()).isZero();
    }

    /** SQLite ends the transaction by itself then, and whoever took that for its own to end could begin no other. */
    @ParameterizedTest
    @EnumSource
    void aFullDiskIsAnAnswerAndNotTheEnd(DataSettings.Sync sync) throws Exception {
        DurableStore started = start(sync, MUCH, 10, MUCH);
        Told told = new Told();
        RoomStore.Log log = started.open(JAVA, told);
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
        assertThat(read(log, 1, false, 1_000, MUCH))
                .as("what is kept can be read")
                .hasSize(kept);
        Told another = new Told();
        started.open(TEA, another);
        assertThat(get(another.opened).get(2)).as("rooms can be opened").isEqualTo(0L);
        Thread.sleep(1_500);
        assertThat(started.isWell()).as("it has been tried since").isFalse();

        fillDisk(started, false);
        org.awaitility.Awaitility.await().until(started::isWell);
        assertThat(append(log, "again", null)).isEqualTo(new Outcome.Published(kept + 1, false));
        assertThat(told.numbers())
                .isEqualTo(IntStream.rangeClosed(1, kept + 1)
                        .mapToObj(Long::valueOf)
                        .toList());
        assertThat(read(start().open(JAVA, new Told()), 1, false, 1_000, MUCH)).hasSize(kept + 1);
    }

    /** A batch in which one is too much: the others do not go with it. */
    @Test
    void whatCannotBeKeptDoesNotKeepTheOthersFromIt() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Told());
        append(log, "first", null);
        fillDisk(started, true);
        List<CompletableFuture<Outcome>> told = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            CompletableFuture<Outcome> outcome = new CompletableFuture<>();
            log.append(0, draft(i == 7 ? "x".repeat(900_000) : "small", null), outcome::complete);
            told.add(outcome);
        }
        for (int i = 0; i < 20; i++) {
            assertThat(get(told.get(i))).isInstanceOf(i == 7 ? Outcome.NotKept.class : Outcome.Published.class);
        }
        assertThat(read(log, 1, false, 100, MUCH)).hasSize(20);
        fillDisk(started, false);
    }

    @Test
    void whatWaitsWhenItIsClosedIsWrittenAndToldOrRefused() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Told());
        List<Outcome> outcomes = Collections.synchronizedList(new ArrayList<>());
        Thread closing = new Thread(started::close);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            if (i == 5_000) {
                closing.start();
            }
            refused += log.append(0, draft("m" + i, null), outcomes::add) == null ? 0 : 1;
        }
        closing.join();
        assertThat(outcomes).hasSize(20_000 - refused);
        long kept =
                outcomes.stream().filter(Outcome.Published.class::isInstance).count();
        assertThat(kept).isGreaterThanOrEqualTo(5_000);
        assertThat(log.append(0, draft("late", null), outcomes::add)).isInstanceOf(Outcome.NotKept.class);
        Told again = new Told();
        start().open(JAVA, again);
        assertThat(get(again.opened).get(2)).isEqualTo(kept);
    }

    /** Or a server that stops in a hurry would have to end before it can start again. */
    @Test
    void anInterruptDoesNotKeepItFromBeingClosed() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Told());
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
        Told told = new Told();
        RoomStore.Log log = started.open(JAVA, told);
        get(told.opened); // so that the message is the next that asks for the time
        clockError.set(new OutOfMemoryError("a test"));
        assertThat(append(log, "one", "1")).isInstanceOf(Outcome.NotKept.class);
        assertThat(append(log, "one", "1")).isEqualTo(new Outcome.Published(1, false));
        assertThat(started.isWell()).isTrue();
        assertThat(started.failureCount()).isEqualTo(1);
    }

    @Test
    void anErrorInBetweenIsToldToAllWhoWaitAndItGoesOn() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Told());
        append(log, "one", null);
        CompletableFuture<Void> go = hold(started);
        started.doWith(database -> {
            throw new OutOfMemoryError("a test");
        });
        CompletableFuture<Outcome> two = new CompletableFuture<>();
        log.append(0, draft("two", null), two::complete);
        Told tea = new Told();
        started.open(TEA, tea);
        go.complete(null);
        assertThat(get(two)).isInstanceOf(Outcome.NotKept.class);
        assertThat(append(log, "two", null)).isEqualTo(new Outcome.Published(2, false));
        assertThat(tea.couldNotOpen).hasValue(1);
        assertThat(tea.opened).isNotDone();
        Told again = new Told();
        started.open(TEA, again);
        assertThat(get(again.opened).get(2)).isEqualTo(0L);
        assertThat(started.waitingBytes()).isZero();
        assertThat(started.isWell()).isTrue();
    }

    @Test
    void whenTheThreadThatWritesHasEndedNobodyWaits() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Told());
        append(log, "one", null);
        CompletableFuture<Void> go = hold(started);
        CompletableFuture<Outcome> two = new CompletableFuture<>();
        log.append(0, draft("two", null), two::complete);
        Told tea = new Told();
        started.open(TEA, tea);
        threads.get(0).interrupt();
        go.complete(null);
        assertThat(get(two)).isInstanceOf(Outcome.NotKept.class);
        threads.get(0).join();
        assertThat(tea.couldNotOpen).hasValue(1);
        assertThat(append(log, "three", null))
                .isEqualTo(new Outcome.NotKept("the message could not be kept; say it again later, with the same id"));
        Told later = new Told();
        started.open(TEA, later);
        org.awaitility.Awaitility.await().until(() -> later.couldNotOpen.get() == 1);
        assertThat(read(log, 1, false, 9, MUCH)).as("what is kept can be read").containsExactly("one");
        assertThat(started.waitingBytes()).isZero();
        assertThat(started.isWell()).isFalse();
    }

    /** Once it was tried again and again, and everybody else's messages were refused meanwhile. */
    @Test
    void aRoomThatCannotBeReadIsToldSoOnceAndOthersGoOn() throws Exception {
        DurableStore started = start();
        RoomStore.Log log = started.open(JAVA, new Told());
        unreadable = TEA;
        Told tea = new Told();
        started.open(TEA, tea);
        assertThat(append(log, "one", null)).isEqualTo(new Outcome.Published(1, false));
        org.awaitility.Awaitility.await().until(() -> tea.couldNotOpen.get() == 1);
        assertThat(started.failureCount()).isEqualTo(1);
        org.awaitility.Awaitility.await().until(started::isWell);
        Thread.sleep(1_200);
        assertThat(tea.couldNotOpen).hasValue(1);
        assertThat(tea.opened).isNotDone();
        assertThat(started.failureCount()).isEqualTo(1);
        unreadable = null;
        Told again = new Told();
        started.open(TEA, again);
        assertThat(get(again.opened).get(2)).isEqualTo(0L);
    }

    /** With a room that throws, and who said something that does. */
    @Test
    void whoFailsWhenToldDoesNotKeepOthersFromBeingTold() throws Exception {
        DurableStore started = start();
        Told told = new Told();
        started.open(JAVA, new RoomStore.Listener() {
            @Override
            public void opened(String epoch, long first, long since, long head, List<Message> newest) {
                throw new AssertionError("a test");
            }

            @Override
            public void couldNotOpen() {}

            @Override
            public void appended(List<Message> messages) {
                throw new IllegalStateException("a test");
            }

            @Override
            public void trimmed(long first) {}
        });
        RoomStore.Log log = started.open(JAVA, told);
        log.append(0, draft("one", null), outcome -> {
            throw new OutOfMemoryError("a test");
        });
        assertThat(append(log, "two", null)).isEqualTo(new Outcome.Published(2, false));
        assertThat(told.numbers()).containsExactly(1L, 2L);
        assertThat(started.isWell()).isTrue();
    }

    /** It is lowered in the settings, say: not all in one go, which all who write would wait for. */
    @Test
    void aRoomWithFarTooMuchIsTrimmedSomeAtATime() throws Exception {
        RoomStore.Log log = start(DataSettings.Sync.INTERVAL, MUCH, 10, MUCH).open(JAVA, new Told());
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        for (int i = 1; i <= 12_000; i++) {
            log.append(0, draft("m" + i, null), i < 12_000 ? outcome -> {} : last::complete);
        }
        get(last);
        retention = new Retention(10, MUCH, Duration.ZERO);
        Told told = new Told();
        RoomStore.Log again = start().open(JAVA, told);
        get(told.opened);
        append(again, "one more", null);
        org.awaitility.Awaitility.await().until(() -> told.first >= 11_991);
        assertThat(told.steps).hasSizeGreaterThan(1).allMatch(step -> step <= 5_000);
        assertThat(read(again, 1, false, 100, MUCH)).hasSize(10);
    }

    @Test
    void manyRoomsWithOldMessagesAreTrimmedSomeAtATime() throws Exception {
        retention = new Retention(10_000, MUCH, Duration.ofMillis(60_000));
        DurableStore started = start(DataSettings.Sync.INTERVAL, MUCH, 100, MUCH);
        Map<Long, Long> goneByCommit = new ConcurrentHashMap<>();
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        for (int i = 1; i <= 12; i++) {
            RoomStore.Log log = started.open(new RoomName("r" + i), new Told() {
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
        now = now.plusMillis(60_001);
        org.awaitility.Awaitility.await()
                .until(() ->
                        goneByCommit.values().stream().mapToLong(gone -> gone).sum() == 12_000);
        assertThat(goneByCommit.values()).hasSizeGreaterThan(2).allMatch(gone -> gone < 5_500);
    }
}
