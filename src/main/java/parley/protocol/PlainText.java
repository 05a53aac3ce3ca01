package parley.protocol;

import java.util.Optional;

/** The codec of clients that named no subprotocol: a message is a line of text, one frame each. */
public final class PlainText {
    private PlainText() {}

    /**
     * Returns the message as a plain client sees it: {@code name: text}, or the text alone from a sender without a
     * name; nothing where the client gets no line, as for a message that was removed.
     */
    public static Optional<String> encode(Message message, PlainChanges changes) {
        boolean isTold = !message.isChange() || changes == PlainChanges.SHOW;
        return switch (message.content().kind()) {
            case TEXT, DATA -> isTold ? Optional.of(line(message)) : Optional.empty();
            case REMOVED, REACTIONS, SUPERSEDED -> Optional.empty();
        };
    }

    private static String line(Message message) {
        String text = message.content().text() + (message.isChange() ? " (edited)" : "");
        return message.from() == null ? text : message.from() + ": " + text;
    }
}
