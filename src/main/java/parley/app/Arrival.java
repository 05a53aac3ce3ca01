package parley.app;

import org.jspecify.annotations.Nullable;
import parley.delivery.Transport;
import parley.door.Admission;
import parley.session.Connection;

/**
 * What the layer around the WebSocket API (the servlet filter, the Grizzly filter) knows about a handshake and the API
 * does not tell: noted on the thread that goes on with the handshake, found there by the endpoint's configurator.
 *
 * @param parley the application that decided
 * @param path what was asked for, below the context
 * @param verdict what was decided about it
 * @param line the connection below, where it can be reached
 * @param sinceNanos when it was asked for
 */
public record Arrival(
        Parley parley,
        String path,
        Admission.Verdict verdict,
        @Nullable Line line,
        long sinceNanos) {

    /** A client's connection below the WebSocket, where it can be reached. */
    public interface Line {
        /**
         * Returns a transport that writes to it directly, and leaves to the other what is the container's: the close.
         */
        Transport over(Transport container);

        /** Says which connection goes over it, before anything of the client's comes. */
        void carries(Connection connection);
    }

    private static final ThreadLocal<Arrival> CURRENT = new ThreadLocal<>();

    /** Returns what was noted on this thread, or null. */
    public static @Nullable Arrival current() {
        return CURRENT.get();
    }

    /** Notes it on this thread. */
    public void note() {
        CURRENT.set(this);
    }

    /** Forgets what was noted on this thread. */
    public static void forget() {
        CURRENT.remove();
    }
}
