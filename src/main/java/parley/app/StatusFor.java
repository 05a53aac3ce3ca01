package parley.app;

/** Who may read the metrics and the page that draws them. */
public enum StatusFor {
    LOOPBACK,
    EVERYONE
}
