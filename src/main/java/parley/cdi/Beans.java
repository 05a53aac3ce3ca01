package parley.cdi;

import jakarta.enterprise.inject.spi.CDI;
import java.util.ArrayList;
import java.util.List;

/** The application's beans of a type. To be loaded only where there is CDI. */
public final class Beans {
    private Beans() {}

    /** Finds them; none where the server has CDI and the application does not use it, or does not have it yet. */
    public static <T> List<T> all(Class<T> type) {
        CDI<Object> cdi;
        try {
            cdi = CDI.current();
        } catch (RuntimeException e) { // of many kinds
            return List.of();
        }
        List<T> found = new ArrayList<>();
        try {
            cdi.select(type).forEach(found::add);
        } catch (IllegalStateException e) {
            return List.of(); // TomEE says so only now
        }
        return found;
    }
}
