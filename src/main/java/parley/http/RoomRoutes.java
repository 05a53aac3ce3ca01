package parley.http;

import java.util.HashMap;
import java.util.Map;
import parley.access.Tickets;
import parley.door.Admission;
import parley.door.HttpDoor;
import parley.door.Request;
import parley.room.Openings;
import parley.room.RoomRegistry;
import parley.session.Sessions;

/** The routes of rooms, members and messages, for backends and for pages of other origins too. Any thread. */
public final class RoomRoutes {
    private final Admission admission;
    private final PublishRoutes publish;
    private final ChangeRoutes change;
    private final ReactionRoutes reactions;
    private final ReadRoutes read;
    private final MarkRoutes marks;
    private final StateRoutes state;
    private final AdminRoutes admin;
    private final TicketRoutes tickets;
    private final boolean hasCookies;

    /**
     * Makes them.
     *
     * @param hasCookies whether a cookie may say who a client is
     */
    public RoomRoutes(
            Admission admission,
            HttpDoor door,
            RoomRegistry rooms,
            Sessions sessions,
            Tickets tickets,
            LongPolls polls,
            Openings openings,
            boolean hasCookies) {
        Reception reception = new Reception(door, rooms, openings);
        this.admission = admission;
        this.publish = new PublishRoutes(
                reception,
                rooms,
                sessions.inspection(),
                sessions.limits().messageBytes(),
                sessions.limits().commandBytes());
        this.change = new ChangeRoutes(
                reception,
                rooms,
                sessions.inspection(),
                sessions.limits().messageBytes(),
                sessions.limits().commandBytes());
        this.reactions = new ReactionRoutes(reception, change);
        this.state = new StateRoutes(
                reception,
                rooms,
                sessions.inspection(),
                sessions.limits().messageBytes(),
                sessions.limits().commandBytes());
        this.read = new ReadRoutes(reception, rooms, polls);
        this.marks = new MarkRoutes(reception);
        this.admin = new AdminRoutes(reception, sessions);
        this.tickets = new TicketRoutes(reception, tickets);
        this.hasCookies = hasCookies;
    }

    /** Adds them. */
    public void routes(Router.Builder routes) {
        publish.routes(routes);
        change.routes(routes);
        reactions.routes(routes);
        state.routes(routes);
        read.routes(routes);
        marks.routes(routes);
        admin.routes(routes);
        tickets.routes(routes);
        new Description().routes(routes);
    }

    /** What the browser of a page elsewhere has to hear, if that may ask (Fetch standard, section 3.3). */
    public Map<String, String> headers(Request request, String allow) {
        Map<String, String> headers = new HashMap<>();
        headers.put("Vary", "Origin");
        String origin = admission.pageElsewhere(request);
        if (origin != null) {
            headers.put("Access-Control-Allow-Origin", origin);
            headers.put("Access-Control-Expose-Headers", "ETag, Retry-After");
            headers.put("Access-Control-Allow-Methods", allow);
            headers.put(
                    "Access-Control-Allow-Headers",
                    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID");
            headers.put("Access-Control-Max-Age", "600");
            if (hasCookies) {
                headers.put("Access-Control-Allow-Credentials", "true");
            }
        }
        return headers;
    }
}
