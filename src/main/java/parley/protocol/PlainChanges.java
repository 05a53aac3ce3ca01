package parley.protocol;

/** How plain-text members hear of edited messages. */
public enum PlainChanges {
    /** Each edit as a new line, with {@code (edited)} behind it. */
    SHOW,
    /** Nothing: a member reads the newest text when it reads the message later. */
    HIDE
}
