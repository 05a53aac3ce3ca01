package parley.room;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import parley.protocol.ChangeKind;
import parley.protocol.Content;
import parley.protocol.Message;
import parley.protocol.Revision;

/**
 * Entries of a log as clients are sent them together: pieces of a message that follow one another are one, and pieces
 * that stand in the message itself, which is sent with them, are none, nor is an edit before these. So a client that
 * reads at a tenth of the pace is sent a tenth of the pieces, and no timer decides how many go together. Entries that
 * say nothing any more are left out.
 */
final class Pieces {
    private Pieces() {}

    /** Pieces of a message that follow one another. */
    private static final class Run {
        private final List<Message> pieces = new ArrayList<>();
        private int end;

        Run(Message first) {
            add(first);
        }

        boolean goesOnWith(Message piece) {
            return kind(piece).start() == end;
        }

        void add(Message piece) {
            pieces.add(piece);
            end = kind(piece).start() + piece.content().text().length();
        }

        Message first() {
            return pieces.get(0);
        }

        Message last() {
            return pieces.get(pieces.size() - 1);
        }

        /** One piece, with the number and the time of one of them. */
        Message as(Message one) {
            if (pieces.size() == 1) {
                return one;
            }
            StringBuilder text = new StringBuilder();
            int bytes = 0;
            for (Message piece : pieces) {
                text.append(piece.content().text());
                bytes += piece.content().bytes();
            }
            Revision.Change change = (Revision.Change) first().revision();
            ChangeKind.Piece last = kind(last());
            ChangeKind.Piece kind = new ChangeKind.Piece(kind(first()).start(), last.isLast(), last.whole());
            return new Message(
                    one.seq(),
                    one.at(),
                    one.from(),
                    one.user(),
                    Content.text(text.toString(), bytes),
                    null,
                    new Revision.Change(change.of(), change.before(), kind),
                    one.standing());
        }
    }

    /** Whether an entry is a piece that says something. */
    static boolean isPiece(Message entry) {
        return entry.revision() instanceof Revision.Change change
                && change.kind() instanceof ChangeKind.Piece
                && !entry.isSuperseded();
    }

    private static ChangeKind.Piece kind(Message piece) {
        return (ChangeKind.Piece) ((Revision.Change) piece.revision()).kind();
    }

    /**
     * Joins pieces in the place of the first, with its number: a client that is cut between two events goes on behind
     * that number, and gets nothing too little. It may get again what it has, and knows that by where a piece starts.
     */
    static List<Message> inStreams(List<Message> entries) {
        return join(entries, true);
    }

    /** Joins pieces in the place of the last, with its number: behind it the next page goes on. */
    static List<Message> inPages(List<Message> entries) {
        return join(entries, false);
    }

    private static List<Message> join(List<Message> entries, boolean isAtTheFirst) {
        Map<Message, Run> places = new IdentityHashMap<>();
        for (Run run : runs(entries)) {
            places.put(isAtTheFirst ? run.first() : run.last(), run);
        }
        List<Message> sent = new ArrayList<>(entries.size());
        Map<Long, Message> messages = new HashMap<>();
        for (Message entry : entries) {
            Run run = places.get(entry);
            if (run != null) {
                sent.add(run.as(entry));
            } else if (!entry.isSuperseded() && !isPiece(entry) && !isOutgrown(entry, messages)) {
                sent.add(entry);
            }
            if (!entry.isChange()) {
                messages.put(entry.seq(), entry);
            }
        }
        return sent;
    }

    /** Whether an edit would take pieces away from its message, which is sent with them, and without them as pieces. */
    private static boolean isOutgrown(Message entry, Map<Long, Message> messages) {
        if (!(entry.revision() instanceof Revision.Change change) || change.kind() != ChangeKind.Whole.EDIT) {
            return false;
        }
        Message message = messages.get(change.of());
        return message != null && message.standing().growth().last() > entry.seq();
    }

    private static List<Run> runs(List<Message> entries) {
        List<Run> all = new ArrayList<>();
        Map<Long, Run> newest = new HashMap<>();
        Map<Long, Long> grown = new HashMap<>();
        for (Message entry : entries) {
            if (!isPiece(entry)) {
                grown.put(entry.seq(), entry.standing().growth().last());
                continue;
            }
            long of = ((Revision.Change) entry.revision()).of();
            if (entry.seq() <= grown.getOrDefault(of, 0L)) {
                continue;
            }
            Run run = newest.get(of);
            if (run != null && run.goesOnWith(entry)) {
                run.add(entry);
            } else {
                Run next = new Run(entry);
                newest.put(of, next);
                all.add(next);
            }
        }
        return all;
    }
}
