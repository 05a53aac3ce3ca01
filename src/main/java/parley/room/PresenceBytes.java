package parley.room;

/**
 * The bytes of what presence keeps in all rooms besides connections. Any thread.
 *
 * @param states those that members show
 * @param aways members that are away
 */
public record PresenceBytes(SharedBytes states, SharedBytes aways) {
    /** The part of the heap that each may fill. */
    private static final int HEAP_FOR_EACH = 32;

    /** As much of each as the heap allows. */
    static PresenceBytes ofHeap() {
        long limit = Runtime.getRuntime().maxMemory() / HEAP_FOR_EACH;
        return new PresenceBytes(new SharedBytes(limit), new SharedBytes(limit));
    }
}
