package example;

import jakarta.servlet.annotation.WebServlet;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Flow;
import parley.api.Position;
import parley.api.RoomEvent;
import parley.api.Rooms;

/** Listens to a room from its start, one message at a time. */
@WebServlet(urlPatterns = "/record", loadOnStartup = 1)
public final class RecordServlet extends HttpServlet {
    private static final long serialVersionUID = 1L;

    private final transient List<String> record = new CopyOnWriteArrayList<>();

    @Override
    public void init() {
        Rooms.of(getServletContext()).room("news").subscribe(Position.now(), new Listener());
    }

    private final class Listener implements Flow.Subscriber<RoomEvent> {
        private Flow.Subscription subscription;

        @Override
        public void onSubscribe(Flow.Subscription to) {
            subscription = to;
            to.request(1);
        }

        @Override
        public void onNext(RoomEvent event) {
            if (event instanceof RoomEvent.Said said) {
                record.add(said.from() + " " + said.seq());
            }
            subscription.request(1);
        }

        @Override
        public void onError(Throwable cause) {
            log("the room cannot be recorded any more", cause);
        }

        @Override
        public void onComplete() {
            log("the application stops");
        }
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) throws IOException {
        response.setContentType("text/plain; charset=utf-8");
        response.getWriter().print(String.join("\n", record));
    }
}
