package parley.protocol;

/**
 * What a message says: a line of text, or a JSON value of the application's own. Immutable.
 *
 * @param text the line, or the value as compact JSON
 * @param bytes how long that is in UTF-8
 */
public record Content(Kind kind, String text, int bytes) {

    /** The two kinds of content. */
    public enum Kind {
        TEXT,
        DATA
    }

    /** A line of text of that length in UTF-8. */
    public static Content text(String text, int bytes) {
        return new Content(Kind.TEXT, text, bytes);
    }
}
