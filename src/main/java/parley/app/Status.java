package parley.app;

import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import parley.door.Admission;
import parley.door.Request;

/** Answers who asks how it goes: probes, Prometheus, the status page. The same on every server and without one. Any thread. */
public final class Status {
    private static final String JSON = "application/json";

    private static final String PLAIN = "text/plain; charset=utf-8";

    /** The type that Prometheus wants to hear. */
    private static final String METRICS = "text/plain; version=0.0.4; charset=utf-8";

    private final Admission admission;
    private final BooleanSupplier isKeeping;
    private final Metrics metrics;
    private final StatusFor who;

    /**
     * An answer, which is not to be kept.
     *
     * @param status the HTTP status
     * @param type the media type
     * @param body what it says
     */
    public record Answer(int status, String type, String body) {}

    /**
     * Makes the answers.
     *
     * @param isKeeping whether messages can be kept where they should be
     */
    Status(Admission admission, BooleanSupplier isKeeping, Metrics metrics, StatusFor who) {
        this.isKeeping = isKeeping;
        this.admission = admission;
        this.metrics = metrics;
        this.who = who;
    }

    /**
     * Answers a GET.
     *
     * @return null when there is nothing about the state at that path
     */
    public @Nullable Answer answer(Request request) {
        return switch (request.path()) {
            case "/health/live" -> new Answer(200, JSON, "{\"status\":\"live\"}\n");
            case "/health/ready" -> ready();
            case "/metrics" ->
                mayRead(request)
                        ? new Answer(200, METRICS, metrics.scrape())
                        : new Answer(403, PLAIN, "only this machine may read this; the setting is status.for\n");
            default -> null;
        };
    }

    private Answer ready() {
        String state = admission.isClosing()
                ? "draining"
                : !admission.isOpen() ? "starting" : !isKeeping.getAsBoolean() ? "not-keeping" : "ready";
        return new Answer(state.equals("ready") ? 200 : 503, JSON, "{\"status\":\"" + state + "\"}\n");
    }

    private boolean mayRead(Request request) {
        boolean isHere = request.peer() != null && request.peer().getAddress().isLoopbackAddress();
        return who == StatusFor.EVERYONE || (isHere && !isForwarded(request));
    }

    /** Whatever a proxy here says about its client, or leaves out: it is no client of this machine's. */
    private static boolean isForwarded(Request request) {
        return Stream.of("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP")
                .anyMatch(header -> request.headers().value(header) != null);
    }
}
