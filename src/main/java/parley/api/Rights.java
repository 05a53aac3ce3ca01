package parley.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client may do that an {@link Admitter} lets in. Rooms are named, or patterns in which {@code *} stands for any
 * characters. Immutable.
 *
 * @param user which user of the application it is, in 1 to 255 characters: its connections are one member then; null
 *     for none
 * @param name what it is called, whatever it asks for; null when it may call itself what it likes
 * @param read the rooms it may be in
 * @param write the rooms it may say something in, when it is in them
 * @param publish the rooms it may publish in over HTTP, on behalf of whomever it names
 * @param isAdmin whether it may list rooms, let messages go and close sessions over HTTP
 * @param until when this ends: connections are closed then; null for never
 */
public record Rights(
        @Nullable String user,
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

    /** Of a client that is no user. */
    public Rights(
            @Nullable String name,
            List<String> read,
            List<String> write,
            List<String> publish,
            boolean isAdmin,
            @Nullable Instant until) {
        this(null, name, read, write, publish, isAdmin, until);
    }

    /** To be in all rooms under that name, and to say something there. */
    public static Rights of(String name) {
        return new Rights(name, ALL, ALL, List.of(), false, null);
    }

    /** The same for that user: others see all its connections as one member, and know it from others of its name. */
    public Rights user(String id) {
        return new Rights(id, name, read, write, publish, isAdmin, until);
    }

    /** The same in these rooms alone. */
    public Rights in(String... rooms) {
        return new Rights(user, name, List.of(rooms), List.of(rooms), publish, isAdmin, until);
    }

    /** The same without the right to say something. */
    public Rights readOnly() {
        return new Rights(user, name, read, List.of(), List.of(), isAdmin, until);
    }

    /** The same until then. */
    public Rights until(Instant end) {
        return new Rights(user, name, read, write, publish, isAdmin, end);
    }
}
