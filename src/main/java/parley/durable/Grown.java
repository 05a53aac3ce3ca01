package parley.durable;

import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import parley.protocol.Message;

/**
 * The messages of a room that have grown since the last commit: their rows are written once, with the commit, and not
 * once a piece. For the writing thread.
 */
final class Grown {
    private record Longer(Message message, long at) {}

    private final Map<Long, Longer> messages = new LinkedHashMap<>();

    /** A message that is longer than its row. */
    Optional<Message> find(long seq) {
        return Optional.ofNullable(messages.get(seq)).map(Longer::message);
    }

    /** A message has grown, at that time. */
    void add(Message message, long at) {
        messages.put(message.seq(), new Longer(message, at));
    }

    /** Writes their rows. */
    void write(ChangeTable table, long room) throws SQLException {
        for (Longer each : messages.values()) {
            table.grow(room, each.message, each.at);
        }
        messages.clear();
    }

    /** What was added does not count. */
    void undone() {
        messages.clear();
    }
}
