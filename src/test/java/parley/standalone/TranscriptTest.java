package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import parley.testclient.JsonClient;

/**
 * Replays the conversation of {@code docs/protocol.md}. A mark, an epoch or a time stands there for one that the server
 * makes: the first one that comes in its place is what it means from then on.
 */
class TranscriptTest extends ServerBase {
    private final Map<String, JsonClient> clients = new HashMap<>();
    private final StandIns standIns = new StandIns();

    private Thread stopping;

    @Test
    void theConversationIsTrue() throws Exception {
        start("room.history=4", "room.window=4");
        List<String> lines = transcript();
        assertThat(lines).hasSizeGreaterThan(60);
        for (String line : lines) {
            try {
                replay(line);
            } catch (AssertionError e) {
                throw new AssertionError("docs/protocol.md: " + line, e);
            }
        }
        for (JsonClient client : clients.values()) {
            client.close();
        }
        stopping.join();
    }

    private static List<String> transcript() throws Exception {
        String document = Files.readString(Path.of("docs/protocol.md"));
        int from = document.indexOf("```transcript\n");
        String block = document.substring(from, document.indexOf("\n```", from));
        return block.lines().skip(1).filter(line -> !line.isBlank()).toList();
    }

    private void replay(String line) throws Exception {
        String[] words = line.split(" ", 3);
        switch (words[1]) {
            case "opens" -> clients.put(words[0], new JsonClient(ws(standIns.asMeant(words[2]))));
            case "is" -> {
                int members = server.parley().rooms().memberCount();
                clients.get(words[0]).cut();
                awaitMembers(members - 1);
            }
            case ">" -> clients.get(words[0]).send(standIns.asMeant(words[2]));
            case "<" -> {
                JsonObject expected = JsonClient.parse(words[2]);
                JsonObject got =
                        clients.get(words[0]).next(expected.getString("type"), expected.getString("room", null));
                standIns.learn(expected, got);
                assertThat(got).isEqualTo(JsonClient.parse(standIns.asMeant(words[2])));
            }
            case "closed" -> assertThat(clients.get(words[0]).closed()).isEqualTo(words[2]);
            case "server" -> {
                for (JsonClient client : clients.values()) {
                    assertThat(client.soFar()).as("nothing is left out").isEmpty();
                    assertThat(client.presenceSoFar()).as("nothing is left out").isEmpty();
                }
                stopping = new Thread(server::stop);
                stopping.start();
            }
            default -> throw new AssertionError("what is meant?");
        }
    }
}
