package parley.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import parley.servers.Jvm;
import parley.servers.Kind;
import parley.servers.Server;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;

/**
 * One cluster of the same file on three servers: by itself, on Tomcat 11 and on WildFly. These two are unpacked by
 * {@code mvn dependency:unpack@server -Pserver-tomcat-11}, and the same with {@code server-wildfly}; then
 * {@code mvn failsafe:integration-test@mixed failsafe:verify}.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class MixedClusterIT {
    private static final String NAME = "parley";
    private static final int MESSAGES = 100;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    /** Soon gone, and nobody so far behind that messages are left out, however slow the machine is. */
    private static final String[] SETTINGS = {"nats.node-timeout=2s", "room.window=1000", "room.away=0s"};

    @TempDir
    private static Path folder;

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private static NatsServer nats;
    private static ParleyProcess alone;
    private static Server tomcat;
    private static Server wildfly;

    /** Before the first: of a class that is skipped as a whole nobody would read why. */
    @BeforeEach
    void start() throws Exception {
        Path tomcatHome = Tool.unpacked(Kind.TOMCAT_11);
        Path wildflyHome = Tool.unpacked(Kind.WILDFLY);
        if (nats != null) {
            return;
        }
        nats = NatsServer.start(folder);
        tomcat = Kind.TOMCAT_11.at(tomcatHome);
        wildfly = Kind.WILDFLY.at(wildflyHome);
        alone = ParleyProcess.start(
                "--nats", nats.url(), "--set", SETTINGS[0], "--set", SETTINGS[1], "--set", SETTINGS[2]);
        for (Server server : List.of(tomcat, wildfly)) {
            server.start();
            server.settings("nats.url=\"" + nats.url() + "\"", SETTINGS[0], SETTINGS[1], SETTINGS[2]);
            server.deploy(NAME, Path.of(ParleyProcess.war()));
        }
        for (String page : List.of(
                alone.page(),
                tomcat.address(NAME).toString(),
                wildfly.address(NAME).toString())) {
            eventually(page + " is in the cluster").until(() -> status(page + "health/ready") == 200);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        for (Server server : new Server[] {wildfly, tomcat}) {
            if (server != null) {
                server.close();
            }
        }
        if (alone != null) {
            alone.close();
        }
        if (nats != null) {
            nats.close();
        }
    }

    private static ConditionFactory eventually(String what) {
        // A client is for one thread.
        return await(what).pollInSameThread().atMost(PATIENCE);
    }

    private static int status(String address) throws Exception {
        return HTTP.send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    private static String onWildFly(String endpoint) {
        return socket(wildfly, endpoint);
    }

    private static String onTomcat(String endpoint) {
        return socket(tomcat, endpoint);
    }

    private static String socket(Server server, String endpoint) {
        return server.address(NAME).toString().replaceFirst("http", "ws") + endpoint;
    }

    @Test
    @Order(1)
    void whatIsSaidOnAnyOfThemComesOnAllInOneOrderUnderTheSameNumbers() throws Exception {
        try (JsonClient ann = new JsonClient(alone.socket("chat/order?name=Ann"));
                JsonClient tom = new JsonClient(onTomcat("chat/order?name=Tom"));
                JsonClient will = new JsonClient(onWildFly("chat/order?name=Will"));
                Client plain = new Client(onTomcat("chat/order?name=Pat"))) {
            Map<String, JsonClient> members = new LinkedHashMap<>(Map.of("Ann", ann, "Tom", tom, "Will", will));
            String epoch = ann.next("joined").getString("epoch");
            assertThat(tom.next("joined").getString("epoch")).isEqualTo(epoch);
            assertThat(will.next("joined").getString("epoch")).isEqualTo(epoch);
            for (JsonClient member : members.values()) {
                awaitMembers(member, "order", "Ann", "Pat", "Tom", "Will");
            }
            for (int i = 0; i < MESSAGES; i++) {
                for (Map.Entry<String, JsonClient> member : members.entrySet()) {
                    member.getValue()
                            .send(JsonClient.quoted("{'type':'say','room':'order','text':'" + member.getKey() + i
                                    + "','ref':" + i + "}"));
                }
                plain.say("Pat" + i);
            }
            Map<String, List<String>> heard = new LinkedHashMap<>();
            for (Map.Entry<String, JsonClient> member : members.entrySet()) {
                heard.put(member.getKey(), messages(member.getValue(), 4 * MESSAGES));
            }
            List<String> order = heard.get("Ann");
            assertThat(order).doesNotHaveDuplicates();
            assertThat(heard.get("Tom")).isEqualTo(order);
            assertThat(heard.get("Will")).isEqualTo(order);
            for (String name : List.of("Ann", "Pat", "Tom", "Will")) {
                assertThat(order.stream()
                                .map(one -> one.split(" ", 2)[1])
                                .filter(said -> said.startsWith(name + ":"))
                                .toList())
                        .as("what %s said, in the order it was said", name)
                        .isEqualTo(Stream.iterate(0, i -> i + 1)
                                .limit(MESSAGES)
                                .map(i -> name + ": " + name + i)
                                .toList());
            }
            assertThat(plain.next(4 * MESSAGES))
                    .isEqualTo(order.stream().map(one -> one.split(" ", 2)[1]).toList());
            for (Map.Entry<String, JsonClient> member : members.entrySet()) {
                for (int i = 0; i < MESSAGES; i++) {
                    JsonObject ack = member.getValue().next("ack");
                    assertThat(order)
                            .contains(ack.getJsonNumber("seq") + " " + member.getKey() + ": " + member.getKey()
                                    + ack.getInt("ref"));
                }
            }
        }
    }

    @Test
    @Order(2)
    void presenceIsSentOnAllOfThem() throws Exception {
        try (JsonClient ann = new JsonClient(alone.socket("chat/presence?name=Ann"));
                JsonClient tom = new JsonClient(onTomcat("chat/presence?name=Tom"))) {
            try (JsonClient will = new JsonClient(onWildFly("chat/presence?name=Will"))) {
                will.next("joined");
                awaitPresence(ann, "joined", "Will");
                awaitPresence(tom, "joined", "Will");
            }
            awaitPresence(ann, "left", "Will");
            awaitPresence(tom, "left", "Will");
            awaitMembers(ann, "presence", "Ann", "Tom");
        }
    }

    /** In the address, and by a command. */
    @Test
    @Order(3)
    void aClientOfOneGoesOnWhereItWasOnAnother() throws Exception {
        try (JsonClient ann = new JsonClient(alone.socket("chat/moving?name=Ann"))) {
            String epoch;
            long seen;
            try (JsonClient mover = new JsonClient(onWildFly("chat/moving?name=Mo"))) {
                epoch = mover.next("joined").getString("epoch");
                ann.ask("{'type':'say','room':'moving','text':'one'}");
                JsonObject one = mover.next("message");
                assertThat(one.getString("text")).isEqualTo("one");
                seen = number(one);
            }
            ann.ask("{'type':'say','room':'moving','text':'two'}");
            ann.ask("{'type':'say','room':'moving','text':'three'}");
            try (JsonClient mover = new JsonClient(onTomcat("chat/moving?name=Mo&epoch=" + epoch + "&after=" + seen))) {
                JsonObject joined = mover.next("joined");
                assertThat(joined.getString("epoch")).isEqualTo(epoch);
                assertThat(joined.getBoolean("recovered")).isTrue();
                assertThat(mover.next("message").getString("text")).isEqualTo("two");
                JsonObject three = mover.next("message");
                assertThat(three.getString("text")).isEqualTo("three");
                seen = number(three);
            }
            ann.ask("{'type':'say','room':'moving','text':'four'}");
            try (JsonClient mover = new JsonClient(alone.socket("chat/elsewhere?name=Mo"))) {
                JsonObject joined = mover.ask(
                        "{'type':'join','room':'moving','after':{'epoch':'" + epoch + "','seq':" + seen + "}}");
                assertThat(joined.getBoolean("recovered")).as("%s", joined).isTrue();
                assertThat(mover.next("message").getString("text")).isEqualTo("four");
            }
        }
    }

    @Test
    @Order(4)
    void whatIsUndeployedSaysGoodbyeAndLeavesNoThread() throws Exception {
        Jvm jvm = new Jvm(tomcat.process(NAME));
        assertThat(jvm.threads("parley-cluster")).isNotEmpty();
        try (JsonClient ann = new JsonClient(alone.socket("chat/undeployed?name=Ann"));
                JsonClient tom = new JsonClient(onTomcat("chat/undeployed?name=Tom"))) {
            tom.next("joined");
            awaitMembers(ann, "undeployed", "Ann", "Tom");
            tomcat.undeploy(NAME);
            assertThat(tom.closed()).startsWith("1001");
            awaitPresence(ann, "left", "Tom");
            for (String ours : List.of("parley-", "io.nats", "parley.cluster")) {
                eventually("threads with " + ours + " end").until(() -> jvm.threads(ours), Map::isEmpty);
            }
            eventually("its classes go")
                    .until(
                            () -> {
                                haveThreadsServeAnother();
                                return jvm.classes("parley.cluster.ClusterStore");
                            },
                            count -> count == 0);
            tomcat.deploy(NAME, Path.of(ParleyProcess.war()));
            try (JsonClient again = new JsonClient(onTomcat("chat/undeployed?name=Tom"))) {
                again.next("joined");
                awaitMembers(ann, "undeployed", "Ann", "Tom");
            }
        }
    }

    /** Last, since it is not started again. */
    @Test
    @Order(5)
    void whenOneIsKilledItsMembersAreGoneAndTheOthersGoOn() throws Exception {
        try (JsonClient ann = new JsonClient(alone.socket("chat/killed?name=Ann"));
                JsonClient tom = new JsonClient(onTomcat("chat/killed?name=Tom"));
                JsonClient will = new JsonClient(onWildFly("chat/killed?name=Will"))) {
            String epoch = will.next("joined").getString("epoch");
            awaitMembers(ann, "killed", "Ann", "Tom", "Will");
            awaitMembers(tom, "killed", "Ann", "Tom", "Will");
            will.ask("{'type':'say','room':'killed','text':'one'}");
            long seen = number(will.next("message"));
            wildfly.process(NAME).destroyForcibly();
            ann.ask("{'type':'say','room':'killed','text':'two'}");
            tom.ask("{'type':'say','room':'killed','text':'three'}");
            awaitPresence(ann, "left", "Will");
            awaitPresence(tom, "left", "Will");
            awaitMembers(ann, "killed", "Ann", "Tom");
            awaitMembers(tom, "killed", "Ann", "Tom");
            List<String> order = messages(ann, 3);
            assertThat(order.stream().map(one -> one.split(" ", 2)[1]))
                    .containsExactly("Will: one", "Ann: two", "Tom: three");
            assertThat(messages(tom, 3)).isEqualTo(order);
            try (JsonClient again =
                    new JsonClient(onTomcat("chat/killed?name=Will&epoch=" + epoch + "&after=" + seen))) {
                assertThat(again.next("joined").getBoolean("recovered")).isTrue();
                assertThat(messages(again, 2)).isEqualTo(order.subList(1, 3));
                awaitPresence(ann, "joined", "Will");
                awaitMembers(ann, "killed", "Ann", "Tom", "Will");
            }
        }
    }

    /** Many at once, so that each thread of Tomcat lets go of what it served last. */
    private static void haveThreadsServeAnother() {
        HttpRequest request =
                HttpRequest.newBuilder(tomcat.address(NAME).resolve("/")).build();
        Stream.generate(() -> HTTP.sendAsync(request, HttpResponse.BodyHandlers.discarding()))
                .limit(128)
                .toList()
                .forEach(CompletableFuture::join);
    }

    private static long number(JsonObject message) {
        return message.getJsonNumber("seq").longValue();
    }

    /** The next so many messages: number, name and text. */
    private static List<String> messages(JsonClient client, int count) throws InterruptedException {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            JsonObject message = client.nextMessageOrGap();
            assertThat(message.getString("type")).as("%s", message).isEqualTo("message");
            all.add(number(message) + " " + message.getString("from") + ": " + message.getString("text"));
        }
        return all;
    }

    private static void awaitMembers(JsonClient client, String room, String... names) {
        eventually("members of " + room + " are " + List.of(names)).untilAsserted(() -> {
            JsonObject members = client.ask("{'type':'who','room':'" + room + "'}");
            assertThat(members.getJsonArray("names").getValuesAs(JsonString::getString))
                    .containsExactlyInAnyOrder(names);
            assertThat(members.getInt("count")).isEqualTo(names.length);
        });
    }

    /** Waits for the event that tells of that name, whatever others come before it. */
    private static void awaitPresence(JsonClient client, String what, String name) throws InterruptedException {
        JsonObject event;
        do {
            event = client.presence();
        } while (!event.getJsonArray(what).getValuesAs(JsonString::getString).contains(name));
    }
}
