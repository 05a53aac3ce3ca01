package parley.cdi;

import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.spi.AfterBeanDiscovery;
import jakarta.enterprise.inject.spi.Extension;
import parley.api.ChatRoom;
import parley.api.Rooms;
import parley.app.Deployment;
import parley.app.Parley;

/** Makes {@link Rooms} a bean of the application. Made by CDI. */
public final class RoomsExtension implements Extension {
    void add(@Observes AfterBeanDiscovery found) {
        found.<Rooms>addBean()
                .beanClass(Injected.class)
                .types(Rooms.class, Object.class)
                .scope(Dependent.class)
                .createWith(context -> new Injected());
    }

    /** Looks for Parley at each call: beans may be made before it is started. Of no scope that would need a proxy. */
    private static final class Injected implements Rooms {
        private static Rooms now() {
            Parley parley = Deployment.current();
            if (parley == null) {
                throw new IllegalStateException("Parley has not been started in this application, or has been stopped");
            }
            return parley.local();
        }

        @Override
        public ChatRoom room(String name) {
            return now().room(name);
        }

        @Override
        public int close(String member, String reason) {
            return now().close(member, reason);
        }
    }
}
