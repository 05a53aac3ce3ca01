package parley.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import parley.app.Arrival;
import parley.app.Deployment;
import parley.app.HandshakeRules;
import parley.app.PageHeaders;
import parley.app.Parley;
import parley.door.Admission;
import parley.door.Proxies;
import parley.door.Request;
import parley.http.Router;

/**
 * Refuses handshakes with an HTTP status, and sets the headers of the page. Any number of threads. {@link
 * ParleyListener} places it before all other filters, some of which take upgrades to themselves.
 */
public final class DoorFilter extends HttpFilter {
    private static final long serialVersionUID = 1L;
    private static final Logger LOG = System.getLogger("parley.web");

    /** The parameter of what all paths begin with, below the context. */
    static final String PREFIX = "prefix";

    private final transient OpenExchanges open = new OpenExchanges();
    private String prefix = "";

    @Override
    public void init() {
        String named = getInitParameter(PREFIX);
        prefix = named == null ? "" : named;
        Parley parley = Deployment.current();
        if (parley != null) {
            parley.atEachSweep(open::sweep);
        }
    }

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        Parley parley = Deployment.current();
        if (parley == null) {
            chain.doFilter(request, response);
            return;
        }
        Request asked = new Request(
                path(request),
                request.getQueryString(),
                new ServletHeaders(request),
                peer(request),
                request.getUserPrincipal() == null
                        ? null
                        : request.getUserPrincipal().getName());
        HandshakeRules.Lines headers = name -> lines(request, name);
        if (!HandshakeRules.wantsWebSocket(headers)) {
            page(parley, asked, request, response, chain);
            return;
        }
        boolean hasBody = request.getContentLengthLong() > 0 || request.getHeader("Transfer-Encoding") != null;
        Optional<Admission.Refusal> fault =
                HandshakeRules.fault(request.getMethod(), request.getProtocol(), hasBody, headers);
        if (fault.isPresent()) {
            refuse(parley, asked, fault.get(), response);
            return;
        }
        Arrival arrival = parley.arrive(asked, null);
        if (arrival.verdict() instanceof Admission.Refusal refusal) {
            refuse(response, refusal);
            return;
        }
        arrival.note();
        try {
            HttpServletRequest single = new SingleLines(request, HandshakeRules.forContainer(headers));
            chain.doFilter(new PatientUpgrade(single), response);
        } catch (ServletException | RuntimeException e) {
            LOG.log(Level.DEBUG, "the container does not take a handshake for " + arrival.path(), e);
            refuse(parley, asked, HandshakeRules.NOT_TAKEN, response);
        } finally {
            Arrival.forget();
        }
    }

    /** The path below the prefix, not decoded; as it is where an escape hides the prefix, which is nowhere then. */
    private String path(HttpServletRequest request) {
        String path = request.getRequestURI().substring(request.getContextPath().length());
        return path.startsWith(prefix) ? path.substring(prefix.length()) : path;
    }

    private static void refuse(Parley parley, Request asked, Admission.Refusal refusal, HttpServletResponse response)
            throws IOException {
        parley.admission().refused(refusal, parley.admission().address(asked));
        if (!response.isCommitted()) {
            response.reset();
            refuse(response, refusal);
        }
    }

    private void page(
            Parley parley, Request asked, HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        PageHeaders.of(asked, parley.admission()).forEach(response::setHeader);
        for (Router router : List.of(parley.routes(), parley.explanations(), parley.statusRoutes())) {
            if (router.has(asked.path())) {
                ServletExchange exchange = new ServletExchange(request, response, asked, open, parley.writing());
                router.handle(exchange);
                exchange.returned();
                return;
            }
        }
        chain.doFilter(request, response);
    }

    /**
     * Stops the application while its connections are still open. In the listener it is too late on Tomcat, which has
     * closed them by then in a listener of its own, with words that do not say when to come back; filters go before all
     * listeners ({@link jakarta.servlet.ServletContextListener#contextDestroyed}).
     */
    @Override
    public void destroy() {
        Parley parley = Deployment.current();
        if (parley != null) {
            parley.stop();
        }
    }

    private static List<String> lines(HttpServletRequest request, String name) {
        return Collections.list(request.getHeaders(name));
    }

    private static @Nullable InetSocketAddress peer(HttpServletRequest request) {
        String text = String.valueOf(request.getRemoteAddr());
        InetAddress address = Proxies.literal(text.replaceAll("[\\[\\]]|%.*", ""));
        return address == null ? null : new InetSocketAddress(address, Math.max(0, request.getRemotePort()));
    }

    private static void refuse(HttpServletResponse response, Admission.Refusal refusal) throws IOException {
        response.setStatus(refusal.status());
        refusal.headers().forEach(response::setHeader);
        HandshakeRules.headers(refusal).forEach(response::setHeader);
        response.setContentType("text/plain; charset=utf-8");
        response.getWriter().println(refusal.reason());
    }
}
