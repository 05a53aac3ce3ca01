package parley.web;

import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import parley.app.PageHeaders;
import parley.http.Answer;
import parley.http.PageFile;

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

    /** Those that there are, once they have been asked for. */
    private final transient Map<String, PageFile> files = new ConcurrentHashMap<>();

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        String path = request.getPathInfo();
        if (path == null) {
            response.setStatus(HttpServletResponse.SC_FOUND);
            response.setHeader("Location", request.getRequestURI() + "/");
            return;
        }
        String name = path.equals("/") ? "index.html" : path.substring(1);
        PageFile file = files.get(name);
        if (file == null) {
            file = read(name);
        }
        if (file == null) {
            response.setStatus(HttpServletResponse.SC_NOT_FOUND);
            response.setContentType("text/plain; charset=utf-8");
            response.getWriter()
                    .println("there is a page at " + request.getContextPath() + request.getServletPath() + "/");
            return;
        }
        Answer answer = file.answer(request::getHeader);
        response.setStatus(answer.status());
        answer.headers().forEach((header, value) -> {
            if (header.equals("Vary")) {
                response.addHeader(header, value); // the client library varies by origin too
            } else {
                response.setHeader(header, value);
            }
        });
        if (answer.status() != HttpServletResponse.SC_NOT_MODIFIED) {
            response.setContentLength(answer.body().length);
            response.getOutputStream().write(answer.body());
        }
    }

    private @Nullable PageFile read(String name) throws IOException {
        String type = FILE.matcher(name).matches() ? PageHeaders.type(name) : "";
        try (InputStream file = type.isEmpty() ? null : PagesServlet.class.getResourceAsStream(FOLDER + name)) {
            if (file == null) {
                return null;
            }
            PageFile read = PageFile.of(file.readAllBytes(), type);
            files.put(name, read);
            return read;
        }
    }
}
