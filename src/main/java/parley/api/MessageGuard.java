package parley.api;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Looks at each message of a client before it is published, and at each edit as at a message. Found by {@link
 * java.util.ServiceLoader}, and as a CDI
 * bean; several look one after the other, each at what the one before has made of it.
 *
 * <p>It is called on threads of Parley's, for one message of a connection at a time, so that a client's messages stay
 * in their order: a slow guard delays this client, and no other as long as fewer than 32 calls block. Signals, and what
 * the application publishes itself, are not shown to it.
 */
@FunctionalInterface
public interface MessageGuard {
    /**
     * A message that a client wants to publish.
     *
     * @param from the client's name; null for none
     * @param id what the client gave the message; null for none
     */
    record Submission(
            String room,
            @Nullable String from,
            Payload payload,
            @Nullable String id) {}

    /** What is to become of a message. */
    sealed interface Verdict {}

    /** It is published as it is. */
    record Accept() implements Verdict {}

    /** It is published with other words. */
    record Change(Payload payload) implements Verdict {
        /** Checks that there are other words. */
        public Change {
            Objects.requireNonNull(payload, "payload");
        }
    }

    /**
     * It is not published: a JSON client is answered {@code forbidden}, one of HTTP 403, and a plain-text client
     * nothing.
     *
     * @param reason a sentence for the client
     */
    record Refuse(String reason) implements Verdict {
        /** Checks that there is a reason. */
        public Refuse {
            Objects.requireNonNull(reason, "reason");
        }
    }

    /** Looks at a message; the stage may be completed later, by any thread. */
    CompletionStage<Verdict> check(Submission message);

    /** How long that may take, and up to half a second more. Asked once. */
    default Duration deadline() {
        return Duration.ofSeconds(5);
    }

    /** What becomes of a message when the deadline has passed, or the check failed. Asked once. */
    default Verdict otherwise() {
        return new Refuse("the message could not be checked; retry later");
    }

    /** It is published as it is. */
    static Verdict accept() {
        return new Accept();
    }

    /** It is published with other words. */
    static Verdict change(Payload payload) {
        return new Change(payload);
    }

    /** It is not published. */
    static Verdict refuse(String reason) {
        return new Refuse(reason);
    }
}
