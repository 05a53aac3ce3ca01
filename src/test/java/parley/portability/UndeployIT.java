package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import parley.servers.Difference;
import parley.servers.Jvm;
import parley.servers.Kind;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** What an undeploy leaves behind: nothing. */
class UndeployIT extends Portability {
    @Test
    void anUndeployClosesEveryoneWith1001() throws Exception {
        deployer.deploy(SHORT_LIVED);
        try (Client echo = new Client(socket(SHORT_LIVED, "/echo"));
                Client lobby = new Client(socket(SHORT_LIVED, "/chat"));
                Client room = new Client(socket(SHORT_LIVED, "/chat/room?name=member"));
                JsonClient json = new JsonClient(socket(SHORT_LIVED, "/chat/json"))) {
            echo.say("here").next();
            lobby.say("here").next();
            room.say("here").next();
            json.next("joined"); // whoever is not in when the stop begins is closed without a word

            deployer.undeploy(SHORT_LIVED);

            for (Client client : List.of(echo, lobby, room)) {
                assertThat(client.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
            }
            assertThat(json.next("bye").getJsonObject("retry").getInt("max")).isEqualTo(8_000);
            assertThat(json.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
        }
        assertThat(server.has(SHORT_LIVED)).isFalse();
    }

    /** Three times, with a client of each kind and one that reads nothing: threads, timers and class loader go. */
    @Test
    void whatWasUndeployedIsGoneAndCanBeDeployedAgain() throws Exception {
        if (Kind.tested() == Kind.STANDALONE) {
            aProcessEndsAndStartsAgain();
            return;
        }
        Jvm jvm = new Jvm(server.process(PARLEY));
        Set<String> before = jvm.threads("parley-").keySet();
        int applications = jvm.instances(APPLICATION);
        int classes = jvm.classes("parley.app.Parley");
        for (int i = 0; i < 3; i++) {
            deployUseAndUndeploy();
            await("the threads end").atMost(Duration.ofSeconds(20)).until(() -> without(before, jvm), Map::isEmpty);
        }
        await("rooms and sessions go")
                .atMost(Duration.ofSeconds(20))
                .until(() -> jvm.instances(APPLICATION), count -> count == applications);
        if (differs(Difference.KEEPS_CLASSES)) {
            assertThat(jvm.classes("parley.app.Parley")).isGreaterThan(classes);
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

    private void aProcessEndsAndStartsAgain() throws Exception {
        for (int i = 0; i < 2; i++) {
            deployer.deploy(SHORT_LIVED);
            ProcessHandle process = server.process(SHORT_LIVED);
            deployer.undeploy(SHORT_LIVED);
            assertThat(process.isAlive()).isFalse();
        }
    }

    private void deployUseAndUndeploy() throws Exception {
        deployer.deploy(SHORT_LIVED);
        String stuck = "/" + SHORT_LIVED + "/chat/stuck";
        try (Client client = new Client(socket(SHORT_LIVED, "/chat?history=10"));
                JsonClient json = new JsonClient(socket(SHORT_LIVED, "/chat/json"));
                RawClient unread = RawClient.open(port(), stuck, 16 * 1024)) {
            assertThat(client.say("a new room").next()).isEqualTo("a new room");
            json.next("joined");
            unread.text("in");
        } finally {
            deployer.undeploy(SHORT_LIVED);
        }
    }
}
