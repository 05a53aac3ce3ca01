package parley.app;

/** Where a room's messages are stored. */
public enum Storage {
    /** In the data folder or the cluster, if there is one, and the newest in memory. */
    DISK,
    /** In memory alone. */
    MEMORY
}
