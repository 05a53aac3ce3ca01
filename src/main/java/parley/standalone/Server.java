package parley.standalone;

import jakarta.websocket.DeploymentException;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import org.glassfish.grizzly.http.server.HttpHandlerRegistration;
import org.glassfish.grizzly.http.server.HttpServer;
import org.glassfish.grizzly.http.server.HttpServerFilter;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.glassfish.grizzly.http.server.ServerConfiguration;
import org.glassfish.grizzly.nio.transport.TCPNIOTransport;
import org.glassfish.grizzly.nio.transport.TCPNIOTransportBuilder;
import org.glassfish.grizzly.strategies.SameThreadIOStrategy;
import parley.app.Parley;
import parley.app.Settings;

/**
 * Parley by itself: a Grizzly listener with Tyrus and the page behind it. It takes connections when every endpoint is there.
 *
 * <p>What clients send is handled on the selectors, one a processor, because nothing that Parley does there blocks.
 */
final class Server {
    private static final Logger LOG = System.getLogger("parley.standalone");

    private final Parley parley;
    private final Container container;
    private final HttpServer http;
    private final NetworkListener listener;

    /**
     * Starts it.
     *
     * @param war the WAR that runs, or a folder laid out like one: where the page is
     * @throws IOException when the port cannot be had
     */
    Server(Settings settings, Path war) throws IOException {
        this.parley = new Parley(settings);
        this.container = new Container(settings.context(), settings.session().commandBytes());
        this.listener = new NetworkListener("parley", settings.host(), settings.port());
        this.http = new HttpServer();
        try {
            start(settings, war);
        } catch (IOException | RuntimeException e) {
            stop();
            throw e;
        }
    }

    private void start(Settings settings, Path war) throws IOException {
        try {
            container.start(settings.context(), settings.port());
        } catch (DeploymentException e) {
            throw new IllegalStateException("the endpoints cannot be registered", e);
        }
        listener.setTransport(selectorsOnly());
        listener.getKeepAlive().setIdleTimeoutInSeconds(-1);
        listener.registerAddOn((network, chain) -> chain.add(
                chain.indexOfType(HttpServerFilter.class),
                new DoorFilter(
                        container.getWebSocketEngine(),
                        parley,
                        settings.context(),
                        settings.session().commandBytes())));
        http.addListener(listener);
        ServerConfiguration configuration = http.getServerConfiguration();
        configuration.setJmxEnabled(false);
        configuration.setHttpServerName("Parley");
        configuration.addHttpHandler(
                Pages.read(war, settings.context()),
                HttpHandlerRegistration.builder()
                        .contextPath("")
                        .urlPattern("/*")
                        .build());
        http.start();
    }

    private static TCPNIOTransport selectorsOnly() {
        TCPNIOTransport transport = TCPNIOTransportBuilder.newInstance()
                .setIOStrategy(SameThreadIOStrategy.getInstance())
                .setSelectorRunnersCount(Runtime.getRuntime().availableProcessors())
                .setReuseAddress(true)
                .setTcpNoDelay(true)
                .build();
        transport.setName("parley");
        return transport;
    }

    /** The application. */
    Parley parley() {
        return parley;
    }

    /** The port it listens on. */
    int port() {
        return listener.getPort();
    }

    /** The addresses to open, a line each. */
    List<String> addresses() {
        String context = parley.settings().context();
        String host = parley.settings().host();
        boolean isLocal = host.equals("127.0.0.1") || host.equals("0.0.0.0") || host.equals("localhost");
        String bracketed = host.contains(":") ? "[" + host + "]" : host; // RFC 3986 section 3.2.2
        String shown = (isLocal ? "localhost" : bracketed) + ":" + port() + context;
        // Node before version 20 resolves localhost to ::1 alone.
        String numeric = (isLocal ? "127.0.0.1" : bracketed) + ":" + port() + context;
        return List.of(
                "page   http://" + shown + "/",
                "echo   ws://" + shown + "/echo",
                "chat   ws://" + shown + "/chat   (a room of your own: /chat/{room}?name=you)",
                "try    npx wscat -c \"ws://" + numeric + "/chat/java?name=Ann\"");
    }

    /** Stops: no new connections, every session closed with 1001, then the rest. Returns within flush and grace time, about. */
    void stop() {
        parley.closeDoor();
        try {
            listener.getTransport().unbindAll();
        } catch (RuntimeException e) {
            LOG.log(Level.WARNING, "the listener did not close", e);
        }
        parley.stop();
        http.shutdownNow();
        container.stop();
    }
}
