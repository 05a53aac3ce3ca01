package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;

/** Rooms of a cluster that are watched on another node than that on which their members are: with a real NATS. */
class WatchClusterTest extends ServerBase {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private NatsServer nats;
    private Server other;

    @BeforeEach
    void startNodes() throws Exception {
        nats = NatsServer.start(folder);
        start("nats.url=" + nats.url(), "room.linger=0s");
        other = server;
        start("nats.url=" + nats.url(), "room.linger=0s");
    }

    @AfterEach
    void stopNats() throws Exception {
        server.stop(); // before what it stores in
        other.stop();
        nats.close();
    }

    private static JsonClient in(Server node, String room) throws Exception {
        JsonClient client = new JsonClient("ws://127.0.0.1:" + node.port() + "/chat/" + room);
        client.next("joined");
        return client;
    }

    /** Reads events until what is known of a room is that: its last message, its count. */
    private static void awaitWatched(JsonClient client, String room, String words) throws Exception {
        Map<String, String> known = new HashMap<>();
        while (!words.equals(known.get(room))) {
            JsonObject event = client.next("watched");
            for (JsonValue value : event.getJsonArray("rooms")) {
                JsonObject one = value.asJsonObject();
                String last = one.containsKey("last")
                        ? one.getJsonObject("last").getString("text")
                        : one.containsKey("seq") ? "?" : "-";
                known.put(one.getString("room"), last + " " + one.getInt("count"));
            }
        }
    }

    @Test
    void aNamedRoomIsRightAtEachNode() throws Exception {
        try (JsonClient bob = in(server, "lobby")) {
            try (JsonClient ann = in(other, "java")) {
                ann.ask("{'type':'say','room':'java','text':'one'}");
                bob.ask("{'type':'watch','rooms':['java','tea'],'last':true}");
                awaitWatched(bob, "java", "one 1");
                ann.ask("{'type':'say','room':'java','text':'two'}");
                awaitWatched(bob, "java", "two 1");
                assertThat(ann.ask("{'type':'who','room':'java'}").getInt("count"))
                        .isOne();
                assertThat(server.parley().rooms().watching().heldCount()).isEqualTo(2);
                ann.close();
            }
            awaitWatched(bob, "java", "two 0");
            try (JsonClient cay = in(other, "tea")) {
                awaitWatched(bob, "tea", "- 1");
                cay.close();
            }
            bob.ask("{'type':'watch','rooms':['java'],'last':true}");
            awaitWatched(bob, "java", "two 0");
            bob.ask("{'type':'watch','rooms':[]}");
            await().atMost(PATIENCE)
                    .until(() -> server.parley().rooms().list("", "", 9).size() == 1);
            bob.ask("{'type':'watch','rooms':['java'],'last':true}");
            awaitWatched(bob, "java", "two 0");
        }
    }

    @Test
    void aPatternShowsTheRoomsOfTheNodeWithTheMembersOfAll() throws Exception {
        try (JsonClient bob = in(server, "lobby");
                JsonClient ann = in(other, "team-1");
                JsonClient cay = in(server, "team-1");
                JsonClient dan = in(server, "team-1")) {
            bob.ask("{'type':'watch','rooms':['team-*']}");
            awaitWatched(bob, "team-1", "- 3");
            cay.close();
            awaitWatched(bob, "team-1", "- 2"); // Dan keeps the room on this node
            ann.ask("{'type':'say','room':'team-1','text':'x'}");
            awaitWatched(bob, "team-1", "? 2");
            assertThat(dan.next("message").getString("text")).isEqualTo("x");
        }
    }
}
