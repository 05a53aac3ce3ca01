package parley.web;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.FilterRegistration;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletRegistration;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Where Parley is in an application: all of its addresses begin with a prefix, below the context path. Immutable.
 *
 * <p>The prefix is the context parameter {@code parley.prefix}, and no setting: a property of the server would move
 * Parley in each application there.
 *
 * @param prefix {@code ""} where the whole application is Parley, else with a slash before and none behind
 */
record Placement(String prefix) {
    /** What stands before the names of settings in context parameters. */
    private static final String SETTINGS = "parley.";

    private static final String PREFIX = SETTINGS + "prefix";
    private static final String DEFAULT = "/parley";
    private static final Pattern PATH = Pattern.compile("/|(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+");

    /** Set in the context when filter and servlet are there. Of the JDK's types: class loaders may differ. */
    private static final String PLACED = "parley.web.placed";

    /** Without a prefix: each path that is answered before the servlet is called, as servlets map paths. */
    static final Set<String> MAPPINGS = Set.of(
            "/rooms",
            "/rooms/*",
            "/messages",
            "/events",
            "/events/*",
            "/watch",
            "/sessions/*",
            "/members/*",
            "/users/*",
            "/tickets",
            "/openapi.json");

    /** Reads it from the parameters of a context. */
    static Placement of(ServletContext context) {
        String path = context.getInitParameter(PREFIX);
        String prefix = path == null ? DEFAULT : path.strip();
        if (!PATH.matcher(prefix).matches()) {
            throw new IllegalStateException("The context parameter " + PREFIX + " cannot be '" + prefix
                    + "': allowed is a path such as /parley, of letters, digits, '.', '_', '-', or / where the whole"
                    + " application is Parley.");
        }
        return new Placement(prefix.equals("/") ? "" : prefix);
    }

    /** The settings that the application itself has, by their keys. */
    static Map<String, String> settings(ServletContext context) {
        Map<String, String> found = new HashMap<>();
        for (String name : Collections.list(context.getInitParameterNames())) {
            if (name.startsWith(SETTINGS) && !name.equals(PREFIX)) {
                found.put(name.substring(SETTINGS.length()), context.getInitParameter(name));
            }
        }
        return found;
    }

    /**
     * Adds filter and servlet, once. By their names, because the class loader may be another than the application's.
     */
    void place(ServletContext context) {
        if (context.getAttribute(PLACED) != null) {
            return;
        }
        context.setAttribute(PLACED, Boolean.TRUE);
        placeDoor(context);
        placeServlet(context);
    }

    /** Before all filters. What web.xml declares comes behind Jetty's own filter, which goes on with no upgrade. */
    private void placeDoor(ServletContext context) {
        FilterRegistration.Dynamic door = context.addFilter("parley.door", "parley.web.DoorFilter");
        if (door == null) {
            throw taken("the name of a filter, parley.door");
        }
        door.setAsyncSupported(true);
        door.setInitParameter(DoorFilter.PREFIX, prefix);
        door.addMappingForUrlPatterns(EnumSet.of(DispatcherType.REQUEST), false, prefix + "/*");
    }

    /**
     * Some servers refuse an asynchronous request when the servlet behind all filters, the one for files, is not for
     * such.
     */
    private void placeServlet(ServletContext context) {
        ServletRegistration.Dynamic servlet = context.addServlet("parley.pages", "parley.web.PagesServlet");
        if (servlet == null) {
            throw taken("the name of a servlet, parley.pages");
        }
        servlet.setAsyncSupported(true);
        List<String> mappings = prefix.isEmpty() ? List.copyOf(MAPPINGS) : List.of(prefix + "/*");
        Set<String> taken = servlet.addMapping(mappings.toArray(String[]::new));
        if (!taken.isEmpty()) {
            throw taken("the path " + String.join(", ", taken) + ", which another servlet has");
        }
    }

    /** Something of the application's stands where Parley is to be. */
    static IllegalStateException taken(String what) {
        return new IllegalStateException("Parley does not start in this application: it needs " + what
                + ". Rename the other one, or set the context parameter " + PREFIX + " to another path.");
    }
}
