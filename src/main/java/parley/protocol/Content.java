package parley.protocol;

/**
 * What a message says: a line of text, or a JSON value of the application's own; or why it says nothing. Immutable.
 *
 * @param text the line, or the value as compact JSON; empty where it says nothing
 * @param bytes how long that is in UTF-8
 */
public record Content(Kind kind, String text, int bytes) {

    /** The kinds of content. */
    public enum Kind {
        TEXT,
        DATA,
        /** Of a message that was removed, and of the change that removed it. */
        REMOVED,
        /** Of a reaction: the message's reactions, which stand beside the content. */
        REACTIONS,
        /** Of a change that has been followed by another of its message, or whose message is gone: nobody needs it. */
        SUPERSEDED
    }

    /** What a removed message says. */
    public static final Content REMOVED = new Content(Kind.REMOVED, "", 0);

    /** What a reaction says. */
    public static final Content REACTIONS = new Content(Kind.REACTIONS, "", 0);

    /** What a change says that nobody needs any more. */
    public static final Content SUPERSEDED = new Content(Kind.SUPERSEDED, "", 0);

    /** No text. */
    public static final Content EMPTY = new Content(Kind.TEXT, "", 0);

    /** This text and another behind it. */
    public Content with(Content behind) {
        return new Content(kind, text + behind.text, bytes + behind.bytes);
    }

    /** A line of text of that length in UTF-8. */
    public static Content text(String text, int bytes) {
        return new Content(Kind.TEXT, text, bytes);
    }
}
