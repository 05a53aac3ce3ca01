package parley.app;

/** Who may publish over HTTP where everybody may enter; the setting {@code http.publish} says what each means. */
public enum HttpPublish {
    AUTHORIZED,
    EVERYONE
}
