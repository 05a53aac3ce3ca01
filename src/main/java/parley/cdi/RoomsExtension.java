package parley.cdi;

import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.spi.AfterBeanDiscovery;
import jakarta.enterprise.inject.spi.AfterDeploymentValidation;
import jakarta.enterprise.inject.spi.BeanManager;
import jakarta.enterprise.inject.spi.Extension;
import java.util.List;
import parley.api.Admitter;
import parley.api.ChatRoom;
import parley.api.MessageGuard;
import parley.api.RoomListener;
import parley.api.Rooms;
import parley.app.Deployment;
import parley.app.Parley;

/**
 * Makes {@link Rooms} a bean of the application, and fails its deployment where CDI comes so late that Parley has
 * started without the application's beans: without its admitter everybody could enter. Made by CDI.
 */
public final class RoomsExtension implements Extension {
    void add(@Observes AfterBeanDiscovery found) {
        found.<Rooms>addBean()
                .beanClass(Injected.class)
                .types(Rooms.class, Object.class)
                .scope(Dependent.class)
                .createWith(context -> new Injected());
    }

    void check(@Observes AfterDeploymentValidation validated, BeanManager beans) {
        if (Deployment.current() == null) {
            return; // it finds them when it starts
        }
        for (Class<?> type : List.of(Admitter.class, MessageGuard.class, RoomListener.class)) {
            if (!beans.getBeans(type).isEmpty()) {
                validated.addDeploymentProblem(new IllegalStateException("Parley has started in this application before"
                        + " its beans are there, and without its " + type.getSimpleName() + ". Name the class in"
                        + " META-INF/services/" + type.getName() + " too."));
            }
        }
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
