package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import example.DiaryListener;
import example.DiaryServlet;
import example.InjectedServlet;
import example.LoginAdmitter;
import example.LoginServlet;
import example.NewsApplication;
import example.NewsResource;
import example.NewsServlet;
import example.OwnEndpoint;
import example.OwnEndpoints;
import example.RecordServlet;
import example.TakenEndpoint;
import example.WordGuard;
import jakarta.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.api.Admitter;
import parley.api.MessageGuard;
import parley.api.RoomListener;
import parley.servers.Difference;
import parley.servers.Jvm;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;
import parley.testclient.RawClient;
import parley.testclient.Token;

/** Parley as a library, in applications that have something of their own. */
@Tag("library")
class EmbeddedIT extends Portability {
    private static final AtomicInteger NUMBER = new AtomicInteger();

    /** Each test has its own: Jetty goes on with what it has unpacked of an earlier WAR of that name. */
    private final String app = "embedded-" + NUMBER.incrementAndGet();

    private final String other = app + "-too";

    /** Of this test alone: a POST is not repeated when the server closes an idle connection at that moment. */
    private final HttpClient posting =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @TempDir
    Path folder;

    @AfterEach
    void undeploy() throws Exception {
        for (String name : new String[] {app, other}) {
            if (server.has(name)) {
                server.undeploy(name);
            }
        }
    }

    private void deploy(ExampleWar war) throws Exception {
        server.deploy(app, war.in(folder));
    }

    private void assertThatRoomsAreAt(String prefix) throws Exception {
        try (Client plain = new Client(socket(app, prefix + "/chat/room"));
                JsonClient json = new JsonClient(socket(app, prefix + "/chat/room"));
                Client lobby = new Client(socket(app, prefix + "/chat"));
                Client echo = new Client(socket(app, prefix + "/echo"))) {
            json.next("joined");
            assertThat(plain.say("to all").next()).isEqualTo("to all");
            assertThat(json.next("message").getString("text")).isEqualTo("to all");
            assertThat(lobby.say("in the lobby").next()).isEqualTo("in the lobby");
            assertThat(echo.say("back").next()).isEqualTo("back");
        }
    }

    private void assertThatTheOwnEndpointIsThere() throws Exception {
        try (Client own = new Client(socket(app, "/own"))) {
            assertThat(own.say("message").next()).isEqualTo("own message");
        }
    }

    @Test
    void roomsPagesAndRoutesAreBelowThePrefixAndTheApplicationKeepsItsOwn() throws Exception {
        deploy(new ExampleWar().type(OwnEndpoint.class).parameter("parley.limits.message-bytes", "1KiB"));

        assertThatRoomsAreAt("/parley");
        assertThatTheOwnEndpointIsThere();

        HttpResponse<String> page = get("/" + app + "/parley/", app);
        assertThat(page.body()).contains("<title>Parley</title>");
        assertThat(page.headers().firstValue("Content-Security-Policy")).isPresent();
        assertThat(get("/" + app + "/parley", app).body()).contains("<title>Parley</title>");
        assertThat(get("/" + app + "/parley/parley.js", app).headers().firstValue("Content-Type"))
                .hasValueSatisfying(type -> assertThat(type).startsWith("text/javascript"));
        assertThat(get("/" + app + "/parley/none.js", app).statusCode()).isEqualTo(404);
        assertThat(get("/" + app + "/parley/rooms/room/messages", app).body()).contains("to all");
        assertThat(get("/" + app + "/parley/health/ready", app).body()).contains("ready");
        assertThat(get("/" + app + "/", app).headers().firstValue("Content-Security-Policy"))
                .isEmpty();
        assertThat(get("/" + app + "/chat", app).statusCode()).isEqualTo(404);
        try (JsonClient json = new JsonClient(socket(app, "/parley/chat/room"))) {
            assertThat(json.next("welcome").getJsonObject("limits").getInt("bytes"))
                    .isEqualTo(1024); // a parameter of the application's
        }
    }

    @Test
    void theDoorRefusesPagesOfOtherHosts() throws Exception {
        deploy(new ExampleWar());
        int port = server.address(app).getPort();
        try (RawClient client = RawClient.handshake(
                port, "/" + app + "/parley/chat/room", 0, "Origin: https://elsewhere.example\r\n")) {
            assertThat(client.status()).isEqualTo(403);
        }
    }

    @Test
    void thePrefixIsTheApplicationsToChoose() throws Exception {
        deploy(new ExampleWar().type(TakenEndpoint.class).parameter("parley.prefix", "/live/rooms"));
        assertThatRoomsAreAt("/live/rooms");
        assertThat(get("/" + app + "/live/rooms/", app).body()).contains("<title>Parley</title>");
        try (Client own = new Client(socket(app, "/parley/chat/tea"))) {
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
                app,
                new ExampleWar().type(TakenEndpoint.class).in(folder),
                "Parley does not start in this application: it needs the path /parley/chat/{topic}, which the endpoint"
                        + " example.TakenEndpoint has");
        assertThat(server.has(app)).isFalse();
    }

    @Test
    void theApplicationPublishesReadsAndListens() throws Exception {
        deploy(new ExampleWar().type(NewsServlet.class).type(RecordServlet.class));
        try (JsonClient client = new JsonClient(socket(app, "/parley/chat/news?name=reader"))) {
            client.next("joined");
            assertThat(post("/news", "text=first").body()).isEqualTo("message 1");
            assertThat(client.next("message").getString("from")).isEqualTo("editor");
            client.send(JsonClient.quoted("{'type':'say','room':'news','text':'answer'}"));
            assertThat(client.next("message").getString("text")).isEqualTo("answer");
        }
        assertThat(get("/" + app + "/news", app).body()).isEqualTo("1 first\n2 answer\n");
        await().untilAsserted(
                        () -> assertThat(get("/" + app + "/record", app).body()).isEqualTo("editor 1\nreader 2"));
        String tooLong = "x".repeat(LIMIT + 1);
        HttpResponse<String> refused = post("/news", "text=" + tooLong);
        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body()).contains("limits.message-bytes");
    }

    @Test
    @Tag("cdi")
    void whereThereIsInjectionTheRoomsAreInjected() throws Exception {
        deploy(new ExampleWar().type(InjectedServlet.class).beans());
        assertThat(post("/injected", "text=first").body()).isEqualTo("message 1");
    }

    @Test
    @Tag("jaxrs")
    void aResourcePublishesAndReads() throws Exception {
        deploy(new ExampleWar()
                .type(NewsApplication.class)
                .type(NewsResource.class)
                .beans());
        try (JsonClient client = new JsonClient(socket(app, "/parley/chat/news?name=reader"))) {
            client.next("joined");
            HttpResponse<String> created = post("/api/news", "text/plain", "first");
            assertThat(created.statusCode()).isEqualTo(201);
            assertThat(created.body()).isEqualTo("message 1");
            JsonObject message = client.next("message");
            assertThat(message.getString("from")).isEqualTo("editor");
            assertThat(message.getString("text")).isEqualTo("first");
        }
        assertThat(get("/" + app + "/api/news", app).body()).isEqualTo("1 first");
        HttpResponse<String> refused = post("/api/news", "text/plain", "x".repeat(LIMIT + 1));
        assertThat(refused.statusCode()).isEqualTo(409);
        assertThat(refused.body()).contains("limits.message-bytes");
    }

    @Test
    void theApplicationsLoginSaysWhoMayEnter() throws Exception {
        deploy(new ExampleWar().type(LoginServlet.class).service(Admitter.class, LoginAdmitter.class));
        assertThat(refusal("/chat/tea", "")).startsWith("403 ").contains("log in first");
        assertThat(refusal("/chat/tea", cookie("trouble"))).startsWith("503 ");
        try (RawClient ann = RawClient.handshake(port(), "/" + app + "/parley/chat/tea", 0, cookie("ann"));
                JsonClient guest = new JsonClient(socket(app, "/parley/chat/news"))) {
            assertThat(ann.status()).isEqualTo(101);
            assertThat(guest.next("welcome").getString("name")).isEqualTo("guest");
            guest.next("joined");
            guest.send(JsonClient.quoted("{'type':'say','room':'news','text':'a','ref':'r'}"));
            assertThat(guest.next("error").getString("code")).isEqualTo("forbidden");
            await().untilAsserted(() -> assertThat(
                            get("/" + app + "/parley/metrics", app).body())
                    .contains("parley_handshakes_refused_total{cause=\"application-refuses\"} 1.0")
                    .contains("parley_handshakes_refused_total{cause=\"application-fails\"} 1.0"));
        }
        assertThat(get("/" + app + "/parley/rooms/tea/messages", app).statusCode())
                .isEqualTo(403);
    }

    @Test
    @Tag("cdi")
    void anAdmitterThatIsABeanSaysWhoMayEnter() throws Exception {
        deploy(new ExampleWar()
                .type(LoginAdmitter.class)
                .file(
                        "WEB-INF/beans.xml",
                        "<beans xmlns=\"https://jakarta.ee/xml/ns/jakartaee\" version=\"3.0\""
                                + " bean-discovery-mode=\"all\"/>"));
        assertThat(refusal("/chat/tea", "")).startsWith("403 ").contains("log in first");
    }

    private String cookie(String user) throws Exception {
        String session = post("/login", "user=" + user)
                .headers()
                .firstValue("Set-Cookie")
                .orElseThrow();
        return "Cookie: " + session.split(";")[0] + "\r\n";
    }

    private String refusal(String path, String headers) throws Exception {
        try (RawClient client = RawClient.handshake(port(), "/" + app + "/parley" + path, 0, headers)) {
            return client.status() + " " + client.body();
        }
    }

    @Test
    void theApplicationsGuardLooksAtMessagesAndItsListenerHears() throws Exception {
        deploy(new ExampleWar()
                .type(DiaryServlet.class)
                .service(MessageGuard.class, WordGuard.class)
                .service(RoomListener.class, DiaryListener.class));
        try (JsonClient ann = new JsonClient(socket(app, "/parley/chat/tea?name=ann"))) {
            ann.next("joined");
            for (String text : List.of("darn", "spam", "slow", "last")) {
                ann.send(JsonClient.quoted("{'type':'say','room':'tea','text':'" + text + "','ref':'" + text + "'}"));
            }
            assertThat(ann.next("message").getString("text")).isEqualTo("****");
            assertThat(ann.next("message").getString("text")).isEqualTo("last");
            assertThat(ann.next("ack").getString("ref")).isEqualTo("darn");
            JsonObject spam = ann.next("error");
            assertThat(spam.getString("reason")).isEqualTo("no advertising here");
            assertThat(spam.getString("ref")).isEqualTo("spam");
            assertThat(ann.next("error").getString("ref")).isEqualTo("slow");
            assertThat(ann.next("ack").getString("ref")).isEqualTo("last");
        }
        await().untilAsserted(() -> assertThat(get("/" + app + "/diary", app).body())
                .isEqualTo("ann joins tea\nann says ****\nann says last\nann leaves tea\ntea is empty"));
        assertThat(get("/" + app + "/parley/metrics", app).body())
                .contains("parley_guards_checks_total{result=\"late\"} 1.0")
                .contains("parley_guards_checks_total{result=\"changed\"} 1.0");
    }

    private HttpResponse<String> post(String path, String form) throws Exception {
        return post(path, "application/x-www-form-urlencoded", form);
    }

    private HttpResponse<String> post(String path, String type, String body) throws Exception {
        URI address = server.address(app).resolve("/" + app + path);
        HttpRequest request = HttpRequest.newBuilder(address)
                .timeout(Duration.ofSeconds(20))
                .header("Content-Type", type)
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
        return posting.send(request, HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void anApplicationMayHaveOtherVersionsOfOurLibraries() throws Exception {
        deploy(new ExampleWar()
                .otherVersions("config-", "jose4j-", "micrometer-", "prometheus-", "slf4j-api-", "parsson-")
                .parameter("parley.access.mode", "token")
                .parameter("parley.access.secret", Token.SECRET));
        assertThat(refusal("/chat/tea", "")).startsWith("401 ").contains("a token is needed");
        String token = Token.token(Token.claims("Ann", "tea"));
        try (JsonClient ann = new JsonClient(socket(app, "/parley/chat/tea?token=" + token))) {
            assertThat(ann.next("welcome").getString("name")).isEqualTo("Ann");
            ann.send(JsonClient.quoted("{'type':'say','room':'tea','text':'in'}"));
            assertThat(ann.next("message").getString("text")).isEqualTo("in");
        }
        assertThat(get("/" + app + "/parley/metrics", app).body())
                .contains("parley_handshakes_refused_total{cause=")
                .contains("parley_turn_seconds_bucket{le=")
                .contains("jvm_memory_used_bytes{area=");
    }

    @Test
    void anApplicationWithADataFolderKeepsItsRooms() throws Exception {
        assertThatRoomsAreKept(new ExampleWar().storage());
    }

    /** SQLite's native code is in our library; that version brings its own, at the same place. */
    @Test
    void anApplicationMayHaveAnotherVersionOfSqlite() throws Exception {
        assertThatRoomsAreKept(new ExampleWar().otherVersions("sqlite-jdbc-"));
    }

    /** An application may talk to NATS itself. */
    @Test
    void anApplicationMayHaveAnotherVersionOfTheNatsLibrary() throws Exception {
        try (NatsServer nats = NatsServer.start(Files.createDirectory(folder.resolve("nats")))) {
            deploy(new ExampleWar().otherVersions("jnats-").parameter("parley.nats.url", nats.url()));
            Path ours = new ExampleWar()
                    .clustering()
                    .parameter("parley.nats.url", nats.url())
                    .in(folder);
            server.deploy(other, ours);
            try (JsonClient ann = new JsonClient(socket(app, "/parley/chat/tea?name=Ann"));
                    JsonClient ben = new JsonClient(socket(other, "/parley/chat/tea?name=Ben"))) {
                ann.next("joined");
                ben.next("joined");
                ann.send(JsonClient.quoted("{'type':'say','room':'tea','text':'from the other version'}"));
                assertThat(ben.next("message").getString("text")).isEqualTo("from the other version");
                ann.next("message");
                ben.send(JsonClient.quoted("{'type':'say','room':'tea','text':'from ours'}"));
                assertThat(ann.next("message").getString("text")).isEqualTo("from ours");
                ann.send(JsonClient.quoted("{'type':'history','room':'tea'}"));
                assertThat(ann.next("history").getJsonArray("messages")).hasSize(2);
            }
            undeploy(); // while NATS is there
        }
    }

    private void assertThatRoomsAreKept(ExampleWar war) throws Exception {
        war.parameter("parley.data.folder", folder.resolve("data").toString());
        deploy(war);
        try (JsonClient ann = new JsonClient(socket(app, "/parley/chat/tea"))) {
            ann.send(JsonClient.quoted("{'type':'say','room':'tea','text':'kept','ref':'r'}"));
            assertThat(ann.next("ack").getString("ref")).isEqualTo("r");
        }
        server.undeploy(app);
        server.deploy(other, war.in(folder));
        assertThat(get("/" + other + "/parley/rooms/tea/messages", other).body())
                .contains("kept");
    }

    @Test
    void twoApplicationsDoNotMeet() throws Exception {
        Path war = new ExampleWar().in(folder);
        server.deploy(app, war);
        server.deploy(other, war);
        try (Client here = new Client(socket(app, "/parley/chat/room"));
                Client there = new Client(socket(other, "/parley/chat/room"));
                Client alone = open("/chat/room")) {
            assertThat(here.say("here").next()).isEqualTo("here");
            assertThat(there.say("there").next()).isEqualTo("there");
            assertThat(alone.say("alone").next()).isEqualTo("alone");
        }
    }

    @Test
    void whatWasUndeployedIsGoneAndCanBeDeployedAgain() throws Exception {
        haveThreadsServeAnother(); // WildFly's keep the class loader that they were started for
        Jvm jvm = new Jvm(server.process(PARLEY));
        Set<String> before = jvm.threads("parley-").keySet();
        int applications = jvm.instances(APPLICATION);
        int classes = jvm.classes("parley.app.Parley");
        for (int i = 0; i < 3; i++) {
            server.deploy(app, new ExampleWar().type(OwnEndpoint.class).in(folder));
            try (Client client = new Client(socket(app, "/parley/chat/room"));
                    JsonClient json = new JsonClient(socket(app, "/parley/chat/room"))) {
                json.next("joined");
                assertThat(client.say("in").next()).isEqualTo("in");
                server.undeploy(app);
                assertThat(client.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
                assertThat(json.next("bye")).isNotNull();
            }
            await("the threads end").atMost(Duration.ofSeconds(20)).until(() -> without(before, jvm), Map::isEmpty);
        }
        await("rooms and sessions go")
                .atMost(Duration.ofSeconds(20))
                .until(() -> jvm.instances(APPLICATION), count -> count == applications);
        // Open Liberty's log remembers a line of the server's own about each application with CDI, and with it the
        // class loader, softly: until the memory is needed.
        if (differs(Difference.KEEPS_CLASSES) || differs(Difference.KEEPS_THE_LAST)) {
            return;
        }
        await("the class loaders go")
                .atMost(Duration.ofSeconds(30))
                .until(
                        () -> {
                            haveThreadsServeAnother();
                            return jvm.classes("parley.app.Parley");
                        },
                        count -> count <= classes);
    }
}
