package example;

import jakarta.websocket.OnMessage;
import jakarta.websocket.server.PathParam;
import jakarta.websocket.server.ServerEndpoint;

/** An endpoint where those of Parley are to be. */
@ServerEndpoint("/parley/chat/{topic}")
public final class TakenEndpoint {
    @OnMessage
    public String answer(String message, @PathParam("topic") String topic) {
        return topic + ": " + message;
    }
}
