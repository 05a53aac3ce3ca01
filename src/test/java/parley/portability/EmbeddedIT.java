package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import example.InjectedServlet;
import example.NewsServlet;
import example.OwnEndpoint;
import example.OwnEndpoints;
import example.RecordServlet;
import example.TakenEndpoint;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.client.Client;
import parley.client.JsonClient;
import parley.client.RawClient;
import parley.servers.Difference;
import parley.servers.Jvm;
import parley.servers.Kind;

/** Parley as a library, in applications that have something of their own. */
class EmbeddedIT extends Portability {
    private static final String APP = "embedded";
    private static final String OTHER = "embedded-too";

    @TempDir
    Path folder;

    @AfterEach
    void undeploy() throws Exception {
        for (String name : new String[] {APP, OTHER}) {
            if (server.has(name)) {
                server.undeploy(name);
            }
        }
    }

    private void deploy(ExampleWar war) throws Exception {
        server.deploy(APP, war.in(folder));
    }

    private void assertThatRoomsAreAt(String prefix) throws Exception {
        try (Client plain = new Client(socket(APP, prefix + "/chat/room"));
                JsonClient json = new JsonClient(socket(APP, prefix + "/chat/room"));
                Client lobby = new Client(socket(APP, prefix + "/chat"));
                Client echo = new Client(socket(APP, prefix + "/echo"))) {
            json.next("joined");
            assertThat(plain.say("to all").next()).isEqualTo("to all");
            assertThat(json.next("message").getString("text")).isEqualTo("to all");
            assertThat(lobby.say("in the lobby").next()).isEqualTo("in the lobby");
            assertThat(echo.say("back").next()).isEqualTo("back");
        }
    }

    private void assertThatTheOwnEndpointIsThere() throws Exception {
        try (Client own = new Client(socket(APP, "/own"))) {
            assertThat(own.say("message").next()).isEqualTo("own message");
        }
    }

    @Test
    void roomsPagesAndRoutesAreBelowThePrefixAndTheApplicationKeepsItsOwn() throws Exception {
        deploy(new ExampleWar().type(OwnEndpoint.class).parameter("parley.limits.message-bytes", "1KiB"));

        assertThatRoomsAreAt("/parley");
        assertThatTheOwnEndpointIsThere();

        HttpResponse<String> page = get("/" + APP + "/parley/", APP);
        assertThat(page.body()).contains("<title>Parley</title>");
        assertThat(page.headers().firstValue("Content-Security-Policy")).isPresent();
        assertThat(get("/" + APP + "/parley", APP).body()).contains("<title>Parley</title>");
        assertThat(get("/" + APP + "/parley/parley.js", APP).headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/javascript"));
        assertThat(get("/" + APP + "/parley/none.js", APP).statusCode()).isEqualTo(404);
        assertThat(get("/" + APP + "/parley/rooms/room/messages", APP).body()).contains("to all");
        assertThat(get("/" + APP + "/parley/health/ready", APP).body()).contains("ready");
        assertThat(get("/" + APP + "/", APP).headers().firstValue("Content-Security-Policy"))
                .isEmpty();
        assertThat(get("/" + APP + "/chat", APP).statusCode()).isEqualTo(404);
        try (JsonClient json = new JsonClient(socket(APP, "/parley/chat/room"))) {
            assertThat(json.next("welcome").getJsonObject("limits").getInt("bytes"))
                    .isEqualTo(1024); // a parameter of the application's
        }
    }

    @Test
    void theDoorRefusesPagesOfOtherHosts() throws Exception {
        deploy(new ExampleWar());
        int port = server.address(APP).getPort();
        try (RawClient client = RawClient.handshake(
                port, "/" + APP + "/parley/chat/room", 0, "Origin: https://elsewhere.example\r\n")) {
            assertThat(client.status()).isEqualTo(403);
        }
    }

    @Test
    void thePrefixIsTheApplicationsToChoose() throws Exception {
        deploy(new ExampleWar().type(TakenEndpoint.class).parameter("parley.prefix", "/live/rooms"));
        assertThatRoomsAreAt("/live/rooms");
        assertThat(get("/" + APP + "/live/rooms/", APP).body()).contains("<title>Parley</title>");
        try (Client own = new Client(socket(APP, "/parley/chat/tea"))) {
            assertThat(own.say("time").next()).isEqualTo("tea: time");
        }
    }

    @Test
    void anApplicationWhoseDescriptorIsCompleteHasRooms() throws Exception {
        deploy(new ExampleWar().metadataComplete());
        assertThatRoomsAreAt("/parley");
    }

    @Test
    void anOrderingThatNamesTheLibraryHasRooms() throws Exception {
        deploy(new ExampleWar().descriptor("<absolute-ordering><name>parley</name></absolute-ordering>"));
        assertThatRoomsAreAt("/parley");
    }

    @Test
    void anOrderingThatLeavesTheLibraryOutHasRoomsWithTheListenerInTheDescriptor() throws Exception {
        deploy(new ExampleWar()
                .descriptor("<absolute-ordering/>")
                .descriptor("<listener><listener-class>parley.web.ParleyListener</listener-class></listener>"));
        assertThatRoomsAreAt("/parley");
    }

    @Test
    void theApplicationMaySayWhichEndpointsOfItsOwnThereAre() throws Exception {
        deploy(new ExampleWar().type(OwnEndpoint.class).type(OwnEndpoints.class));
        assertThatRoomsAreAt("/parley");
        assertThatTheOwnEndpointIsThere();
    }

    @Test
    void aPathThatIsTakenIsReported() throws Exception {
        server.refuse(
                APP,
                new ExampleWar().type(TakenEndpoint.class).in(folder),
                "Parley does not start in this application: it needs the path /parley/chat/{topic}, which the endpoint"
                        + " example.TakenEndpoint has");
        assertThat(server.has(APP)).isFalse();
    }

    @Test
    void theApplicationPublishesReadsAndListens() throws Exception {
        deploy(new ExampleWar().type(NewsServlet.class).type(RecordServlet.class));
        try (JsonClient client = new JsonClient(socket(APP, "/parley/chat/news?name=reader"))) {
            client.next("joined");
            assertThat(post("/news", "text=first").body()).isEqualTo("message 1");
            assertThat(client.next("message").getString("from")).isEqualTo("editor");
            client.send(JsonClient.quoted("{'type':'say','room':'news','text':'answer'}"));
            assertThat(client.next("message").getString("text")).isEqualTo("answer");
        }
        assertThat(get("/" + APP + "/news", APP).body()).isEqualTo("1 first\n2 answer\n");
        await().untilAsserted(
                        () -> assertThat(get("/" + APP + "/record", APP).body()).isEqualTo("editor 1\nreader 2"));
        String tooLong = "x".repeat(LIMIT + 1);
        HttpResponse<String> refused = post("/news", "text=" + tooLong);
        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body()).contains("limits.message-bytes");
    }

    @Test
    void whereThereIsInjectionTheRoomsAreInjected() throws Exception {
        assumeFalse(
                Set.of(Kind.TOMCAT_10_1, Kind.TOMCAT_11, Kind.JETTY_12).contains(Kind.tested()),
                "this server has no CDI");
        deploy(new ExampleWar()
                .type(InjectedServlet.class)
                .file("WEB-INF/beans.xml", "<beans xmlns=\"https://jakarta.ee/xml/ns/jakartaee\" version=\"3.0\"/>"));
        assertThat(post("/injected", "text=first").body()).isEqualTo("message 1");
    }

    private HttpResponse<String> post(String path, String form) throws Exception {
        URI address = server.address(APP).resolve("/" + APP + path);
        HttpRequest request = HttpRequest.newBuilder(address)
                .timeout(Duration.ofSeconds(20))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form))
                .build();
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void twoApplicationsDoNotMeet() throws Exception {
        Path war = new ExampleWar().in(folder);
        server.deploy(APP, war);
        server.deploy(OTHER, war);
        try (Client here = new Client(socket(APP, "/parley/chat/room"));
                Client there = new Client(socket(OTHER, "/parley/chat/room"));
                Client alone = open("/chat/room")) {
            assertThat(here.say("here").next()).isEqualTo("here");
            assertThat(there.say("there").next()).isEqualTo("there");
            assertThat(alone.say("alone").next()).isEqualTo("alone");
        }
    }

    @Test
    void whatWasUndeployedIsGoneAndCanBeDeployedAgain() throws Exception {
        Jvm jvm = new Jvm(server.process(PARLEY));
        Set<String> before = jvm.threads("parley-").keySet();
        int classes = jvm.classes("parley.app.Parley");
        for (int i = 0; i < 3; i++) {
            server.deploy(APP, new ExampleWar().type(OwnEndpoint.class).in(folder));
            try (Client client = new Client(socket(APP, "/parley/chat/room"));
                    JsonClient json = new JsonClient(socket(APP, "/parley/chat/room"))) {
                json.next("joined");
                assertThat(client.say("in").next()).isEqualTo("in");
                server.undeploy(APP);
                assertThat(client.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
                assertThat(json.next("bye")).isNotNull();
            }
            await("the threads end").atMost(Duration.ofSeconds(20)).until(() -> without(before, jvm), Map::isEmpty);
        }
        if (differs(Difference.KEEPS_CLASSES)) {
            return;
        }
        int mayStay = differs(Difference.KEEPS_THE_LAST) ? 1 : 0;
        await("the class loaders go")
                .atMost(Duration.ofSeconds(30))
                .until(
                        () -> {
                            haveThreadsServeAnother();
                            return jvm.classes("parley.app.Parley");
                        },
                        count -> count <= classes + mayStay);
    }
}
