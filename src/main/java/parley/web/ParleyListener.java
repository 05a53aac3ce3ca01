package parley.web;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.ServletRegistration;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.EnumSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import parley.app.Deployment;
import parley.app.Parley;
import parley.app.Settings;
import parley.app.SettingsException;
import parley.app.SettingsSources;

/**
 * Starts the application when a server deploys it, and stops it at undeploy unless {@link DoorFilter} has: every
 * session is then closed with 1001.
 */
public final class ParleyListener implements ServletContextListener {
    private static final Logger LOG = System.getLogger("parley.web");

    private @Nullable Parley parley;

    @Override
    public void contextInitialized(ServletContextEvent event) {
        Settings settings;
        try {
            settings = SettingsSources.ofProcess().load();
        } catch (SettingsException e) {
            LOG.log(Level.ERROR, "Parley does not start: " + e.getMessage());
            throw e;
        }
        loadClasses(event.getServletContext(), "/WEB-INF/classes/parley/");
        Parley started = new Parley(settings);
        parley = started;
        Deployment.set(started);
        placeDoor(event.getServletContext());
        placeRoutes(event.getServletContext(), started);
        String context = event.getServletContext().getContextPath();
        LOG.log(
                Level.INFO,
                "Parley is deployed: " + context + "/ has the page, " + context + "/echo and " + context
                        + "/chat take WebSocket connections");
    }

    /** Before all filters. What web.xml declares comes behind Jetty's own filter, which goes on with no upgrade. */
    private static void placeDoor(ServletContext context) {
        FilterRegistration.Dynamic door = context.addFilter("door", DoorFilter.class);
        door.setAsyncSupported(true);
        door.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), false, "/*");
    }

    /**
     * Some servers refuse an asynchronous request when the servlet behind all filters, the one for files, is not for
     * such.
     */
    private static void placeRoutes(ServletContext context, Parley parley) {
        String[] mappings = parley.routes().routes().keySet().stream()
                .map(ParleyListener::mapping)
                .distinct()
                .toArray(String[]::new);
        ServletRegistration.Dynamic servlet = context.addServlet("routes", RoutesServlet.class);
        servlet.setAsyncSupported(true);
        if (mappings.length > 0) {
            servlet.addMapping(mappings);
        }
    }

    /** As servlets map paths: up to the first parameter. */
    private static String mapping(String pattern) {
        int end = pattern.indexOf("/{");
        return end < 0 ? pattern : pattern.substring(0, end) + "/*";
    }

    @Override
    public void contextDestroyed(ServletContextEvent event) {
        Parley started = parley;
        if (started != null) {
            started.stop();
            Deployment.clear(started);
            parley =
                    null; // Open Liberty keeps the listener, for as long as a thread that served this application idles
        }
    }

    /**
     * Open Liberty stops an application when its file has been deleted: what it has not loaded by then it cannot load.
     */
    private static void loadClasses(ServletContext context, String folder) {
        Set<String> paths = context.getResourcePaths(folder);
        if (paths == null || folder.endsWith("/standalone/")) {
            return;
        }
        for (String path : paths) {
            if (path.endsWith("/")) {
                loadClasses(context, path);
            } else if (path.endsWith(".class") && !path.endsWith("-info.class")) {
                loadClass(path.substring("/WEB-INF/classes/".length(), path.length() - ".class".length())
                        .replace('/', '.'));
            }
        }
    }

    private static void loadClass(String name) {
        try {
            Class.forName(name, false, ParleyListener.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException("a class of the WAR's own is not in it", e);
        }
    }
}
