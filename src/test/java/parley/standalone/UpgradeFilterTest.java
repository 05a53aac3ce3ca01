package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.glassfish.grizzly.http.server.HttpServer;
import org.glassfish.grizzly.http.server.HttpServerFilter;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.glassfish.grizzly.strategies.SameThreadIOStrategy;
import org.glassfish.tyrus.spi.ServerContainer;
import org.glassfish.tyrus.spi.UpgradeResponse;
import org.glassfish.tyrus.spi.WebSocketEngine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import parley.app.Arrival;
import parley.app.Parley;
import parley.app.SettingsSources;
import parley.door.Cause;
import parley.testclient.RawClient;

/** Tyrus's filter and what is around it, with an engine that does not take a handshake. */
class UpgradeFilterTest {
    private final Parley parley = new Parley(new SettingsSources(Map.of(), new Properties()).load());
    private final HttpServer http = new HttpServer();
    private final NetworkListener listener = new NetworkListener("test", "127.0.0.1", 0);
    private final List<LogRecord> warnings = new ArrayList<>();
    private final Handler log = new Handler() {
        @Override
        public void publish(LogRecord record) {
            if (record.getThrown() != null || record.getLoggerName().startsWith("parley")) {
                warnings.add(record);
            }
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
    };

    @BeforeEach
    void listen() {
        Logger.getLogger("").addHandler(log);
    }

    @AfterEach
    void stop() {
        Logger.getLogger("").removeHandler(log);
        http.shutdownNow();
        parley.stop();
    }

    private void start(WebSocketEngine engine) throws Exception {
        start(engine, new UnhandledConnections(10, Duration.ofSeconds(10)));
    }

    private void start(WebSocketEngine engine, UnhandledConnections unhandled) throws Exception {
        ServerContainer container = (ServerContainer) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {ServerContainer.class}, (proxy, method, args) -> engine);
        listener.getTransport().setIOStrategy(SameThreadIOStrategy.getInstance());
        listener.registerAddOn((network, chain) -> chain.addAll(
                chain.indexOfType(HttpServerFilter.class),
                List.of(
                        new HandshakeFilter(parley, "", Compression.none()),
                        new UpgradeFilter(container, parley, "", unhandled))));
        listener.registerAddOn((network, chain) -> chain.add(1, unhandled));
        http.addListener(listener);
        http.start();
    }

    /** Answers every handshake as the function does, and makes no connection. */
    private static WebSocketEngine engine(Answer answer) {
        return (WebSocketEngine) Proxy.newProxyInstance(
                UpgradeFilterTest.class.getClassLoader(),
                new Class<?>[] {WebSocketEngine.class},
                (proxy, method, args) -> answer.to((UpgradeResponse) args[1]));
    }

    private interface Answer {
        WebSocketEngine.UpgradeInfo to(UpgradeResponse response);
    }

    private void isRefusedOnceAndWithoutAStackTrace() throws Exception {
        try (RawClient client = RawClient.handshake(listener.getPort(), "/echo", 0, "")) {
            assertThat(client.status()).isEqualTo(400);
            assertThat(client.body())
                    .startsWith("this handshake cannot be read")
                    .hasLineCount(1);
            client.readToEnd();
        }
        assertThat(parley.admission().refusedCount(Cause.BAD_REQUEST)).isEqualTo(1);
        assertThat(warnings).hasSize(1).allMatch(record -> record.getThrown() == null);
        assertThat(warnings.get(0).getMessage()).contains("with 400: this handshake cannot be read");
    }

    /** The connection was cut without an answer, with 22 lines in the log. */
    @Test
    void aHandshakeThatTyrusThrowsAtIsRefusedWith400() throws Exception {
        start(engine(response -> {
            throw new IllegalArgumentException("odd");
        }));
        isRefusedOnceAndWithoutAStackTrace();
        assertThat(Arrival.current()).isNull();
    }

    /** On a busy machine the first handshakes took longer than they may: answered with 101, and cut right behind it. */
    @Test
    void aClientThatHasAskedIsNotLateWhileTheServerIsSlow() throws Exception {
        UnhandledConnections impatient = new UnhandledConnections(10, Duration.ZERO);
        start(
                engine(response -> {
                    impatient.sweep();
                    throw new IllegalArgumentException("odd");
                }),
                impatient);
        isRefusedOnceAndWithoutAStackTrace();
    }

    /** Tyrus's filter by itself would leave the connection open and mute. */
    @Test
    void aHandshakeThatTyrusDoesNotTakeIsRefusedWith400() throws Exception {
        start(new WatchedEngine(
                engine(response -> {
                    response.setStatus(426);
                    return (WebSocketEngine.UpgradeInfo) Proxy.newProxyInstance(
                            getClass().getClassLoader(),
                            new Class<?>[] {WebSocketEngine.UpgradeInfo.class},
                            (proxy, method, args) -> WebSocketEngine.UpgradeStatus.HANDSHAKE_FAILED);
                }),
                1_000));
        isRefusedOnceAndWithoutAStackTrace();
    }
}
