package parley.client;

import java.net.URI;
import org.jspecify.annotations.Nullable;

/** Opens lines to servers. */
interface Connector {
    /** What a line tells. Called by one thread at a time; none of the calls may block. */
    interface Listener {
        /** A sign of life. */
        void heard();

        /** A text message. The next one is read when {@code taken} has been called. */
        void frame(String text, Runnable taken);

        /**
         * The line is lost, or was never there. Called once.
         *
         * @param code of the close frame, 1006 for none
         * @param status of HTTP, when that refused the handshake; 0 otherwise
         */
        void gone(int code, String reason, int status);
    }

    /** A connection to a server. Any thread. */
    interface Line {
        /** Sends a text message behind those before it. */
        void send(String frame, int bytes);

        /** How many bytes have been given and not passed on. */
        long buffered();

        /** Says goodbye behind what was sent, waits a little for the server's, and calls {@code ended} at the end. */
        void close(Runnable ended);

        /** Ends it without a word. */
        void abort();
    }

    /** Begins to open a line. Throws when the address or the token is none that HTTP could carry. */
    Line open(URI address, @Nullable String token, Listener listener);
}
