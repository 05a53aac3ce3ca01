package parley.session;

import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Who is at the other end, for log lines.
 *
 * @param session a mark of this connection that the client is told too; no secret
 * @param place the endpoint or room, such as {@code /chat/java}
 * @param name what the client calls itself
 * @param address where it connects from, where the container tells
 */
public record Client(
        String session,
        String place,
        @Nullable String name,
        @Nullable String address) {
    /** Gives a connection its mark. */
    public Client(String place, @Nullable String name, @Nullable String address) {
        this(
                Long.toString(ThreadLocalRandom.current().nextLong(Long.MAX_VALUE), Character.MAX_RADIX),
                place,
                name,
                address);
    }

    @Override
    public String toString() {
        return place + (name == null ? "" : " as '" + name + "'") + (address == null ? "" : " from " + address)
                + ", session " + session;
    }
}
