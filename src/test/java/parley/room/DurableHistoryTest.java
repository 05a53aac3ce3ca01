package parley.room;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.durable.DataSettings;
import parley.durable.DurableStore;
import parley.protocol.Event;
import parley.protocol.JsonCodec;
import parley.protocol.Message;
import parley.protocol.RoomName;
import parley.protocol.Utf8;

/** History of a room on disk after a restart: memory has the newest messages alone, and pages are full all the same. */
class DurableHistoryTest {
    private static final long MUCH = 1L << 30;
    private static final int BEFORE = 2_000;
    private static final int SINCE = 3;

    @TempDir
    private Path folder;

    private final RoomLimits limits = Samples.stored(100_000, 0, Overflow.DROP_OLDEST, 100);
    private DurableStore store;
    private Room room;

    @BeforeEach
    void restart() throws Exception {
        start();
        publish(BEFORE);
        store.close();
        start();
        publish(SINCE);
    }

    @AfterEach
    void close() {
        store.close();
    }

    private void start() {
        Retention retention = new Retention(1_000_000, MUCH, Duration.ZERO);
        store = new DurableStore(
                new DataSettings(folder, DataSettings.Sync.INTERVAL, Duration.ofSeconds(1), MUCH, 100, MUCH),
                name -> retention,
                Clock.systemUTC(),
                System::nanoTime,
                Thread::new);
        LogBudget any = new LogBudget(Long.MAX_VALUE, () -> {});
        room = new Room(
                RoomName.LOBBY,
                limits,
                any,
                new Tally(),
                (took, since) -> {},
                Runnable::run,
                Clock.systemUTC(),
                Clock.systemUTC()::millis);
        room.open(store);
    }

    private void publish(int count) throws Exception {
        CompletableFuture<Outcome> last = new CompletableFuture<>();
        for (int i = 1; i <= count; i++) {
            String id = "an-id-as-long-as-that-of-parley-js-" + count + "-" + i;
            room.publish(Samples.line("Ann", "a line", id), i < count ? outcome -> {} : last::complete);
        }
        last.get(30, TimeUnit.SECONDS);
    }

    private History.Page read(History.Range range) throws Exception {
        CompletableFuture<History.Page> page = new CompletableFuture<>();
        room.read(null, range, page::complete);
        return page.get(30, TimeUnit.SECONDS);
    }

    private static void assertNumbers(History.Page page, long first, long last) {
        List<Long> numbers = page.messages().stream().map(Message::seq).toList();
        assertThat(numbers).hasSize((int) (last + 1 - first)).isSorted().doesNotHaveDuplicates();
        assertThat(numbers).first().isEqualTo(first);
        assertThat(numbers).last().isEqualTo(last);
    }

    @Test
    void aPageHasAsManyMessagesAsAskedForFromMemoryAndDisk() throws Exception {
        History.Page newest = read(History.Range.newest(300));
        assertNumbers(newest, BEFORE + SINCE - 299, BEFORE + SINCE);
        assertThat(newest.more()).isTrue();
        History.Page acrossBoth = read(History.Range.after(BEFORE - 200, 300));
        assertNumbers(acrossBoth, BEFORE - 199, BEFORE + SINCE);
        assertThat(acrossBoth.more()).isFalse();
        History.Page oldest = read(History.Range.before(101, 300));
        assertNumbers(oldest, 1, 100);
        assertThat(oldest.more()).isFalse();
    }

    /** The disk once counted an overhead for each message, and each id twice, and gave fewer than fit. */
    @Test
    void aPageHasAsManyMessagesAsFitAFrame() throws Exception {
        assertFull(read(History.Range.newest(BEFORE)));
        assertFull(read(History.Range.after(0, BEFORE)));
    }

    private void assertFull(History.Page page) {
        int largest = 0;
        int bytes = 0;
        for (Message message : page.messages()) {
            int its = Utf8.length(JsonCodec.encode(new Event.Said(RoomName.LOBBY, message))) + 1;
            largest = Math.max(largest, its);
            bytes += its;
        }
        assertThat(page.messages()).hasSizeLessThan(BEFORE);
        assertThat(bytes).isBetween(limits.batchBytes() - largest, limits.batchBytes());
        assertThat(page.more()).isTrue();
    }

    private void edit(long seq, String text) throws Exception {
        CompletableFuture<Outcome> result = new CompletableFuture<>();
        room.change(new ChangeDraft.Edit(seq, Samples.line("Ann", text), ChangeDraft.Right.ANY), result::complete);
        assertThat(result.get(30, TimeUnit.SECONDS)).isInstanceOf(Outcome.Published.class);
    }

    /** The page was once empty, and said that there is no more. */
    @Test
    void aPageWithChangesGoesOnBehindThoseThatSayNothingAnyMore() throws Exception {
        long newest = BEFORE + SINCE;
        edit(1, "uno");
        edit(1, "eins");
        store.close();
        start();
        publish(1);
        History.Page page = read(History.Range.withChangesAfter(newest, 1));
        assertThat(page.messages()).extracting(Message::seq).containsExactly(newest + 2);
        assertThat(page.more()).isTrue();
        page = read(History.Range.withChangesAfter(newest + 2, 1));
        assertThat(page.messages()).extracting(Message::seq).containsExactly(newest + 3);
        assertThat(page.more()).isFalse();
    }
}
