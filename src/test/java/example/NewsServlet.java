package example;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import parley.api.ChatRoom;
import parley.api.Payload;
import parley.api.Publication;
import parley.api.Reading;
import parley.api.Rooms;

/** Publishes what is posted, and shows what is kept. */
@WebServlet(urlPatterns = "/news", asyncSupported = true)
public final class NewsServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    private ChatRoom news() {
        return Rooms.of(getServletContext()).room("news");
    }

    @Override
    protected void doPost(HttpServletRequest request, HttpServletResponse response) {
        Publication message = Publication.text(request.getParameter("text")).from("editor");
        AsyncContext async = request.startAsync();
        news().publish(message).whenComplete((published, failure) -> {
            response.setStatus(failure == null ? HttpServletResponse.SC_CREATED : HttpServletResponse.SC_CONFLICT);
            write(async, failure == null ? "message " + published.seq() : failure.getMessage());
        });
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
        AsyncContext async = request.startAsync();
        news().history(Reading.newest(10)).whenComplete((page, failure) -> {
            StringBuilder text = new StringBuilder();
            page.messages()
                    .forEach(message -> text.append(message.seq())
                            .append(' ')
                            .append(message.payload() instanceof Payload.Text line ? line.text() : "data")
                            .append('\n'));
            write(async, text.toString());
        });
    }

    private static void write(AsyncContext async, String text) {
        try {
            async.getResponse().setContentType("text/plain; charset=utf-8");
            async.getResponse().getWriter().print(text);
        } catch (IOException e) {
            // The client has gone.
        }
        async.complete();
    }
}
