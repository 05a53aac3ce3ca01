package parley.durable;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.room.KeepingStoreContract;
import parley.room.Outcome;
import parley.room.Retention;
import parley.room.RoomStore;

/** The contract of stores, held by the disk. */
class DurableStoreContractTest extends KeepingStoreContract {
    private static final long MUCH = 1L << 30;

    @TempDir
    private Path folder;

    private DurableStore store;

    @Override
    protected RoomStore begin() {
        return begin(1_000_000);
    }

    @Override
    protected RoomStore beginWithFew() {
        return begin(FEW);
    }

    private RoomStore begin(long messages) {
        Retention retention = new Retention(messages, MUCH, Duration.ZERO);
        store = new DurableStore(
                new DataSettings(folder, DataSettings.Sync.INTERVAL, Duration.ofSeconds(1), MUCH, 100, MUCH),
                room -> retention,
                Clock.systemUTC(),
                System::nanoTime,
                Thread::new);
        return store;
    }

    /** More than go in one commit; what is published behind them stays. */
    @Test
    void messagesThatAreLetGoOfAreThoseThatHadBeenPublished() throws Exception {
        Heard room = new Heard() {};
        RoomStore.Log log = open(begin(), room);
        int many = 2 * Housekeeping.MOST_GONE + 100;
        for (int i = 0; i < many; i++) {
            log.append(0, draft("m" + i, "id" + i), outcome -> {});
        }
        long last = publish(log, "last");
        CompletableFuture<RoomStore.Forgotten> forgotten = new CompletableFuture<>();
        log.forget(last, forgotten::complete);
        assertThat(publish(log, "behind")).isEqualTo(many + 2);
        assertThat(get(forgotten)).isEqualTo(RoomStore.Forgotten.DONE);
        assertThat(refresh(log)).isEqualTo(new RoomStore.Extent(many + 2, many + 2));
        CompletableFuture<RoomStore.Answer> answer = new CompletableFuture<>();
        log.read(new RoomStore.Query(1, RoomStore.Direction.FORWARD, 10, MUCH), answer::complete);
        assertThat(get(answer))
                .isInstanceOfSatisfying(
                        RoomStore.Found.class,
                        found -> assertThat(found.messages())
                                .extracting(message -> message.content().text())
                                .containsExactly("behind"));
        assertThat(append(log, 0, "m0", "id0")).isEqualTo(new Outcome.Published(many + 3, false));
        assertThat(store.bytes()).isEqualTo(bytes("behind", null) + bytes("m0", "id0"));
    }

    private static long bytes(String text, String id) {
        return Tables.bytes(draft(text, id));
    }

    @Test
    void aRoomWithoutMessagesForgetsNothing() throws Exception {
        RoomStore.Log log = open(begin(), new Heard() {});
        CompletableFuture<RoomStore.Forgotten> forgotten = new CompletableFuture<>();
        log.forget(7, forgotten::complete);
        assertThat(get(forgotten)).isEqualTo(RoomStore.Forgotten.DONE);
        store.close();
        CompletableFuture<RoomStore.Forgotten> late = new CompletableFuture<>();
        log.forget(7, late::complete);
        assertThat(get(late)).isEqualTo(RoomStore.Forgotten.NOT_NOW);
    }

    @Override
    protected void end() {
        store.close();
    }
}
