package parley.app;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Where objects that a container makes find the application: one of it in a class loader, which is one a deployment.
 *
 * <p>Static, because the WebSocket API hands a configurator nothing to find its application by (specification chapter
 * 3.1.7: the container makes it with its constructor without arguments).
 */
public final class Deployment {
    private static final AtomicReference<@Nullable Parley> RUNNING = new AtomicReference<>();

    private Deployment() {}

    /**
     * Makes the application known.
     *
     * @throws IllegalStateException when another one is
     */
    public static void set(Parley parley) {
        if (!RUNNING.compareAndSet(null, parley)) {
            throw new IllegalStateException(
                    "Parley does not start a second time in one class loader: put its library into"
                            + " WEB-INF/lib of each application, and not where several share it.");
        }
    }

    /** Forgets the application, if it is the one that is known. */
    public static void clear(Parley parley) {
        RUNNING.compareAndSet(parley, null);
    }

    /** Returns the application, or null when none has been started. */
    public static @Nullable Parley current() {
        return RUNNING.get();
    }
}
