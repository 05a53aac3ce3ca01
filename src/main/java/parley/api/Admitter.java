package parley.api;

import jakarta.servlet.http.HttpServletRequest;
import java.util.Objects;

/**
 * Says which clients may enter, by the application's own login: each handshake and each request below Parley's prefix
 * is shown to it. Found by {@link java.util.ServiceLoader}, and as a CDI bean; several are asked one after the other,
 * until one decides. What none decides is left to {@code access.mode}.
 *
 * <p>It is called on the thread of the server's that serves the request, and before the filters of the application:
 * many threads at once. One that is slow keeps this client waiting. One that throws refuses this client for now, with
 * 503.
 */
@FunctionalInterface
public interface Admitter {
    /** What is decided about a client. */
    sealed interface Decision {}

    /** It may enter, and do this. */
    record Enter(Rights rights) implements Decision {
        /** Checks that there are rights. */
        public Enter {
            Objects.requireNonNull(rights, "rights");
        }
    }

    /**
     * It may not.
     *
     * @param reason a sentence for the client
     */
    record Refuse(String reason) implements Decision {
        /** Checks that there is a reason. */
        public Refuse {
            Objects.requireNonNull(reason, "reason");
        }
    }

    /** The next one decides. */
    record Pass() implements Decision {}

    /** Decides about a client. Must not keep the request. */
    Decision admit(HttpServletRequest request);

    /** It may enter, and do this. */
    static Decision enter(Rights rights) {
        return new Enter(rights);
    }

    /** It may not enter. */
    static Decision refuse(String reason) {
        return new Refuse(reason);
    }

    /** The next one decides. */
    static Decision pass() {
        return new Pass();
    }
}
