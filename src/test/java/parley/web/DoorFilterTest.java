package parley.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import parley.app.Arrival;
import parley.app.Deployment;
import parley.app.Parley;
import parley.app.SettingsSources;
import parley.door.Cause;

/** The filter with a container behind it that does what a test says. */
class DoorFilterTest {
    private static final Map<String, List<String>> HANDSHAKE = Map.of(
            "host", List.of("127.0.0.1:8080"),
            "upgrade", List.of("h2c, websocket"),
            "connection", List.of("keep-alive", "Upgrade"),
            "sec-websocket-version", List.of("13, 8"),
            "sec-websocket-key", List.of("dGhlIHNhbXBsZSBub25jZQ=="));

    private final Parley parley = new Parley(new SettingsSources(Map.of(), new Properties()).load());
    private final DoorFilter filter = new DoorFilter();

    private final List<LogRecord> lines = new ArrayList<>();
    private final Handler log = new Handler() {
        @Override
        public void publish(LogRecord record) {
            if (record.getLoggerName().startsWith("parley")) {
                lines.add(record);
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    /** What an answer was set to. */
    private boolean isCommitted;

    private int status = 200;
    private final Map<String, String> headers = new HashMap<>();
    private final StringWriter body = new StringWriter();

    @BeforeEach
    void begin() {
        Deployment.set(parley);
        Logger.getLogger("").addHandler(log);
    }

    @AfterEach
    void end() {
        Logger.getLogger("").removeHandler(log);
        Deployment.clear(parley);
        parley.stop();
    }

    private static HttpServletRequest request() {
        return (HttpServletRequest) Proxy.newProxyInstance(
                DoorFilterTest.class.getClassLoader(),
                new Class<?>[] {HttpServletRequest.class},
                (proxy, method, args) -> switch (method.getName()) {
                    case "getMethod" -> "GET";
                    case "getProtocol" -> "HTTP/1.1";
                    case "getContextPath" -> "/parley";
                    case "getRequestURI" -> "/parley/echo";
                    case "getRemoteAddr" -> "203.0.113.7";
                    case "getRemotePort" -> 1234;
                    case "getContentLengthLong" -> -1L;
                    case "getHeaders" -> Collections.enumeration(lines(args));
                    case "getHeader" -> lines(args).stream().findFirst().orElse(null);
                    case "getQueryString", "getUserPrincipal" -> null;
                    default -> throw new AssertionError(method);
                });
    }

    private static List<String> lines(Object[] args) {
        return HANDSHAKE.getOrDefault(((String) args[0]).toLowerCase(Locale.ROOT), List.of());
    }

    private HttpServletResponse response() {
        return (HttpServletResponse) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {HttpServletResponse.class}, (proxy, method, args) -> {
                    switch (method.getName()) {
                        case "isCommitted" -> {
                            return isCommitted;
                        }
                        case "getWriter" -> {
                            return new PrintWriter(body, true);
                        }
                        case "reset" -> {
                            status = 200;
                            headers.clear();
                        }
                        case "setStatus" -> status = (int) args[0];
                        case "setHeader" -> headers.put((String) args[0], (String) args[1]);
                        case "setContentType" -> headers.put("Content-Type", (String) args[0]);
                        default -> throw new AssertionError(method);
                    }
                    return null;
                });
    }

    private void ask(FilterChain container) throws IOException, ServletException {
        filter.doFilter(request(), response(), container);
    }

    private long refused() {
        return parley.admission().refusedCount(Cause.BAD_REQUEST);
    }

    /** What servers throw at extensions that they cannot read, and at keys and protocols. */
    static Stream<Throwable> thrown() {
        return Stream.of(
                new IllegalArgumentException("odd"),
                new NullPointerException("odd"),
                new ServletException("odd", new IllegalStateException("odd")));
    }

    /** The client had a 500 and a page of the server's, and the log 22 lines for each. */
    @ParameterizedTest
    @MethodSource("thrown")
    void aHandshakeThatTheContainerThrowsAtIsRefusedWith400(Throwable odd) throws Exception {
        ask((request, response) -> {
            ((HttpServletResponse) response)
                    .setHeader("Sec-WebSocket-Accept", "of a handshake that did not come to be");
            if (odd instanceof ServletException of) {
                throw of;
            }
            throw (RuntimeException) odd;
        });
        assertThat(status).isEqualTo(400);
        assertThat(headers)
                .containsEntry("Sec-WebSocket-Version", "13")
                .containsEntry("Content-Type", "text/plain; charset=utf-8")
                .doesNotContainKey("Sec-WebSocket-Accept");
        assertThat(body.toString())
                .startsWith("this handshake cannot be read")
                .hasLineCount(1)
                .doesNotContain("odd");
        assertThat(refused()).isEqualTo(1);
        assertThat(lines).hasSize(1).allMatch(line -> line.getThrown() == null);
        assertThat(lines.get(0).getMessage()).contains("with 400: this handshake cannot be read");
        assertThat(Arrival.current()).as("the thread serves others").isNull();
    }

    @Test
    void anAnswerThatIsOnItsWayIsLeftAsItIs() throws Exception {
        ask((request, response) -> {
            isCommitted = true;
            throw new IllegalStateException("odd");
        });
        assertThat(status).isEqualTo(200);
        assertThat(body.toString()).isEmpty();
        assertThat(refused()).isEqualTo(1);
    }

    /** The line is gone, and nothing is wrong with the handshake. */
    @Test
    void aConnectionThatFailsIsTheContainersToDealWith() {
        assertThatThrownBy(() -> ask((request, response) -> {
                    throw new IOException("reset");
                }))
                .isInstanceOf(IOException.class);
        assertThat(refused()).isZero();
        assertThat(Arrival.current()).isNull();
    }

    /** Several servers read one line of a header, and take a list for one value. */
    @Test
    void theContainerSeesOneLineOfEachHeaderThatItReads() throws Exception {
        List<String> seen = new ArrayList<>();
        ask((request, response) -> {
            HttpServletRequest single = (HttpServletRequest) request;
            for (String name : List.of("Upgrade", "Connection", "Sec-WebSocket-Version")) {
                seen.addAll(Collections.list(single.getHeaders(name)));
            }
            assertThat(Arrival.current()).as("for the endpoint's configurator").isNotNull();
        });
        assertThat(seen).containsExactly("websocket", "Upgrade", "13");
        assertThat(refused()).isZero();
    }
}
