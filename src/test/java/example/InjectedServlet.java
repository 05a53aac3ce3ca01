package example;

import jakarta.inject.Inject;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import parley.api.Rooms;

/** Publishes in a room, with what CDI gives it. */
@WebServlet("/injected")
public final class InjectedServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Inject
    private transient Rooms rooms;

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) throws IOException {
        long seq = rooms.room("news")
                .publish(request.getParameter("text"))
                .toCompletableFuture()
                .join()
                .seq();
        response.getWriter().print("message " + seq);
    }
}
