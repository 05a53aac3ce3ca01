package parley.app;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import parley.door.Admission;
import parley.http.Answer;
import parley.http.Exchange;
import parley.http.Router;

/**
 * Says to a plain GET of a WebSocket's address what a handshake there would be answered, since browsers hide that from
 * pages. Any thread.
 */
final class Explanations {
    private final Admission admission;

    Explanations(Admission admission) {
        this.admission = admission;
    }

    /** Adds its routes. */
    void routes(Router.Builder routes) {
        for (String path : List.of("/echo", "/chat", "/chat/*")) {
            routes.on("GET", path, (exchange, values) -> explain(exchange));
        }
    }

    private void explain(Exchange exchange) {
        Admission.Refusal refusal = admission.explain(exchange.request());
        Map<String, String> headers = new HashMap<>(refusal.headers());
        headers.put("Content-Type", "text/plain; charset=utf-8");
        headers.put("Cache-Control", "no-store");
        exchange.answer(Answer.of(refusal.status(), headers, refusal.reason() + "\n"));
    }
}
