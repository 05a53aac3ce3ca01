package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;

/** Users in rooms of a cluster: two nodes with a real NATS. */
class MembersClusterTest extends ServerBase {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private NatsServer nats;
    private Server other;

    @BeforeEach
    void startNodes() throws Exception {
        nats = NatsServer.start(folder);
        startNode();
        other = server;
        startNode();
    }

    private void startNode() throws Exception {
        start("nats.url=" + nats.url(), "access.mode=token", "access.secret=" + SECRET, "room.away=5s");
    }

    @AfterEach
    void stopNats() throws Exception {
        server.stop(); // before what it stores in
        other.stop();
        nats.close();
    }

    private static JsonClient client(Server node, String user, String name) throws Exception {
        JwtClaims claims = claims(name, "java");
        claims.setSubject(user);
        return new JsonClient("ws://127.0.0.1:" + node.port() + "/chat/java?token=" + token(claims));
    }

    private static void awaitMembers(JsonClient client, String members) {
        await().atMost(PATIENCE).untilAsserted(() -> {
            JsonObject who = client.ask("{'type':'who','room':'java'}");
            assertThat(who.getJsonArray("members").stream()
                            .map(Object::toString)
                            .sorted()
                            .toList())
                    .hasToString(JsonClient.quoted(members));
        });
    }

    /** How often presence said that a name came, and that it went. */
    private static List<Long> joinsAndLeaves(JsonClient client, String name) {
        return Stream.of("joined", "left")
                .map(field -> client.presenceSoFar().stream()
                        .filter(event -> event.containsKey(field))
                        .flatMap(event -> event.getJsonArray(field).getValuesAs(JsonString::getString).stream())
                        .filter(name::equals)
                        .count())
                .toList();
    }

    @Test
    void threeTabsOfAUserOnTwoNodesAreOneMemberThatComesAndGoesOnce() throws Exception {
        try (JsonClient bob = client(server, "u-2", "Bob");
                JsonClient cay = client(other, "u-3", "Cay")) {
            String both = "{'user':'u-2','name':'Bob','connections':1}, {'user':'u-3','name':'Cay','connections':1}";
            List<JsonClient> watching = List.of(bob, cay);
            watching.forEach(one -> awaitMembers(one, "[" + both + "]"));
            List<JsonClient> tabs = new ArrayList<>();
            for (Server node : List.of(server, other, server)) {
                tabs.add(client(node, "u-1", "Ann"));
                String ann = "{'user':'u-1','name':'Ann','connections':" + tabs.size() + "}, ";
                watching.forEach(one -> awaitMembers(one, "[" + ann + both + "]"));
            }
            tabs.get(1).ask("{'type':'say','room':'java','text':'hi'}");
            for (JsonClient one : watching) {
                assertThat(one.next("message").getString("user")).isEqualTo("u-1");
            }
            for (int at : new int[] {1, 0, 0}) {
                tabs.remove(at).close();
                String ann = "{'user':'u-1','name':'Ann','connections':" + tabs.size() + "}, ";
                watching.forEach(one -> awaitMembers(one, tabs.isEmpty() ? "[" + both + "]" : "[" + ann + both + "]"));
            }
            for (JsonClient one : watching) {
                while (joinsAndLeaves(one, "Ann").get(1) == 0) {
                    one.ask("{'type':'ping'}"); // until what is told has been read
                }
                assertThat(joinsAndLeaves(one, "Ann")).containsExactly(1L, 1L);
            }
        }
    }

    @Test
    void aStateIsShownOnAllNodesUntilItsConnectionGoes() throws Exception {
        try (JsonClient bob = client(server, "u-2", "Bob");
                JsonClient tab = client(other, "u-1", "Ann");
                JsonClient ann = client(other, "u-1", "Ann")) {
            tab.ask("{'type':'state','room':'java','state':{'old':1}}");
            ann.ask("{'type':'state','room':'java','state':{'__proto__':1.0}}");
            String its = "{'user':'u-2','name':'Bob','connections':1}]";
            awaitMembers(bob, "[{'user':'u-1','name':'Ann','connections':2,'state':{'__proto__':1.0}}, " + its);
            ann.close();
            awaitMembers(bob, "[{'user':'u-1','name':'Ann','connections':1,'state':{'old':1}}, " + its);
            tab.ask("{'type':'state','room':'java'}");
            awaitMembers(bob, "[{'user':'u-1','name':'Ann','connections':1}, " + its);
        }
    }

    /** How often a client heard that each of its neighbours came or went, after it has heard who is there. */
    private static List<String> comings(JsonClient client) {
        return client.presenceSoFar().stream()
                .flatMap(event -> Stream.of("joined", "left")
                        .filter(event::containsKey)
                        .flatMap(field -> event.getJsonArray(field).getValuesAs(JsonString::getString).stream()
                                .map(name -> field + " " + name)))
                .toList();
    }

    @Test
    void membersOfANodeThatStopsAreAwayAndComeBackElsewhereWithoutHavingLeft() throws Exception {
        try (JsonClient bob = client(server, "u-2", "Bob")) {
            List<JsonClient> lost = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                lost.add(client(other, "u-1" + i, "Ann" + i));
            }
            String its = ", {'user':'u-2','name':'Bob','connections':1}]";
            awaitMembers(bob, "[" + anns("'connections':1") + its);
            other.stop();
            awaitMembers(bob, "[" + anns("'connections':0,'away':true") + its);
            for (int i = 0; i < 4; i++) {
                lost.add(client(server, "u-1" + i, "Ann" + i));
            }
            awaitMembers(bob, "[" + anns("'connections':1").replaceFirst(", [^,]*u-14.*", "") + its);
            while (!comings(bob).contains("left Ann4")) {
                bob.ask("{'type':'ping'}"); // until what is told has been read
            }
            assertThat(comings(bob))
                    .filteredOn(coming -> coming.startsWith("left"))
                    .containsExactly("left Ann4");
            lost.forEach(JsonClient::close);
        }
    }

    private static String anns(String rest) {
        return String.join(
                ", ",
                IntStream.range(0, 5)
                        .mapToObj(i -> "{'user':'u-1" + i + "','name':'Ann" + i + "'," + rest + "}")
                        .toList());
    }
}
