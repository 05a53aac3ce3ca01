package parley.session;

import org.jspecify.annotations.Nullable;

/**
 * Who is at the other end, for log lines.
 *
 * @param place the endpoint or room, such as {@code /chat/java}
 * @param name what the client calls itself
 * @param address where it connects from, where the container tells
 */
public record Client(
        String place, @Nullable String name, @Nullable String address) {
    @Override
    public String toString() {
        return place + (name == null ? "" : " as '" + name + "'") + (address == null ? "" : " from " + address);
    }
}
