package parley.app;

import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import parley.door.Admission;
import parley.door.Request;
import parley.http.Answer;
import parley.http.Router;

/**
 * Answers who asks how it goes: probes, Prometheus, the status page. The same on every server and without one. Any
 * thread.
 */
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

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        routes.on("GET", "/health/live", (exchange, none) -> exchange.answer(of(200, JSON, "{\"status\":\"live\"}\n")));
        routes.on("GET", "/health/ready", (exchange, none) -> exchange.answer(ready()));
        routes.on("GET", "/metrics", (exchange, none) -> exchange.answer(metrics(exchange.request())));
    }

    private Answer ready() {
        String state = admission.isClosing()
                ? "draining"
                : !admission.isOpen() ? "starting" : !isKeeping.getAsBoolean() ? "not-keeping" : "ready";
        return of(state.equals("ready") ? 200 : 503, JSON, "{\"status\":\"" + state + "\"}\n");
    }

    private Answer metrics(Request request) {
        return mayRead(request)
                ? of(200, METRICS, metrics.scrape())
                : of(403, PLAIN, "only this machine may read this; the setting is status.for\n");
    }

    /** An answer that is not to be kept. */
    private static Answer of(int status, String type, String body) {
        return Answer.of(status, Map.of("Content-Type", type, "Cache-Control", "no-store"), body);
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
