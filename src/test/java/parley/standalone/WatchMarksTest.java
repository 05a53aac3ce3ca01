package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/** What users have read in rooms that their clients watch, and what ends all connections of a user. */
class WatchMarksTest extends HttpBase {
    private void startWithTokens(String... more) throws Exception {
        List<String> settings = new ArrayList<>(List.of("access.mode=token", "access.secret=" + SECRET));
        settings.addAll(List.of(more));
        start(settings.toArray(new String[0]));
    }

    private static String tokenOf(String user, boolean isOperator) throws Exception {
        JwtClaims claims = claims(user, "*");
        claims.setSubject(user);
        claims.setClaim("admin", isOperator);
        return token(claims);
    }

    private JsonClient in(String room, String user) throws Exception {
        JsonClient client = new JsonClient(ws("/chat/" + room + "?token=" + tokenOf(user, false)));
        client.next("joined");
        return client;
    }

    private static void say(JsonClient client, int messages) throws Exception {
        for (int i = 0; i < messages; i++) {
            client.ask("{'type':'say','room':'java','text':'m'}");
        }
    }

    /** What an event has of the room java: its number, the mark, what is unread. */
    private static String words(JsonObject event) {
        return event.getJsonArray("rooms").stream()
                .map(JsonValue::asJsonObject)
                .filter(room -> room.getString("room").equals("java"))
                .map(room -> room.getInt("seq", 0) + " read " + room.getInt("mark", -1) + " left "
                        + room.getInt("unread", -1))
                .findFirst()
                .orElse("");
    }

    private static void awaitWatched(JsonClient client, String words) throws InterruptedException {
        String said = words(client.next("watched"));
        while (!said.equals(words)) {
            said = words(client.next("watched"));
        }
    }

    private static void awaitWatched(EventReader reader, String words) throws IOException {
        String said = words(JsonClient.parse(reader.next("watched").data()));
        while (!said.equals(words)) {
            said = words(JsonClient.parse(reader.next("watched").data()));
        }
    }

    @Test
    void whatAUserHasReadIsRightOnTheCommandAndOnAStream() throws Exception {
        startWithTokens();
        try (JsonClient ann = in("java", "ann");
                JsonClient tab = in("lobby", "ann");
                EventReader stream =
                        EventReader.open(server.port(), "/watch?room=java&marks=true&token=" + tokenOf("ann", false))) {
            say(ann, 5);
            assertThat(tab.ask("{'type':'watch','rooms':['j*'],'marks':true}").getString("type"))
                    .isEqualTo("ack");
            awaitWatched(tab, "5 read -1 left -1");
            ann.ask("{'type':'mark','room':'java','seq':3}");
            awaitWatched(tab, "5 read 3 left 2");
            awaitWatched(stream, "5 read 3 left 2");
            say(ann, 1);
            awaitWatched(tab, "6 read 3 left 3");
            awaitWatched(stream, "6 read 3 left 3");
        }
        for (String wrong : List.of("/watch?room=java&marks=1", "/watch?room=java&marks=")) {
            assertThat(askAs("Bearer " + tokenOf("ann", false), "GET", wrong, null)
                            .status())
                    .isEqualTo(400);
        }
    }

    /** The room is given up in between: what is known of it then is what the disk has. */
    @Test
    void aRoomOnDiskThatNobodyIsInHasItsMarksToo(@TempDir Path folder) throws Exception {
        startWithTokens("data.folder=" + folder, "room.linger=0s");
        try (JsonClient ann = in("java", "ann");
                JsonClient tab = in("lobby", "ann");
                JsonClient bob = in("lobby", "bob")) {
            say(ann, 5);
            ann.ask("{'type':'mark','room':'java','seq':2}");
            ann.close();
            await().until(() -> server.parley().rooms().list("java", "", 1).isEmpty());
            tab.ask("{'type':'watch','rooms':['java'],'marks':true}");
            awaitWatched(tab, "5 read 2 left 3");
            await().until(() -> server.parley().rooms().list("java", "", 1).isEmpty());
            bob.ask("{'type':'watch','rooms':['java'],'marks':true}");
            awaitWatched(bob, "5 read -1 left -1");
            JsonClient other = in("lobby", "ann");
            other.ask("{'type':'watch','rooms':['java'],'marks':true}");
            awaitWatched(other, "5 read 2 left 3");
            other.close();
            assertThat(askAs("Bearer " + tokenOf("ann", false), "PUT", "/rooms/java/mark", "{\"seq\":4}")
                            .status())
                    .isEqualTo(200);
            awaitWatched(tab, "5 read 4 left 1");
            try (JsonClient again = in("java", "bob")) {
                say(again, 1);
            }
            awaitWatched(tab, "6 read 4 left 2");
        }
    }

    @Test
    void allSessionsOfAUserAreClosedWhateverTheyAreCalledOrRead() throws Exception {
        startWithTokens();
        try (JsonClient one = in("java", "ann");
                JsonClient two = in("lobby", "ann");
                JsonClient bob = in("java", "bob");
                EventReader stream =
                        EventReader.open(server.port(), "/watch?room=java&token=" + tokenOf("ann", false))) {
            stream.next("watched");
            String operator = "Bearer " + tokenOf("op", true);
            assertThat(askAs("Bearer " + tokenOf("ann", false), "DELETE", "/users/ann", null)
                            .status())
                    .isEqualTo(403);
            Got got = askAs(operator, "DELETE", "/users/ann?reason=bye%20now", null);
            assertThat(got.status()).isEqualTo(200);
            assertThat(got.json().getInt("closed")).isEqualTo(3);
            assertThat(one.closed()).isEqualTo("1008 bye now");
            assertThat(two.closed()).isEqualTo("1008 bye now");
            assertThat(bob.ask("{'type':'ping'}").getString("type")).isEqualTo("pong");
            assertThat(askAs(operator, "DELETE", "/users/ann", null).status()).isEqualTo(404);
            assertThat(askAs(operator, "DELETE", "/users/%FF", null).code()).isEqualTo("bad-name");
            assertThat(askAs(operator, "DELETE", "/users/bob?reason=", null).status())
                    .isEqualTo(400);
        }
    }
}
