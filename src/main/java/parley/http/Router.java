package parley.http;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import parley.door.Request;
import parley.protocol.HttpJson;

/**
 * The routes of an edge: method and path lead to a handler. Paths that no route has are left to the edge, which has the
 * page. Immutable; any thread.
 */
public final class Router {
    /** Answers requests of one route. Must not block. */
    @FunctionalInterface
    public interface Handler {
        /**
         * Answers one, now or later.
         *
         * @param values what stands in the path in place of each parameter, in their order, not decoded
         */
        void handle(Exchange exchange, List<String> values);
    }

    /** Hears of every answer. Any thread. */
    @FunctionalInterface
    public interface Observer {
        /** A request of that route was answered with that status. */
        void answered(String method, String route, int status);
    }

    /** One path, with a handler for each method. */
    private static final class Route {
        private final String pattern;
        private final String[] parts;
        private final Map<String, Handler> handlers = new LinkedHashMap<>();

        Route(String pattern) {
            this.pattern = pattern;
            this.parts = pattern.split("/", -1);
        }

        /** What stands in the path for each parameter; empty when the path is another one. */
        Optional<List<String>> values(String path) {
            String[] asked = path.split("/", -1);
            boolean isOpen = parts[parts.length - 1].equals("*");
            if (isOpen ? asked.length < parts.length : asked.length != parts.length) {
                return Optional.empty();
            }
            List<String> values = new ArrayList<>();
            for (int i = 0; i < parts.length && !parts[i].equals("*"); i++) {
                if (parts[i].startsWith("{")) {
                    values.add(asked[i]);
                } else if (!parts[i].equals(asked[i])) {
                    return Optional.empty();
                }
            }
            return Optional.of(values);
        }

        /** The methods that are answered, for {@code Allow} (RFC 9110 section 10.2.1). */
        String allow() {
            TreeSet<String> methods = new TreeSet<>(handlers.keySet());
            methods.add("OPTIONS");
            if (methods.contains("GET")) {
                methods.add("HEAD");
            }
            return String.join(", ", methods);
        }
    }

    private record Found(Route route, List<String> values) {}

    private final List<Route> routes;
    private final BiFunction<Request, String, Map<String, String>> headers;
    private final Observer observer;

    private Router(Builder builder) {
        this.routes = List.copyOf(builder.routes.values());
        this.headers = builder.headers;
        this.observer = builder.observer;
    }

    /** Puts routes together. For one thread. */
    public static final class Builder {
        private final Map<String, Route> routes = new LinkedHashMap<>();
        private BiFunction<Request, String, Map<String, String>> headers = (request, allow) -> Map.of();
        private Observer observer = (method, route, status) -> {};

        /**
         * Adds a route.
         *
         * @param pattern a path in which {@code {word}} stands for one part, and {@code *} at the end for everything
         *     below
         */
        public Builder on(String method, String pattern, Handler handler) {
            routes.computeIfAbsent(pattern, Route::new).handlers.put(method, handler);
            return this;
        }

        /** Adds the routes of a part of the application. */
        public Builder with(Consumer<Builder> part) {
            part.accept(this);
            return this;
        }

        /** Has each answer carry these headers too; called with the request and the methods that its path takes. */
        public Builder headers(BiFunction<Request, String, Map<String, String>> more) {
            this.headers = more;
            return this;
        }

        /** Has each answer told to that. */
        public Builder observer(Observer hears) {
            this.observer = hears;
            return this;
        }

        /** The router. */
        public Router build() {
            return new Router(this);
        }
    }

    /** Whether there is a route with that path, whatever the method. */
    public boolean has(String path) {
        return find(path).isPresent();
    }

    /** The patterns of all routes, each with its methods. */
    public Map<String, List<String>> routes() {
        Map<String, List<String>> all = new LinkedHashMap<>();
        routes.forEach(route -> all.put(route.pattern, List.copyOf(route.handlers.keySet())));
        return all;
    }

    private Optional<Found> find(String path) {
        for (Route route : routes) {
            Optional<List<String>> values = route.values(path);
            if (values.isPresent()) {
                return Optional.of(new Found(route, values.get()));
            }
        }
        return Optional.empty();
    }

    /** Answers a request, now or later; false, and nothing is done, when no route has its path. */
    public boolean handle(Exchange exchange) {
        Optional<Found> found = find(exchange.request().path());
        found.ifPresent(there -> handle(exchange, there.route, there.values));
        return found.isPresent();
    }

    private void handle(Exchange asked, Route route, List<String> values) {
        String method = asked.method();
        String allow = route.allow();
        boolean isKnown = route.handlers.containsKey(method) || method.equals("HEAD") || method.equals("OPTIONS");
        RoutedExchange exchange = new RoutedExchange(
                asked,
                headers.apply(asked.request(), allow),
                // Clients make up methods, and metrics must not grow with them.
                status -> observer.answered(isKnown ? method : "other", route.pattern, status));
        Handler handler = route.handlers.get(method.equals("HEAD") ? "GET" : method);
        if (handler != null) {
            exchange.attempt(() -> handler.handle(exchange, values));
        } else if (method.equals("OPTIONS")) {
            exchange.answer(new Answer(204, Map.of("Allow", allow), new byte[0]));
        } else {
            String detail = "the method of a request to " + route.pattern + " is one of " + allow;
            exchange.answer(
                    Problem.of(405, HttpJson.problem(405, "method-not-allowed", detail), Map.of("Allow", allow)));
        }
    }
}
