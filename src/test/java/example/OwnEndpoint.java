package example;

import jakarta.websocket.OnMessage;
import jakarta.websocket.server.ServerEndpoint;

/** An endpoint of the application's own, beside those of Parley. */
@ServerEndpoint("/own")
public final class OwnEndpoint {
    @OnMessage
    public String answer(String message) {
        return "own " + message;
    }
}
