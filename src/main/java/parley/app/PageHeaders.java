package parley.app;

import java.util.HashMap;
import java.util.Map;
import parley.door.Admission;
import parley.door.Request;

/** The HTTP headers of the page and its files, the same on every server and without one. */
public final class PageHeaders {
    /** Everything from this host alone, nothing inline, and no frame around it. */
    public static final Map<String, String> ALL = Map.of(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
                    + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options",
            "nosniff",
            "Referrer-Policy",
            "no-referrer");

    private static final String LIBRARY = "/parley.js";

    private PageHeaders() {}

    /**
     * The headers of what a request gets. The client library is for pages of other origins too, if they may connect.
     */
    public static Map<String, String> of(Request request, Admission admission) {
        if (!request.path().equals(LIBRARY)) {
            return ALL;
        }
        Map<String, String> headers = new HashMap<>(ALL);
        headers.put("Vary", "Origin");
        String origin = admission.pageElsewhere(request);
        if (origin != null) {
            headers.put("Access-Control-Allow-Origin", origin);
        }
        return headers;
    }
}
