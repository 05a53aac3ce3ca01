package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import parley.client.Client;
import parley.client.JsonClient;

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

    @Test
    void whatWasUndeployedCanBeDeployedAgain() throws Exception {
        for (int i = 0; i < 2; i++) {
            deployer.deploy(SHORT_LIVED);
            try (Client client = new Client(socket(SHORT_LIVED, "/chat?history=10"))) {
                assertThat(client.say("a new room").next()).isEqualTo("a new room");
            } finally {
                deployer.undeploy(SHORT_LIVED);
            }
        }
    }
}
