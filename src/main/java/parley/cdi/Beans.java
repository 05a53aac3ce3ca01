package parley.cdi;

import jakarta.enterprise.inject.spi.CDI;
import java.util.ArrayList;
import java.util.List;

/** The application's beans of a type. To be loaded only where there is CDI. */
public final class Beans {
    private Beans() {}

    /**
     * Finds them; none where the server has CDI and the application does not use it, or does not have it yet.
     *
     * @throws RuntimeException when one cannot be made: to go on without an admitter would let everybody in
     */
    public static <T> List<T> all(Class<T> type) {
        CDI<Object> cdi;
        try {
            cdi = CDI.current();
            if (cdi.getBeanManager().getBeans(type).isEmpty()) {
                return List.of();
            }
        } catch (RuntimeException e) { // of many kinds, and on TomEE only when something is asked
            return List.of();
        }
        List<T> found = new ArrayList<>();
        cdi.select(type).forEach(found::add);
        return found;
    }
}
