package parley.web;

import jakarta.servlet.ServletContainerInitializer;
import jakarta.servlet.ServletContext;
import jakarta.servlet.ServletException;
import jakarta.servlet.annotation.HandlesTypes;
import jakarta.websocket.server.ServerEndpoint;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import parley.endpoint.Endpoints;

/**
 * Puts Parley into an application that has the library in {@code WEB-INF/lib}: also where its web.xml says that it is
 * complete, and servers leave out listeners of fragments. Found and called by the container.
 *
 * <p>It keeps nothing: with an {@code absolute-ordering} Payara loads it by another class loader than the rest. It
 * starts nothing: where a deployment fails later, nobody would say so.
 */
@HandlesTypes(ServerEndpoint.class)
public final class ParleyInitializer implements ServletContainerInitializer {

    /**
     * Adds filter, servlet and listener.
     *
     * @param found the application's endpoints; null for none
     */
    @Override
    public void onStartup(@Nullable Set<Class<?>> found, ServletContext context) throws ServletException {
        try {
            Placement placement = Placement.of(context);
            refuseTaken(found == null ? Set.of() : found, placement);
            placement.place(context);
            context.addListener("parley.web.ParleyListener");
        } catch (IllegalStateException e) {
            context.log(e.getMessage());
            throw new ServletException(e.getMessage(), e);
        }
    }

    /** Servers differ in what becomes of two endpoints with one path: on some one of them is not there, silently. */
    private static void refuseTaken(Set<Class<?>> found, Placement placement) {
        for (Class<?> type : found) {
            ServerEndpoint endpoint = type.getAnnotation(ServerEndpoint.class);
            if (endpoint != null && Endpoints.takes(endpoint.value(), placement.prefix())) {
                throw Placement.taken(
                        "the path " + endpoint.value() + ", which the endpoint " + type.getName() + " has");
            }
        }
    }
}
