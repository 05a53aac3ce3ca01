package parley.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client may do that an {@link Admitter} lets in. Rooms are named, or patterns in which {@code *} stands for any
 * characters. Immutable.
 *
 * @param name what it is called, whatever it asks for; null when it may call itself what it likes
 * @param read the rooms it may be in
 * @param write the rooms it may say something in, when it is in them
 * @param publish the rooms it may publish in over HTTP, on behalf of whomever it names
 * @param isAdmin whether it may list rooms, let messages go and close sessions over HTTP
 * @param until when this ends: connections are closed then; null for never
 */
public record Rights(
        @Nullable String name,
        List<String> read,
        List<String> write,
        List<String> publish,
        boolean isAdmin,
        @Nullable Instant until) {
    private static final List<String> ALL = List.of("*");

    /** Copies the lists. */
    public Rights {
        read = List.copyOf(read);
        write = List.copyOf(write);
        publish = List.copyOf(publish);
    }

    /** To be in all rooms under that name, and to say something there. */
    public static Rights of(String name) {
        return new Rights(name, ALL, ALL, List.of(), false, null);
    }

    /** The same in these rooms alone. */
    public Rights in(String... rooms) {
        return new Rights(name, List.of(rooms), List.of(rooms), publish, isAdmin, until);
    }

    /** The same without the right to say something. */
    public Rights readOnly() {
        return new Rights(name, read, List.of(), List.of(), isAdmin, until);
    }

    /** The same until then. */
    public Rights until(Instant end) {
        return new Rights(name, read, write, publish, isAdmin, end);
    }
}
