package parley.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicLong;
import org.glassfish.grizzly.Grizzly;
import org.glassfish.grizzly.http.server.HttpHandler;
import org.glassfish.grizzly.http.server.HttpServer;
import org.glassfish.grizzly.http.server.Request;
import org.glassfish.grizzly.http.server.Response;

/** Grizzly as it comes, and a handler that reads what was posted, answers as Parley does, and keeps nothing. */
public final class GrizzlyServer {
    private GrizzlyServer() {}

    private static final class Posted extends HttpHandler {
        private final AtomicLong count = new AtomicLong();

        @Override
        public void service(Request request, Response response) throws IOException {
            request.getInputStream().readAllBytes();
            String kept = "{\"room\":\"java\",\"epoch\":\"k3f9a0c2\",\"seq\":" + count.incrementAndGet() + ",\"at\":\""
                    + Instant.now() + "\"}";
            byte[] bytes = kept.getBytes(StandardCharsets.UTF_8);
            response.setStatus(201);
            response.setContentType("application/json");
            response.setContentLength(bytes.length);
            response.getOutputStream().write(bytes);
        }
    }

    /** Runs until it is killed. */
    public static void main(String[] args) throws IOException, InterruptedException {
        HttpServer server = HttpServer.createSimpleServer(null, "127.0.0.1", Integer.parseInt(args[0]));
        server.getServerConfiguration().addHttpHandler(new Posted(), "/rooms");
        server.start();
        System.out.println(
                "ready Grizzly " + Grizzly.getDotedVersion() + ", Java " + System.getProperty("java.version"));
        Thread.currentThread().join();
    }
}
