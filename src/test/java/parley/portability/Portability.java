package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jboss.arquillian.container.test.api.Deployer;
import org.jboss.arquillian.container.test.api.Deployment;
import org.jboss.arquillian.container.test.api.RunAsClient;
import org.jboss.arquillian.junit5.container.annotation.ArquillianTest;
import org.jboss.arquillian.test.api.ArquillianResource;
import org.jboss.shrinkwrap.api.ShrinkWrap;
import org.jboss.shrinkwrap.api.spec.WebArchive;
import org.junit.jupiter.api.extension.ExtendWith;
import parley.servers.Difference;
import parley.servers.Jvm;
import parley.servers.Kind;
import parley.servers.Server;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/**
 * What must hold on every server, for the WAR as it was built. Arquillian starts and stops the server and deploys; all
 * else goes over the network, or looks at the server's process. One run tests one server, the system property {@code
 * parley.server}.
 */
@ArquillianTest
@RunAsClient
@ExtendWith(LogOfFailure.class)
abstract class Portability {
    /** Of what there is one in each application that runs. */
    static final List<String> APPLICATION =
            List.of("parley.app.Parley", "parley.session.Sessions", "parley.room.RoomRegistry");

    static final String PARLEY = "parley";
    static final String SHORT_LIVED = "short-lived";

    /** The default of {@code limits.message-bytes}. */
    static final int LIMIT = 64 * 1024;

    /** Without the upgrade to HTTP/2 that no browser asks for either: Open Liberty hangs at it. */
    static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();

    @ArquillianResource
    Server server;

    @ArquillianResource
    Deployer deployer;

    @Deployment(name = PARLEY, testable = false)
    public static WebArchive parley() {
        return ShrinkWrap.create(WebArchive.class, PARLEY + ".war");
    }

    /** A second one, for the tests that undeploy. */
    @Deployment(name = SHORT_LIVED, managed = false, testable = false)
    public static WebArchive shortLived() {
        return ShrinkWrap.create(WebArchive.class, SHORT_LIVED + ".war");
    }

    /** Whether the server that is tested differs so from the others. */
    static boolean differs(Difference difference) {
        return Kind.tested().has(difference);
    }

    int port() {
        return server.address(PARLEY).getPort();
    }

    HttpResponse<String> get(String path) throws Exception {
        return get(path, PARLEY);
    }

    HttpResponse<String> get(String path, String deployment) throws Exception {
        URI base = server.address(deployment);
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://" + base.getAuthority() + path))
                .timeout(Duration.ofSeconds(20))
                .build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }

    String socket(String deployment, String path) {
        return "ws://" + server.address(deployment).getAuthority() + "/" + deployment + path;
    }

    Client open(String path) {
        return new Client(socket(PARLEY, path));
    }

    JsonClient openJson(String path) {
        return new JsonClient(socket(PARLEY, path));
    }

    RawClient raw(String path) throws IOException {
        return RawClient.open(port(), "/parley" + path);
    }

    RawClient handshake(String path, String... headers) throws IOException {
        String lines = headers.length == 0 ? "" : String.join("\r\n", headers) + "\r\n";
        return RawClient.handshake(port(), "/parley" + path, 0, lines);
    }

    /** Many at once, so that each thread of the server lets go of what it served last. */
    void haveThreadsServeAnother() throws Exception {
        ExecutorService clients = Executors.newFixedThreadPool(32);
        try {
            Callable<Integer> ask = () -> get("/parley/health/live").statusCode();
            for (Future<Integer> answer : clients.invokeAll(Collections.nCopies(128, ask))) {
                assertThat(answer.get()).isEqualTo(200);
            }
        } finally {
            clients.shutdownNow();
        }
    }

    /** The threads of Parley that were not there before. */
    static Map<String, String> without(Set<String> before, Jvm jvm) {
        Map<String, String> threads = jvm.threads("parley-");
        threads.keySet().removeAll(before);
        return threads;
    }
}
