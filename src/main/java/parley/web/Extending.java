package parley.web;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import parley.api.Admitter;
import parley.api.MessageGuard;
import parley.api.RoomListener;
import parley.app.Extensions;
import parley.cdi.Beans;

/** Finds what an application has of its own: services of its class loader, and beans where there is CDI. */
final class Extending {
    private static final Logger LOG = System.getLogger("parley.web");

    private Extending() {}

    static Extensions find() {
        List<Admitter> admitters = all(Admitter.class);
        return new Extensions(
                access -> admitters.isEmpty() ? access : new ApplicationAccess(admitters, access),
                all(MessageGuard.class),
                all(RoomListener.class));
    }

    private static <T> List<T> all(Class<T> type) {
        List<T> found = new ArrayList<>();
        try {
            // Not the context's: Tomcat 10.0 refuses to name it to a listener that an initializer has added.
            ServiceLoader.load(type, Extending.class.getClassLoader()).forEach(found::add);
        } catch (ServiceConfigurationError e) {
            throw new IllegalStateException(
                    "Parley does not start in this application: META-INF/services/" + type.getName()
                            + " names what cannot be made (" + e.getMessage() + "). Name public classes there that"
                            + " implement it and have a constructor without parameters.",
                    e);
        }
        found.addAll(beans(type));
        found.forEach(one -> LOG.log(
                Level.INFO,
                type.getSimpleName() + " of the application: " + one.getClass().getName()));
        return found;
    }

    private static <T> List<T> beans(Class<T> type) {
        try {
            return Beans.all(type);
        } catch (LinkageError e) {
            LOG.log(Level.DEBUG, "no beans are looked for: this server has no CDI", e);
            return List.of();
        }
    }
}
