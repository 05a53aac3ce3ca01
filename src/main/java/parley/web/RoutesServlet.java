package parley.web;

import jakarta.servlet.http.HttpServlet;

/**
 * Stands at the paths that {@link DoorFilter} answers before any servlet is called, so that those requests may be
 * asynchronous.
 */
public final class RoutesServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;
}
