package parley.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;

/** The description of all routes (OpenAPI 3.1), for programs that make clients of it. Any thread. */
final class Description {
    private final Answer answer;

    Description() {
        try (InputStream in = Description.class.getResourceAsStream("/parley/openapi.json")) {
            if (in == null) {
                throw new IllegalStateException("the WAR has no /parley/openapi.json");
            }
            answer = new Answer(
                    200, Map.of("Content-Type", "application/json", "Cache-Control", "no-cache"), in.readAllBytes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Adds its route. */
    void routes(Router.Builder routes) {
        routes.on("GET", "/openapi.json", (exchange, none) -> exchange.answer(answer));
    }
}
