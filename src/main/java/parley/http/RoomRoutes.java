package parley.http;

import java.util.HashMap;
import java.util.Map;
import parley.door.Admission;
import parley.door.HttpDoor;
import parley.door.Request;
import parley.room.RoomRegistry;
import parley.session.Sessions;

/** The routes of rooms, members and messages, for backends and for pages of other origins too. Any thread. */
public final class RoomRoutes {
    private final Admission admission;
    private final PublishRoutes publish;
    private final ReadRoutes read;
    private final AdminRoutes admin;

    /** Makes them. */
    public RoomRoutes(Admission admission, HttpDoor door, RoomRegistry rooms, Sessions sessions) {
        Reception reception = new Reception(door, rooms);
        this.admission = admission;
        this.publish = new PublishRoutes(
                reception,
                rooms,
                sessions.inspection(),
                sessions.limits().messageBytes(),
                sessions.limits().commandBytes());
        this.read = new ReadRoutes(reception, rooms);
        this.admin = new AdminRoutes(reception, rooms, sessions);
    }

    /** Adds them. */
    public void routes(Router.Builder routes) {
        publish.routes(routes);
        read.routes(routes);
        admin.routes(routes);
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
        }
        return headers;
    }
}
