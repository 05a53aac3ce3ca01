package parley.http;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import parley.delivery.Transport;
import parley.door.Request;

/**
 * An exchange on a route: its answer carries some headers more, and is counted. A handler that fails is answered with
 * 500. As the exchange below, any thread.
 */
final class RoutedExchange implements Exchange {
    private static final Logger LOG = System.getLogger("parley.http");

    private final Exchange exchange;
    private final Map<String, String> headers;
    private final IntConsumer onStatus;
    private final AtomicBoolean isAnswered = new AtomicBoolean();

    RoutedExchange(Exchange exchange, Map<String, String> headers, IntConsumer onStatus) {
        this.exchange = exchange;
        this.headers = headers;
        this.onStatus = onStatus;
    }

    /** Runs what handles the exchange, or a part of that. */
    void attempt(Runnable work) {
        try {
            work.run();
        } catch (RuntimeException | Error e) {
            LOG.log(Level.ERROR, "a request for " + request().path() + " cannot be answered", e);
            if (!isAnswered.get()) {
                answer(Problem.of(500, "fault", "the server failed at this request; its log says why"));
            }
        }
    }

    @Override
    public String method() {
        return exchange.method();
    }

    @Override
    public Request request() {
        return exchange.request();
    }

    @Override
    public void body(int limit, Consumer<Body> onBody) {
        exchange.body(limit, body -> attempt(() -> onBody.accept(body)));
    }

    @Override
    public void whenGone(Runnable onGone) {
        exchange.whenGone(onGone);
    }

    @Override
    public void answer(Answer answer) {
        begin(answer.status());
        exchange.answer(new Answer(answer.status(), joined(answer.headers()), answer.body()));
    }

    @Override
    public Transport stream(Map<String, String> its, Consumer<Throwable> onGone) {
        begin(200);
        return exchange.stream(joined(its), onGone);
    }

    private void begin(int status) {
        if (!isAnswered.compareAndSet(false, true)) {
            throw new IllegalStateException("a request is answered once");
        }
        onStatus.accept(status);
    }

    private Map<String, String> joined(Map<String, String> its) {
        Map<String, String> all = new HashMap<>(headers);
        all.putAll(its);
        return all;
    }
}
