package parley.app;

import java.util.Map;

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

    private PageHeaders() {}
}
