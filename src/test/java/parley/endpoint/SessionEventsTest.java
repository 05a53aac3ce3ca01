package parley.endpoint;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.websocket.CloseReason;
import jakarta.websocket.Session;
import jakarta.websocket.server.ServerEndpointConfig;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.app.Arrival;
import parley.app.Parley;
import parley.app.SettingsSources;
import parley.door.Request;
import parley.session.Ending;

/** What endpoints hand on, with a session that writes down how it is closed. */
class SessionEventsTest {
    private final Parley parley = new Parley(new SettingsSources(Map.of(), new Properties())
            .set("shutdown.grace", "0s")
            .load());
    private final List<String> closes = new ArrayList<>();
    private final Session session = (Session) Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {Session.class},
            (proxy, method, arguments) -> switch (method.getName()) {
                case "close" ->
                    closes.add(((CloseReason) arguments[0]).getCloseCode().getCode() + " "
                            + ((CloseReason) arguments[0]).getReasonPhrase());
                case "getUserProperties" -> new HashMap<>();
                case "getAsyncRemote" -> quiet(method.getReturnType());
                case "getNegotiatedSubprotocol" -> "";
                default -> none(method);
            });
    private final ServerEndpointConfig config =
            ServerEndpointConfig.Builder.create(EchoEndpoint.class, "/echo").build();
    private final SessionEvents events = new SessionEvents();

    private static Object quiet(Class<?> type) {
        return Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> none(method));
    }

    private static Object none(Method method) {
        Class<?> type = method.getReturnType();
        return type == int.class ? (Object) 0 : type == long.class ? 0L : type == boolean.class ? false : null;
    }

    @AfterEach
    void stop() {
        Arrival.forget();
        parley.stop();
    }

    private void handshake(String path) {
        Map<String, String> headers = new HashMap<>(Map.of("Host", "localhost"));
        parley.arrive(new Request(path, null, headers::get, null, null), null).note();
        new Handshake().modifyHandshake(config, null, null);
    }

    @Test
    void anOpenThatFailsClosesWith1011AndWithoutWordsOfTheException() {
        events.open(session, config, "/echo");
        assertThat(closes).containsExactly("1011 internal error");
        events.text("what comes all the same is heard of by nobody", true);
        events.closed(new CloseReason(CloseReason.CloseCodes.UNEXPECTED_CONDITION, "internal error"));
    }

    @Test
    void aHandshakeThatComesToAnotherPathThanItAskedForIsNotOpened() {
        handshake("/chat/java");
        events.open(session, config, "/chat/other");
        assertThat(closes).containsExactly("1011 internal error");
        assertThat(parley.sessions().openCount()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 1002, 1007, 1009, 1011, 3000})
    void aCodeWithoutAReasonIsTheClients(int code) {
        handshake("/echo");
        events.open(session, config, "/echo");
        events.closed(new CloseReason(CloseReason.CloseCodes.getCloseCode(code), ""));
        assertThat(parley.sessions().endedCount(Ending.LEFT)).isEqualTo(1);
    }

    @Test
    void aContainerThatFindsFaultSaysWhy() {
        handshake("/echo");
        events.open(session, config, "/echo");
        events.closed(new CloseReason(CloseReason.CloseCodes.PROTOCOL_ERROR, "a frame with reserved bits"));
        assertThat(parley.sessions().endedCount(Ending.MALFORMED)).isEqualTo(1);
    }
}
