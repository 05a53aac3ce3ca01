package parley.app;

/** Whether something is done at all. */
public enum Switch {
    ON,
    OFF
}
