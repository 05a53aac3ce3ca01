package parley.protocol;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The codec of clients that named no subprotocol: a message is a line of text, one frame each. */
public final class PlainText {
    private PlainText() {}

    /**
     * Returns the message as a plain client sees it: {@code name: text}, or the text alone from a sender without a
     * name; nothing where the client gets no line, as for a message that was removed. A message that grows is a line
     * once it is final, in the place of its last piece.
     */
    public static Optional<String> encode(Message message, PlainChanges changes) {
        if (message.revision() instanceof Revision.Change change && change.kind() instanceof ChangeKind.Piece piece) {
            return piece.isLast() && !message.isSuperseded()
                    ? Optional.of(line(message.from(), piece.whole().text()))
                    : Optional.empty();
        }
        if (isLineOfItsLastPiece(message)) {
            return Optional.empty();
        }
        boolean isTold = !message.isChange() || changes == PlainChanges.SHOW;
        return switch (message.content().kind()) {
            case TEXT, DATA -> isTold ? Optional.of(line(message.from(), text(message))) : Optional.empty();
            case REMOVED, REACTIONS, SUPERSEDED -> Optional.empty();
        };
    }

    /** Not of one that was edited behind its last piece, which says nothing any more. */
    private static boolean isLineOfItsLastPiece(Message message) {
        Standing.Growth growth = message.standing().growth();
        boolean isReplaced = message.revision() instanceof Revision.Changed changed && changed.seq() > growth.last();
        return growth.isOpen() || (growth.last() > 0 && !isReplaced);
    }

    private static String text(Message message) {
        return message.content().text() + (message.isChange() ? " (edited)" : "");
    }

    private static String line(@Nullable String from, String text) {
        return from == null ? text : from + ": " + text;
    }
}
