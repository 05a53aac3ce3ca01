package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import example.OwnEndpoint;
import example.OwnEndpoints;
import example.TakenEndpoint;
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
                .hasValue("text/javascript; charset=utf-8");
        assertThat(get("/" + APP + "/parley/none.js", APP).statusCode()).isEqualTo(404);
        assertThat(get("/" + APP + "/parley/rooms/room/messages", APP).body()).contains("to all");
        assertThat(get("/" + APP + "/parley/health/ready", APP).body()).contains("ready");
        assertThat(get("/" + APP + "/", APP).headers().firstValue("Content-Security-Policy"))
                .isEmpty();
        assertThat(get("/" + APP + "/chat", APP).statusCode()).isEqualTo(404);
        try (JsonClient json = new JsonClient(socket(APP, "/parley/chat/room"))) {
            assertThat(json.next("welcome").getInt("bytes")).isEqualTo(1024); // a parameter of the application's
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
        Path war = new ExampleWar().type(TakenEndpoint.class).in(folder);
        try {
            server.deploy(APP, war);
        } catch (AssertionError e) {
            assertThat(e).hasMessageContaining("deploy"); // most servers do not have the application then
        }
        assertThat(server.log())
                .contains("Parley does not start in this application: it needs the path /parley/chat/{topic}, which"
                        + " the endpoint example.TakenEndpoint has");
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
