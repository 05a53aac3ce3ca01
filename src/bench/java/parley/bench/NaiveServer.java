package parley.bench;

import jakarta.websocket.DeploymentException;
import jakarta.websocket.OnClose;
import jakarta.websocket.OnMessage;
import jakarta.websocket.OnOpen;
import jakarta.websocket.Session;
import jakarta.websocket.server.PathParam;
import jakarta.websocket.server.ServerEndpoint;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.glassfish.tyrus.server.Server;

/**
 * What a tutorial would have one write: Tyrus on Grizzly as it comes, and a loop over the sessions for each message.
 */
public final class NaiveServer {
    private NaiveServer() {}

    /** A room. */
    @ServerEndpoint("/chat/{room}")
    public static final class Chat {
        private static final Map<String, Set<Session>> ROOMS = new ConcurrentHashMap<>();

        @OnOpen
        public void open(Session session, @PathParam("room") String room) {
            ROOMS.computeIfAbsent(room, name -> ConcurrentHashMap.newKeySet()).add(session);
        }

        @OnMessage
        public void message(String text, @PathParam("room") String room) {
            for (Session member : ROOMS.getOrDefault(room, Set.of())) {
                member.getAsyncRemote().sendText(text);
            }
        }

        @OnClose
        public void close(Session session, @PathParam("room") String room) {
            ROOMS.getOrDefault(room, Set.of()).remove(session);
        }
    }

    /** An echo. */
    @ServerEndpoint("/echo")
    public static final class Echo {
        @OnMessage
        public void message(Session session, String text) {
            session.getAsyncRemote().sendText(text);
        }
    }

    /** Runs until it is killed. */
    public static void main(String[] args) throws DeploymentException, InterruptedException {
        Server server = new Server("127.0.0.1", Integer.parseInt(args[0]), "/", Map.of(), Chat.class, Echo.class);
        server.start();
        String jar = Server.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath(); // its manifest names no version
        System.out.println("ready " + Path.of(jar).getFileName() + ", Java " + System.getProperty("java.version"));
        Thread.currentThread().join();
    }
}
