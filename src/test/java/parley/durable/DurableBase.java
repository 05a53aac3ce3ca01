package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import parley.protocol.Content;
import parley.protocol.Draft;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.protocol.Utf8;
import parley.room.Outcome;
import parley.room.Retention;
import parley.room.RoomStore;

/** A data folder in which a store is started again and again, with clocks that the test sets. */
@Timeout(120)
abstract class DurableBase {
    static final RoomName JAVA = new RoomName("java");
    static final RoomName TEA = new RoomName("tea");
    static final long MUCH = 1L << 30;
    static final Duration INTERVAL = Duration.ofMillis(20);
    /** After which housekeeping is due. */
    static final Duration A_WHILE = Duration.ofNanos(Housekeeping.INTERVAL_NANOS);

    @TempDir
    Path folder;

    /** The time of day. */
    volatile Instant now = Instant.ofEpochMilli(1_000_000);
    /** What the clock throws, once. */
    final AtomicReference<Error> clockError = new AtomicReference<>();

    final Clock clock = ((InstantSource) this::now).withZone(ZoneOffset.UTC);
    /** The time that is never set. */
    final AtomicLong nanos = new AtomicLong(-5);

    /** The room that cannot be read. */
    volatile @Nullable RoomName unreadable;

    String boot = "this";
    final List<Thread> threads = Collections.synchronizedList(new ArrayList<>());
    Retention retention = new Retention(1_000_000, MUCH, Duration.ZERO);
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

    final DurableStore start(DataSettings.Sync sync, long bytes, int rooms, long waiting) {
        return startIn(folder, sync, bytes, rooms, waiting);
    }

    final DurableStore start(DataSettings.Sync sync) {
        return start(sync, MUCH, 1_000, MUCH);
    }

    final DurableStore start() {
        return start(DataSettings.Sync.ALWAYS);
    }

    final DurableStore startIn(Path place, DataSettings.Sync sync) {
        return startIn(place, sync, MUCH, 1_000, MUCH);
    }

    private DurableStore startIn(Path place, DataSettings.Sync sync, long bytes, int rooms, long waiting) {
        close();
        store = make(new DataSettings(place, sync, INTERVAL, bytes, rooms, waiting));
        return store;
    }

    final DurableStore make(DataSettings settings) {
        return new DurableStore(settings, this::retentionOf, clock, nanos::get, this::thread, boot);
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

    /** A room that writes down what it hears. */
    static class Heard implements RoomStore.Listener {
        final CompletableFuture<RoomStore.Contents> opened = new CompletableFuture<>();
        final List<Message> messages = new ArrayList<>();
        final AtomicInteger couldNotOpen = new AtomicInteger();
        /** By how much the first number grew each time. */
        final List<Long> steps = Collections.synchronizedList(new ArrayList<>());

        volatile long first;

        @Override
        public void opened(RoomStore.Contents contents) {
            first = contents.first();
            opened.complete(contents);
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

        @Override
        public void present(String node, RoomStore.Present there) {
            throw new AssertionError();
        }

        @Override
        public void lost(String node) {}

        @Override
        public void signalled(Draft draft) {
            throw new AssertionError();
        }

        synchronized List<Long> numbers() {
            return messages.stream().map(Message::seq).toList();
        }

        synchronized List<Long> times() {
            return messages.stream().map(Message::at).toList();
        }

        String epoch() throws Exception {
            return get(opened).epoch();
        }

        long head() throws Exception {
            return get(opened).head();
        }
    }

    static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(20, TimeUnit.SECONDS);
    }

    static Draft draft(String text, @Nullable String id) {
        return new Draft("Ann", Content.text(text, Utf8.length(text)), id);
    }

    final Outcome append(RoomStore.Log log, String text, @Nullable String id) throws Exception {
        return append(log, now.toEpochMilli(), text, id);
    }

    static Outcome append(RoomStore.Log log, long at, String text, @Nullable String id) throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        log.append(at, draft(text, id), result::complete);
        return get(result);
    }

    static RoomStore.Answer answer(RoomStore.Log log, RoomStore.Query query) throws Exception {
        CompletableFuture<RoomStore.Answer> answer = new CompletableFuture<>();
        log.read(query, answer::complete);
        return get(answer);
    }

    static List<String> read(RoomStore.Log log) throws Exception {
        RoomStore.Query all = new RoomStore.Query(1, RoomStore.Direction.FORWARD, 100_000, MUCH);
        return ((RoomStore.Found) answer(log, all))
                .messages().stream().map(message -> message.content().text()).toList();
    }

    interface Asked {
        long of(Database database) throws SQLException;
    }

    /** Asks the file, once all that was given to the store before is done, and what is due. */
    static long with(DurableStore asked, Asked what) throws Exception {
        CompletableFuture<Void> before = new CompletableFuture<>();
        asked.doWith(database -> before.complete(null));
        get(before);
        CompletableFuture<Long> answer = new CompletableFuture<>();
        asked.doWith(database -> answer.complete(what.of(database)));
        return get(answer);
    }

    /** Has time go on, and waits until what is due has been done. */
    final void later(DurableStore waiting, Duration time) throws Exception {
        nanos.addAndGet(time.toNanos());
        with(waiting, database -> 0);
    }

    /** Has what it is given wait, to be done in one go when what is returned is completed. */
    static CompletableFuture<Void> hold(DurableStore held) throws Exception {
        CompletableFuture<Void> isHeld = new CompletableFuture<>();
        CompletableFuture<Void> go = new CompletableFuture<>();
        held.doWith(database -> {
            isHeld.complete(null);
            go.join();
        });
        get(isHeld);
        return go;
    }

    /** Has it be as if the disk had hardly any space left, or as much as there is. */
    static void fillDisk(DurableStore full, boolean isFull) throws Exception {
        with(full, database -> {
            database.limitPages(isFull ? database.pages() + 40 : 0);
            return 0L;
        });
    }

    /** As the files are when the process is killed now. */
    final Path copy(String name) throws Exception {
        Path copy = Files.createDirectory(folder.resolve(name));
        for (String file : List.of("parley.db", "parley.db-wal")) {
            Files.copy(folder.resolve(file), copy.resolve(file));
        }
        return copy;
    }

    static void assertPublished(Outcome outcome, long seq) {
        assertThat(outcome).isEqualTo(new Outcome.Published(seq, false));
    }
}
