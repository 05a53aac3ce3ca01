package example;

import jakarta.enterprise.context.RequestScoped;
import jakarta.inject.Inject;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import parley.api.ChatRoom;
import parley.api.Payload;
import parley.api.Publication;
import parley.api.Reading;
import parley.api.RoomEvent;
import parley.api.Rooms;

/** Publishes what is posted, and shows what is kept. No thread waits for the room. */
@Path("/news")
@RequestScoped
@Produces(MediaType.TEXT_PLAIN)
public class NewsResource {
    @Inject
    private Rooms rooms;

    private ChatRoom news() {
        return rooms.room("news");
    }

    @POST
    @Consumes(MediaType.TEXT_PLAIN)
    public CompletionStage<Response> publish(String text) {
        return news().publish(Publication.text(text).from("editor"))
                .handle((published, failure) -> failure == null
                        ? answer(Response.Status.CREATED, "message " + published.seq())
                        : answer(Response.Status.CONFLICT, failure.getMessage()));
    }

    private static Response answer(Response.Status status, String text) {
        return Response.status(status).entity(text).build();
    }

    @GET
    public CompletionStage<String> newest() {
        return news().history(Reading.newest(10))
                .thenApply(
                        page -> page.messages().stream().map(NewsResource::line).collect(Collectors.joining("\n")));
    }

    private static String line(RoomEvent.Said message) {
        return message.seq() + " " + (message.payload() instanceof Payload.Text line ? line.text() : "data");
    }
}
