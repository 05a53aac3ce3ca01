package parley.session;

import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Who is at the other end.
 *
 * @param session the session id, which the client is sent too; no secret
 * @param place the endpoint or room, such as {@code /chat/java}
 * @param name what the client calls itself
 * @param visitor where it is and what it may do
 */
public record Client(String session, String place, @Nullable String name, Visitor visitor) {
    /** Gives a connection its session id. */
    public Client(String place, @Nullable String name, Visitor visitor) {
        this(
                Long.toString(ThreadLocalRandom.current().nextLong(Long.MAX_VALUE), Character.MAX_RADIX),
                place,
                name,
                visitor);
    }

    /** Says it for a log line. */
    @Override
    public String toString() {
        String from = visitor.from();
        return place + (name == null ? "" : " as '" + name + "'") + (from.isEmpty() ? "" : " from " + from)
                + ", session " + session;
    }
}
