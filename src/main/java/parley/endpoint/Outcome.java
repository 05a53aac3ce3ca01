package parley.endpoint;

import jakarta.websocket.CloseReason;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;
import parley.session.Connection;

/** What the container says of a session's end, as its connection understands it: in any order, any number of times. */
final class Outcome {
    private static final Logger LOG = System.getLogger("parley.endpoint");

    private Outcome() {}

    static void closed(@Nullable Connection connection, CloseReason reason) {
        if (connection != null) {
            connection.gone(reason.getCloseCode().getCode());
        }
    }

    static void failed(@Nullable Connection connection, Throwable cause) {
        if (connection == null) {
            LOG.log(Level.WARNING, "a session could not be opened", cause);
        } else {
            connection.failed(cause);
        }
    }
}
