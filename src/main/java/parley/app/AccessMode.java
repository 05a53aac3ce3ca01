package parley.app;

/** Who may enter; the setting {@code access.mode} says what each means. */
public enum AccessMode {
    ANONYMOUS,
    TOKEN,
    PRINCIPAL
}
