package parley.cluster;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import parley.room.KeepingStoreContract;
import parley.room.RoomStore;
import parley.testclient.NatsServer;

/** The contract of stores, held by a cluster of one node and a real NATS. */
class ClusterStoreContractTest extends KeepingStoreContract {
    @TempDir
    private Path folder;

    private NatsServer nats;
    private ClusterStore store;

    @BeforeEach
    void startNats() throws Exception {
        nats = NatsServer.start(folder);
    }

    @Override
    protected RoomStore begin() {
        return begin(1_000_000);
    }

    @Override
    protected RoomStore beginWithFew() {
        return begin(FEW);
    }

    private RoomStore begin(long messages) {
        ClusterSettings settings = new ClusterSettings(
                List.of(nats.url()),
                "parley",
                new ClusterSettings.Login(null, "", "", "", null, ""),
                1,
                1,
                new ClusterSettings.Kept(messages, 0, Duration.ZERO, Duration.ofMinutes(2)),
                Duration.ofSeconds(20),
                64 << 20,
                64 << 10,
                Duration.ofSeconds(5));
        store = new ClusterStore(settings, Thread::new, System::nanoTime);
        return store;
    }

    @Override
    protected void end() throws Exception {
        store.close();
        nats.close();
    }
}
