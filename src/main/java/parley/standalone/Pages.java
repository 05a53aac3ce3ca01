package parley.standalone;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.glassfish.grizzly.Connection;
import org.glassfish.grizzly.http.Method;
import org.glassfish.grizzly.http.server.HttpHandler;
import org.glassfish.grizzly.http.server.Request;
import org.glassfish.grizzly.http.server.Response;
import parley.app.PageHeaders;
import parley.app.Parley;
import parley.http.Answer;
import parley.http.PageFile;
import parley.http.Router;

/**
 * Serves the page and its files, as a server would serve them from the WAR: read once at the start, kept in memory, and
 * of the kinds below alone, so that no class of the WAR's root gets out. Called by the selectors.
 */
final class Pages extends HttpHandler {
    private final String context;
    private final Parley parley;
    private final Site main;
    /** By their ports. */
    private final Map<Integer, Site> others;

    private final Map<String, PageFile> pages;
    private final StreamLines streams;

    private Pages(String context, Parley parley, Site main, Map<Integer, Site> others, Map<String, PageFile> pages) {
        this.context = context;
        this.parley = parley;
        this.main = main;
        this.others = others;
        this.pages = pages;
        this.streams = new StreamLines(parley.settings().sendBuffer());
    }

    /** Reads the pages from the WAR that runs, or from a folder that is laid out like one. */
    static Pages read(Path war, String context, Parley parley, Site main, Map<Integer, Site> others)
            throws IOException {
        Map<String, PageFile> pages = new HashMap<>();
        if (Files.isDirectory(war)) {
            try (Stream<Path> files = Files.walk(war)) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    add(pages, war.relativize(file).toString().replace('\\', '/'), Files.readAllBytes(file));
                }
            }
        } else {
            try (JarFile jar = new JarFile(war.toFile())) {
                for (var entry : jar.stream().filter(e -> isPage(e.getName())).toList()) {
                    try (InputStream in = jar.getInputStream(entry)) {
                        add(pages, entry.getName(), in.readAllBytes());
                    }
                }
            }
        }
        return new Pages(context, parley, main, others, pages);
    }

    private static void add(Map<String, PageFile> pages, String name, byte[] content) {
        if (isPage(name)) {
            pages.put("/" + name, PageFile.of(content, PageHeaders.type(name)));
        }
    }

    private static boolean isPage(String name) {
        return !name.startsWith("WEB-INF/")
                && !name.startsWith("META-INF/")
                && !PageHeaders.type(name).isEmpty();
    }

    @Override
    public void service(Request request, Response response) {
        Connection<?> client = request.getContext().getConnection();
        Site site = others.getOrDefault(localPort(client), main);
        site.unhandled().handled(client);
        parley.door.Request asked = HandshakeFilter.request(client, request.getRequest(), context);
        PageHeaders.of(asked, parley.admission()).forEach(response::setHeader);
        for (Router router : site.routers()) {
            if (router.has(asked.path())) {
                GrizzlyExchange exchange = new GrizzlyExchange(request, response, asked, site.unhandled(), streams);
                router.handle(exchange);
                exchange.returned();
                return;
            }
        }
        try {
            answer(request, asked.headers(), response, site.home());
        } catch (IOException e) {
            // It has gone meanwhile, and Grizzly would log a stack trace.
            client.terminateSilently();
        } finally {
            site.unhandled().answered(client);
        }
    }

    private void answer(Request request, parley.door.Request.Headers headers, Response response, String home)
            throws IOException {
        String uri = request.getRequestURI();
        if (!context.isEmpty() && uri.equals(context)) {
            response.setStatus(302);
            response.setHeader("Location", context + "/");
            return;
        }
        String path = uri.startsWith(context + "/") ? uri.substring(context.length()) : "";
        PageFile page = pages.get(path.equals("/") ? home : path);
        if (home.isEmpty()) {
            fail(response, 404, "what is here is described at " + context + "/openapi.json");
        } else if (page == null) {
            fail(response, 404, "there is a page at " + context + "/");
        } else if (request.getMethod() != Method.GET && request.getMethod() != Method.HEAD) {
            response.setHeader("Allow", "GET, HEAD");
            fail(response, 405, "this can be read with GET");
        } else {
            Answer answer = page.answer(headers);
            response.setStatus(answer.status());
            answer.headers().forEach((name, value) -> {
                if (name.equals("Vary")) {
                    response.addHeader(name, value); // the client library varies by origin too
                } else {
                    response.setHeader(name, value);
                }
            });
            if (answer.status() != 304) {
                response.setContentLength(answer.body().length);
                if (request.getMethod() == Method.GET) {
                    response.getOutputStream().write(answer.body());
                }
            }
        }
    }

    private static int localPort(Connection<?> client) {
        return client.getLocalAddress() instanceof InetSocketAddress local ? local.getPort() : -1;
    }

    private static void fail(Response response, int status, String reason) throws IOException {
        response.setStatus(status);
        response.setContentType("text/plain; charset=utf-8");
        response.getWriter().write(reason + "\n");
    }
}
