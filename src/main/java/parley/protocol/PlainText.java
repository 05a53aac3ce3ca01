package parley.protocol;

/** The codec of clients that named no subprotocol: a message is a line of text, one frame each. */
public final class PlainText {
    private PlainText() {}

    /**
     * Returns the message as a plain client sees it: {@code name: text}, or the text alone from a sender without a
     * name.
     */
    public static String encode(Message message) {
        String text = message.content().text();
        return message.from() == null ? text : message.from() + ": " + text;
    }
}
