package parley.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.delivery.Transport;
import parley.door.Request;

class RouterTest {
    /** An exchange whose answers are written down. */
    private static final class FakeExchange implements Exchange {
        private final String method;
        private final String path;
        private final List<Answer> answers = new ArrayList<>();

        FakeExchange(String method, String path) {
            this.method = method;
            this.path = path;
        }

        @Override
        public String method() {
            return method;
        }

        @Override
        public Request request() {
            return new Request(path, null, name -> null, null, null);
        }

        @Override
        public void body(int limit, Consumer<Body> onBody) {
            onBody.accept(new Body.Whole(new byte[0]));
        }

        @Override
        public void whenGone(Runnable onGone) {}

        @Override
        public void answer(Answer answer) {
            answers.add(answer);
        }

        @Override
        public Transport stream(Map<String, String> headers, Consumer<Throwable> onGone) {
            throw new UnsupportedOperationException();
        }

        Answer answer() {
            assertThat(answers).hasSize(1);
            return answers.get(0);
        }

        String body() {
            return new String(answer().body(), StandardCharsets.UTF_8);
        }
    }

    private final List<String> counted = new ArrayList<>();
    private final Router router = new Router.Builder()
            .on("GET", "/rooms/{room}/messages", (exchange, values) -> exchange.answer(text("page " + values)))
            .on("POST", "/rooms/{room}/messages", (exchange, values) -> exchange.answer(text("kept " + values)))
            .on("GET", "/rooms", (exchange, values) -> exchange.answer(text("rooms")))
            .on("GET", "/chat/*", (exchange, values) -> exchange.answer(text("below")))
            .on("GET", "/fails", (exchange, values) -> {
                throw new IllegalStateException("a fault");
            })
            .on(
                    "POST",
                    "/fails",
                    (exchange, values) -> exchange.body(1, body -> {
                        throw new IllegalStateException("a fault");
                    }))
            .on("GET", "/twice", (exchange, values) -> {
                exchange.answer(text("once"));
                exchange.answer(text("twice"));
            })
            .headers((request, allow) -> Map.of("Vary", "Origin"))
            .observer((method, route, status) -> counted.add(method + " " + route + " " + status))
            .build();

    private static Answer text(String text) {
        return Answer.of(200, Map.of("Content-Type", "text/plain"), text);
    }

    private FakeExchange ask(String method, String path) {
        FakeExchange exchange = new FakeExchange(method, path);
        assertThat(router.handle(exchange)).isEqualTo(router.has(path));
        return exchange;
    }

    @Test
    void methodAndPathLeadToAHandler() {
        assertThat(ask("GET", "/rooms/java/messages").body()).isEqualTo("page [java]");
        assertThat(ask("POST", "/rooms/a%20b/messages").body()).isEqualTo("kept [a%20b]");
        assertThat(ask("HEAD", "/rooms").body()).isEqualTo("rooms");
        assertThat(ask("GET", "/chat/").body()).isEqualTo("below");
        assertThat(ask("GET", "/chat/a/b").body()).isEqualTo("below");
        assertThat(ask("GET", "/rooms").answer().headers())
                .containsEntry("Vary", "Origin")
                .containsEntry("Content-Type", "text/plain");
        assertThat(counted)
                .startsWith("GET /rooms/{room}/messages 200", "POST /rooms/{room}/messages 200", "HEAD /rooms 200");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "/", "/rooms/", "/rooms/java", "/rooms/java/messages/", "/Rooms", "/chat", "//rooms"})
    void otherPathsAreLeftToTheEdge(String path) {
        assertThat(ask("GET", path).answers).isEmpty();
        assertThat(counted).isEmpty();
    }

    @Test
    void otherMethodsAre405AndOptionsTellsWhichThereAre() {
        Answer put = ask("PUT", "/rooms/java/messages").answer();
        assertThat(put.status()).isEqualTo(405);
        assertThat(put.headers()).containsEntry("Allow", "GET, HEAD, OPTIONS, POST");
        Answer options = ask("OPTIONS", "/rooms").answer();
        assertThat(options.status()).isEqualTo(204);
        assertThat(options.headers()).containsEntry("Allow", "GET, HEAD, OPTIONS");
        ask("INVENTED-" + System.nanoTime(), "/rooms");
        assertThat(counted)
                .as("metrics do not grow with what clients make up")
                .containsExactly("other /rooms/{room}/messages 405", "OPTIONS /rooms 204", "other /rooms 405");
    }

    @Test
    void aHandlerThatFailsIsAnsweredWith500() {
        assertThat(ask("GET", "/fails").answer().status()).isEqualTo(500);
        assertThat(ask("POST", "/fails").answer().status()).isEqualTo(500);
    }

    @Test
    void aRequestIsAnsweredOnce() {
        assertThat(ask("GET", "/twice").body()).isEqualTo("once");
        assertThat(counted).containsExactly("GET /twice 200");
        RoutedExchange exchange =
                new RoutedExchange(new FakeExchange("GET", "/"), Map.of(), status -> counted.add("" + status));
        exchange.answer(text("once"));
        assertThatThrownBy(() -> exchange.answer(text("twice"))).isInstanceOf(IllegalStateException.class);
    }
}
