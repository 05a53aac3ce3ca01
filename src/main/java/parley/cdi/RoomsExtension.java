package parley.cdi;

import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.spi.AfterBeanDiscovery;
import jakarta.enterprise.inject.spi.Extension;
import parley.api.Rooms;
import parley.app.Deployment;
import parley.app.Parley;

/** Makes {@link Rooms} a bean of the application, which finds Parley when a method is called first. Made by CDI. */
public final class RoomsExtension implements Extension {
    void add(@Observes AfterBeanDiscovery found) {
        found.<Rooms>addBean()
                .beanClass(RoomsExtension.class)
                .types(Rooms.class, Object.class)
                .scope(ApplicationScoped.class)
                .createWith(context -> rooms());
    }

    private static Rooms rooms() {
        Parley parley = Deployment.current();
        if (parley == null) {
            throw new IllegalStateException("Parley has not been started in this application, or has been stopped");
        }
        return parley.local();
    }
}
