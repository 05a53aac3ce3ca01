package parley.web;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import parley.app.Arrival;
import parley.app.Deployment;
import parley.app.PageHeaders;
import parley.app.Parley;
import parley.session.Admission;
import parley.session.Request;

/**
 * Refuses handshakes with an HTTP status, and sets the headers of the page. Any number of threads. {@link ParleyListener}
 * places it before all other filters, some of which take upgrades to themselves.
 */
public final class DoorFilter extends HttpFilter {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doFilter(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws IOException, ServletException {
        Parley parley = Deployment.current();
        if (parley == null || !"websocket".equalsIgnoreCase(request.getHeader("Upgrade"))) {
            PageHeaders.ALL.forEach(response::setHeader);
            chain.doFilter(request, response);
            return;
        }
        Admission.Verdict verdict = parley.judge(new Request(
                request.getRequestURI().substring(request.getContextPath().length()),
                request.getQueryString(),
                request.getHeader("Origin"),
                request.getHeader("Host")));
        if (verdict instanceof Admission.Refusal refusal) {
            refuse(response, refusal);
            return;
        }
        new Arrival(parley, request.getRemoteAddr(), verdict, null).note();
        try {
            chain.doFilter(new PatientUpgrade(request), response);
        } finally {
            Arrival.forget();
        }
    }

    /**
     * Stops the application while its connections are still open. In the listener it is too late on Tomcat, which has closed
     * them by then in a listener of its own, with words that do not say when to come back; filters go before all listeners
     * ({@link jakarta.servlet.ServletContextListener#contextDestroyed}).
     */
    @Override
    public void destroy() {
        Parley parley = Deployment.current();
        if (parley != null) {
            parley.stop();
        }
    }

    private static void refuse(HttpServletResponse response, Admission.Refusal refusal) throws IOException {
        response.setStatus(refusal.status());
        if (refusal.status() == 503) {
            response.setHeader("Retry-After", Admission.RETRY_AFTER_SECONDS);
        }
        response.setContentType("text/plain; charset=utf-8");
        response.getWriter().println(refusal.reason());
    }
}
