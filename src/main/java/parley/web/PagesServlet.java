package parley.web;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.regex.Pattern;
import parley.app.PageHeaders;

/**
 * Serves the page and its files below the prefix of an application, whatever that is; in {@code parley.war}, which is
 * all Parley, the server does. It also stands at the paths that {@link DoorFilter} answers before any servlet is
 * called, so that those requests may be asynchronous. Any number of threads.
 */
public final class PagesServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    /** Where servers find the resources of a library too. */
    private static final String FOLDER = "/META-INF/resources/parley/";

    private static final Pattern FILE = Pattern.compile("[a-z][a-z0-9-]*(\\.[a-z]+)+");

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getPathInfo();
        if (path == null) {
            response.setStatus(HttpServletResponse.SC_FOUND);
            response.setHeader("Location", request.getRequestURI() + "/");
            return;
        }
        String name = path.equals("/") ? "index.html" : path.substring(1);
        String type = FILE.matcher(name).matches() ? PageHeaders.type(name) : "";
        try (InputStream file = type.isEmpty() ? null : PagesServlet.class.getResourceAsStream(FOLDER + name)) {
            if (file == null) {
                response.setStatus(HttpServletResponse.SC_NOT_FOUND);
                response.setContentType("text/plain; charset=utf-8");
                response.getWriter()
                        .println("there is a page at " + request.getContextPath() + request.getServletPath() + "/");
                return;
            }
            response.setContentType(type);
            response.setHeader("Cache-Control", "no-cache");
            file.transferTo(response.getOutputStream());
        }
    }
}
