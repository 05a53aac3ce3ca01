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

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "ts", "text/plain; charset=utf-8",
            "svg", "image/svg+xml",
            "png", "image/png");

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

    /** The type of a file by its name; empty for one that is none of the page's. */
    public static String type(String name) {
        return TYPES.getOrDefault(name.substring(name.lastIndexOf('.') + 1), "");
    }
}
