package parley.room;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import parley.protocol.RoomName;

/** The contract of stores, held by the one that tests of rooms use. */
class FakeStoreContractTest extends KeepingStoreContract {
    private final Map<RoomName, FakeStore> stores = new ConcurrentHashMap<>();

    @Override
    protected boolean changesMessages() {
        return false;
    }

    @Override
    protected boolean hasAllChanges() {
        return false;
    }

    @Override
    protected RoomStore begin() {
        return begin(Integer.MAX_VALUE);
    }

    @Override
    protected RoomStore beginWithFew() {
        return begin(FEW);
    }

    private RoomStore begin(int most) {
        return (name, room) -> {
            FakeStore store = stores.computeIfAbsent(name, first -> new FakeStore());
            store.most = most;
            return store.open(name, room);
        };
    }

    @Override
    protected synchronized void run() {
        stores.values().forEach(FakeStoreContractTest::run);
    }

    /** A callback that fails is the test's affair, except where others must have theirs all the same. */
    private static void run(FakeStore store) {
        while (!store.toDo.isEmpty()) {
            try {
                store.run();
            } catch (IllegalStateException | AssertionError e) {
                if (!"a test".equals(e.getMessage())) {
                    throw e;
                }
            }
        }
    }

    @Override
    protected void end() {
        run();
        for (FakeStore store : stores.values()) {
            store.failure = new Outcome.NotKept("closed");
            store.unread = RoomStore.Unread.NOT_NOW;
            store.marks.close();
        }
    }
}
