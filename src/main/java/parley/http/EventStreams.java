package parley.http;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import parley.delivery.Transport;
import parley.door.Admission;
import parley.door.HttpDoor;
import parley.door.Request;
import parley.protocol.HttpJson;
import parley.protocol.MemberName;
import parley.room.RoomRegistry;
import parley.session.Client;
import parley.session.Connection;
import parley.session.FirstRoom;
import parley.session.Sessions;
import parley.session.StreamTerms;

/**
 * Rooms as event streams (WHATWG HTML section 9.2), for {@code EventSource} and everything else that reads HTTP. Any
 * thread.
 *
 * <p>A browser gives a stream up for good at any status but 200. So a client that cannot be let in for now gets 200
 * too, with a stream that says when to come back and ends; a status that is none is final.
 */
public final class EventStreams {
    /** Proxies are to pass each event on when it comes, and not to compress it: some would wait for more. */
    private static final Map<String, String> HEADERS = Map.of(
            "Content-Type", "text/event-stream",
            "Cache-Control", "no-cache, no-transform",
            "X-Accel-Buffering", "no");

    private final Admission admission;
    private final HttpDoor door;
    private final Sessions sessions;
    private final RoomRegistry rooms;
    private final Duration retry;
    private final int requestsPerSecond;

    /**
     * Makes them.
     *
     * @param retry about when a client comes back whose connection was lost
     * @param requestsPerSecond the rate of requests in the welcome, a second; 0 for any number
     */
    public EventStreams(
            Admission admission,
            HttpDoor door,
            Sessions sessions,
            RoomRegistry rooms,
            Duration retry,
            int requestsPerSecond) {
        this.admission = admission;
        this.door = door;
        this.sessions = sessions;
        this.rooms = rooms;
        this.retry = retry;
        this.requestsPerSecond = requestsPerSecond;
    }

    /** Their routes. */
    public void routes(Router.Builder routes) {
        routes.on("GET", "/rooms/{room}/events", (exchange, values) -> get(exchange));
        routes.on("GET", "/events", (exchange, values) -> get(exchange));
        routes.on("GET", "/watch", (exchange, values) -> get(exchange));
    }

    private void get(Exchange exchange) {
        if (Admission.hasEnded(exchange.request())) {
            // The one answer besides errors at which a browser does not come back (section 9.2.3).
            exchange.answer(new Answer(204, Map.of("Cache-Control", "no-store"), new byte[0]));
            return;
        }
        boolean isHead = exchange.method().equals("HEAD");
        Admission.Verdict verdict =
                isHead ? admission.explainReader(exchange.request()) : admission.judgeReader(exchange.request());
        if (verdict instanceof Admission.Refusal refusal) {
            exchange.answer(refused(exchange.request(), refusal));
        } else if (isHead) {
            exchange.answer(new Answer(200, HEADERS, new byte[0]));
        } else if (verdict instanceof Admission.Events events) {
            open(exchange, events);
        } else if (verdict instanceof Admission.Watch watch) {
            open(exchange, watch);
        } else {
            throw new AssertionError(verdict);
        }
    }

    private Answer refused(Request request, Admission.Refusal refusal) {
        if (refusal.isForNow()) {
            return Answer.of(200, HEADERS, sessions.turnAway(refusal.reason()));
        }
        String code = switch (refusal.status()) {
            case 401 -> "unauthorized";
            case 403 -> "forbidden";
            default -> "bad-query";
        };
        String reason = refusal.status() == 401 && door.hasKey(request)
                ? "the API key opens no event stream; use a token, or a ticket that was made with one"
                : refusal.reason();
        return Problem.of(refusal.status(), HttpJson.problem(refusal.status(), code, reason), refusal.headers());
    }

    private void open(Exchange exchange, Admission.Watch watch) {
        MemberName name = watch.visitor().grant().name();
        Client client = new Client("/watch", name == null ? null : name.value(), watch.visitor());
        StreamTerms terms = new StreamTerms(retry, requestsPerSecond, null);
        CompletableFuture<Connection> opened = new CompletableFuture<>();
        Transport transport = transport(exchange, opened);
        opened.complete(sessions.openWatch(client, transport, rooms, watch.list(), terms));
    }

    private static Transport transport(Exchange exchange, CompletableFuture<Connection> opened) {
        return exchange.stream(HEADERS, cause -> opened.thenAccept(connection -> connection.failed(cause)));
    }

    private void open(Exchange exchange, Admission.Events events) {
        CompletableFuture<Connection> opened = new CompletableFuture<>();
        Transport transport = transport(exchange, opened);
        FirstRoom first = events.rooms().get(0);
        String place = events.rooms().stream()
                .map(room -> room.room().value())
                .collect(Collectors.joining("+", "/events/", ""));
        Client client =
                new Client(place, first.name() == null ? null : first.name().value(), events.visitor());
        StreamTerms terms = new StreamTerms(retry, requestsPerSecond, events.key());
        opened.complete(sessions.openEvents(client, transport, rooms, events.rooms(), terms));
    }
}
