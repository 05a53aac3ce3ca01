package parley.standalone;

import jakarta.websocket.DeploymentException;
import java.io.IOException;
import java.lang.System.Logger;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.glassfish.grizzly.http.server.HttpHandlerRegistration;
import org.glassfish.grizzly.http.server.HttpServer;
import org.glassfish.grizzly.http.server.HttpServerFilter;
import org.glassfish.grizzly.http.server.NetworkListener;
import org.glassfish.grizzly.http.server.ServerConfiguration;
import org.glassfish.grizzly.nio.transport.TCPNIOTransport;
import org.glassfish.grizzly.nio.transport.TCPNIOTransportBuilder;
import org.glassfish.grizzly.ssl.SSLEngineConfigurator;
import org.glassfish.grizzly.utils.IdleTimeoutFilter;
import org.jspecify.annotations.Nullable;
import parley.access.Tokens;
import parley.app.AccessMode;
import parley.app.Parley;
import parley.app.Settings;
import parley.app.SettingsException;
import parley.http.Router;

/**
 * Parley by itself: a Grizzly listener with Tyrus and the page behind it. It takes connections when every endpoint is
 * there.
 *
 * <p>What clients send is handled on the selectors, one a processor, because nothing that Parley does there blocks.
 */
final class Server {
    private static final Logger LOG = System.getLogger("parley.standalone");
    private static final int IDLE_SECONDS = 30;
    /** A token, and what else browsers and proxies send. */
    private static final int LONGEST_HEADERS = 2 * Tokens.LONGEST;

    /** They end within milliseconds; the process ends in any case. */
    private static final Duration SELECTORS_END = Duration.ofSeconds(5);

    private final Parley parley;
    private final Container container;
    private final HttpServer http;
    private final NetworkListener listener;
    /** Null without TLS. */
    private final @Nullable Certificates certificates;

    private final UnhandledConnections unhandled;
    private final Compression compression;

    /**
     * Starts it.
     *
     * @param war the WAR that runs, or a folder laid out like one: where the page is
     * @throws IOException when the port cannot be had
     */
    Server(Settings asked, Path war) throws IOException {
        Settings settings = OpenFiles.ofProcess().fit(asked);
        if (settings.access() == AccessMode.PRINCIPAL) {
            throw new SettingsException("Setting 'access.mode' cannot be 'principal' when Parley runs by itself: only a"
                    + " server authenticates. Allowed are anonymous and token.");
        }
        this.certificates = Certificates.of(settings);
        this.unhandled = unhandled(settings);
        this.parley = new Parley(settings);
        this.compression = parley.deflation().map(Compression::with).orElseGet(Compression::none);
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
        forRequests(listener);
        if (certificates != null) {
            encrypt(certificates, settings.tlsProtocols());
        }
        listener.registerAddOn((network, chain) -> chain.addAll(
                chain.indexOfType(HttpServerFilter.class),
                List.of(
                        new HandshakeFilter(parley, settings.context(), compression),
                        new UpgradeFilter(container, parley, settings.context(), unhandled))));
        Map<Integer, Site> others = new HashMap<>();
        if (settings.statusPort() != 0) {
            NetworkListener status = new NetworkListener("status", settings.statusHost(), settings.statusPort());
            status.setTransport(selectorsOnly(1));
            status.getKeepAlive().setIdleTimeoutInSeconds(IDLE_SECONDS);
            others.put(
                    settings.statusPort(),
                    add(status, List.of(parley.statusRoutes()), unhandled(settings), "/status.html"));
        }
        if (settings.httpPort() != 0) {
            NetworkListener backends = new NetworkListener("http", settings.httpHost(), settings.httpPort());
            forRequests(backends);
            others.put(settings.httpPort(), add(backends, List.of(parley.routes()), unhandled(settings), ""));
        }
        List<Router> routers = new ArrayList<>(List.of(parley.explanations()));
        if (settings.statusPort() == 0) {
            routers.add(parley.statusRoutes());
        }
        if (settings.httpPort() == 0) {
            routers.add(parley.routes());
        }
        Site main = add(listener, routers, unhandled, "/index.html");
        ServerConfiguration configuration = http.getServerConfiguration();
        configuration.setJmxEnabled(false);
        configuration.setHttpServerName("Parley");
        configuration.addHttpHandler(
                Pages.read(war, settings.context(), parley, main, others),
                HttpHandlerRegistration.builder()
                        .contextPath("")
                        .urlPattern("/*")
                        .build());
        http.start();
    }

    private static UnhandledConnections unhandled(Settings settings) {
        return new UnhandledConnections(settings.handshaking(), settings.handshakeTimeout());
    }

    /** Connections of a listener may stay, and their answers go on. */
    private void forRequests(NetworkListener where) {
        where.setTransport(selectorsOnly(Runtime.getRuntime().availableProcessors()));
        where.getKeepAlive().setIdleTimeoutInSeconds(-1);
        where.setMaxHttpHeaderSize(LONGEST_HEADERS);
        // It would keep what has left HTTP for ever, 5 KB each, and look at every connection each second.
        where.registerAddOn((network, chain) -> chain.remove(chain.indexOfType(IdleTimeoutFilter.class)));
        where.registerAddOn((network, chain) -> chain.set(
                chain.indexOfType(org.glassfish.grizzly.http.HttpServerFilter.class), new RequestCodec(network)));
    }

    /** Has a listener ready to start, which ends what comes in and asks for nothing. */
    private Site add(NetworkListener where, List<Router> routers, UnhandledConnections those, String home) {
        where.registerAddOn((network, chain) -> chain.add(1, those)); // behind what reads and writes
        where.registerAddOn((network, chain) ->
                chain.add(chain.indexOfType(org.glassfish.grizzly.http.HttpServerFilter.class), new RequestBytes()));
        parley.atEachSweep(those::sweep);
        http.addListener(where);
        return new Site(routers, those, home);
    }

    private void encrypt(Certificates with, List<String> protocols) {
        SSLEngineConfigurator configurator = new SSLEngineConfigurator(with.context(), false, false, false);
        configurator.setEnabledProtocols(protocols.toArray(new String[0]));
        listener.setSecure(true);
        listener.setSSLEngineConfig(configurator);
        parley.atEachSweep(with::sweep);
    }

    private TCPNIOTransport selectorsOnly(int selectors) {
        AcceptingStrategy strategy = new AcceptingStrategy(parley::acceptFailed);
        parley.atEachSweep(strategy::resume);
        TCPNIOTransport transport = TCPNIOTransportBuilder.newInstance()
                .setIOStrategy(strategy)
                .setSelectorRunnersCount(selectors)
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
        String s = certificates == null ? "" : "s";
        return List.of(
                "page   http" + s + "://" + shown + "/",
                "state  " + state(s, shown),
                "echo   ws" + s + "://" + shown + "/echo",
                "chat   ws" + s + "://" + shown + "/chat   (a room of your own: " + context + "/chat/{room}?name=you)",
                "try    npx wscat -c \"ws" + s + "://" + numeric + "/chat/java?name=Ann\"");
    }

    private String state(String s, String shown) {
        int port = parley.settings().statusPort();
        String host = parley.settings().statusHost();
        return port == 0
                ? "http" + s + "://" + shown + "/status.html"
                : "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port
                        + parley.settings().context() + "/";
    }

    /**
     * Stops: every session closed with 1001, then the rest. Returns within notice, flush, drain and grace time, about.
     */
    void stop() {
        parley.stop(); // meanwhile handshakes get 503, and probes hear that it is not ready
        List<ExecutorService> selectors = new ArrayList<>();
        for (NetworkListener each : http.getListeners()) {
            ExecutorService threads = each.getTransport().getKernelThreadPool();
            if (threads != null) { // as it is when the start has failed
                selectors.add(threads);
            }
        }
        http.shutdownNow();
        selectors.forEach(Server::await);
        container.stop();
        compression.close();
    }

    /**
     * Grizzly's stop returns before its selectors let go of the port: who connected meanwhile was reset, not refused.
     */
    private static void await(ExecutorService selectors) {
        try {
            selectors.awaitTermination(SELECTORS_END.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
