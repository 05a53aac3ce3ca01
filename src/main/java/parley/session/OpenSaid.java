package parley.session;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import parley.protocol.RoomName;

/**
 * The messages that a connection has opened and not made final, apart from the {@linkplain LastSaid last} that it said:
 * its author may say many others while one grows. Beyond a bound those go to which it has not appended for longest. For
 * one thread at a time.
 */
final class OpenSaid {
    private record Said(RoomName room, String epoch, long seq) {}

    /** The one to which it appended last comes last. */
    private final Set<Said> messages = new LinkedHashSet<>();

    /**
     * A message was opened, or has grown.
     *
     * @param most how many it remembers
     */
    void grows(RoomName room, String epoch, long seq, int most) {
        Said message = new Said(room, epoch, seq);
        messages.remove(message);
        messages.add(message);
        for (Iterator<Said> oldest = messages.iterator(); messages.size() > most; ) {
            oldest.next();
            oldest.remove();
        }
    }

    /** A message does not grow any more. */
    void isFinal(RoomName room, String epoch, long seq) {
        messages.remove(new Said(room, epoch, seq));
    }

    /** Whether a message is one of them. */
    boolean has(RoomName room, String epoch, long seq) {
        return messages.contains(new Said(room, epoch, seq));
    }
}
