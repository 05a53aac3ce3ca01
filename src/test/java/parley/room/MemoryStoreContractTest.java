package parley.room;

/** The contract of stores, held by memory. */
class MemoryStoreContractTest extends RoomStoreContract {
    @Override
    protected RoomStore begin() {
        return new MemoryStore();
    }

    @Override
    protected void end() {}
}
