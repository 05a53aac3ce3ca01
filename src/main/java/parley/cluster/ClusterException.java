package parley.cluster;

/** Says in a sentence why the cluster cannot be joined as it is set up. */
public final class ClusterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    ClusterException(String message) {
        super(message);
    }
}
