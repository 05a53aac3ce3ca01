package parley.durable;

import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import org.junit.jupiter.api.io.TempDir;
import parley.room.KeepingStoreContract;
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

    @Override
    protected void end() {
        store.close();
    }
}
