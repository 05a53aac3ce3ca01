package parley.web;

import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import org.jspecify.annotations.Nullable;
import parley.api.Rooms;
import parley.app.Deployment;
import parley.app.Parley;
import parley.app.Settings;
import parley.app.SettingsException;
import parley.app.SettingsSources;
import parley.endpoint.Endpoints;

/**
 * Starts Parley when a server deploys the application that it is in, and stops it at undeploy unless {@link DoorFilter}
 * has: every session is then closed with 1001.
 *
 * <p>An application may have two of these: web.xml, the library's fragment and its {@link ParleyInitializer} each name
 * it, and servers differ in which of them they follow. The first that is called starts Parley, and stops it.
 */
public final class ParleyListener implements ServletContextListener {
    private static final Logger LOG = System.getLogger("parley.web");

    /** Set in the context when Parley has been started there. */
    private static final String STARTED = "parley.web.started";

    private static final String CONTAINER = "jakarta.websocket.server.ServerContainer";

    private @Nullable Parley parley;

    @Override
    public void contextInitialized(ServletContextEvent event) {
        ServletContext context = event.getServletContext();
        if (context.getAttribute(STARTED) != null) {
            return;
        }
        context.setAttribute(STARTED, Boolean.TRUE);
        try {
            start(context);
        } catch (SettingsException e) {
            LOG.log(Level.ERROR, "Parley does not start: " + e.getMessage());
            throw e;
        } catch (IllegalStateException e) {
            LOG.log(Level.ERROR, e.getMessage());
            throw e;
        }
    }

    private void start(ServletContext context) {
        Placement placement = Placement.of(context);
        Settings settings = SettingsSources.ofProcess()
                .application(Placement.settings(context))
                .load();
        placement.place(context);
        Loading.all(context);
        Parley started = new Parley(settings, Extending.find());
        parley = started;
        try {
            Deployment.set(started);
            Endpoints.add(context.getAttribute(CONTAINER), placement.prefix());
        } catch (IllegalStateException e) {
            stop(); // a server may not say that it has given the deployment up
            throw e;
        }
        context.setAttribute(Rooms.class.getName(), started.local());
        String at = context.getContextPath() + placement.prefix();
        LOG.log(
                Level.INFO,
                "Parley is deployed: " + at + "/ has the page, " + at + "/echo and " + at
                        + "/chat take WebSocket connections");
    }

    @Override
    public void contextDestroyed(ServletContextEvent event) {
        if (parley != null) {
            event.getServletContext().removeAttribute(STARTED);
            event.getServletContext().removeAttribute(Rooms.class.getName());
        }
        stop();
    }

    private void stop() {
        Parley started = parley;
        if (started != null) {
            started.stop();
            Deployment.clear(started);
            parley =
                    null; // Open Liberty keeps the listener, for as long as a thread that served this application idles
        }
    }
}
