package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.JsonClient;

/** Read marks as clients see them. */
class ReadMarksServerTest extends ServerBase {
    @TempDir
    private Path folder;

    private void startWithTokens(String... more) throws Exception {
        List<String> settings = new ArrayList<>(List.of("access.mode=token", "access.secret=" + SECRET));
        settings.addAll(List.of(more));
        start(settings.toArray(new String[0]));
    }

    private JsonClient client(String user) throws Exception {
        JwtClaims claims = claims(user, "java");
        claims.setSubject(user);
        return new JsonClient(ws("/chat/java?token=" + token(claims)));
    }

    private static void say(JsonClient client, int messages) throws Exception {
        for (int i = 0; i < messages; i++) {
            client.ask("{'type':'say','room':'java','text':'m'}");
        }
    }

    /** Its fields but the room, the type and the ref. */
    private static String answer(JsonObject event) {
        return Json.createObjectBuilder(event)
                .remove("room")
                .remove("ref")
                .remove("reason")
                .build()
                .toString()
                .replace('"', '\'');
    }

    @Test
    void aMarkIsAcknowledgedToldToAllTabsOfTheUserAndGivenBackWhenItComesAgain() throws Exception {
        startWithTokens();
        try (JsonClient ann = client("ann");
                JsonClient tab = client("ann");
                JsonClient bob = client("bob")) {
            assertThat(ann.next("joined")).doesNotContainKeys("mark", "unread");
            String epoch = bob.next("joined").getString("epoch");
            say(bob, 5);
            assertThat(answer(ann.ask("{'type':'mark','room':'java','seq':3,'epoch':'" + epoch + "'}")))
                    .isEqualTo("{'type':'ack','seq':3}");
            String told = "{'type':'mark','epoch':'" + epoch + "','seq':5,'mark':3,'unread':2}";
            assertThat(answer(tab.next("mark"))).isEqualTo(told);
            assertThat(answer(ann.next("mark"))).isEqualTo(told);
            assertThat(answer(ann.ask("{'type':'mark','room':'java','seq':2}"))).isEqualTo("{'type':'ack','seq':3}");
            assertThat(answer(ann.ask("{'type':'mark','room':'java','seq':999}")))
                    .isEqualTo("{'type':'ack','seq':5}");
            assertThat(tab.next("mark").getInt("mark"))
                    .as("no event comes for the lower one")
                    .isEqualTo(5);
            assertThat(bob.soFar()).noneMatch(event -> event.getString("type").equals("mark"));
            say(bob, 1);
            try (JsonClient later = client("ann")) {
                JsonObject joined = later.next("joined");
                assertThat(List.of(joined.getInt("seq"), joined.getInt("mark"), joined.getInt("unread")))
                        .containsExactly(6, 5, 1);
                assertThat(later.ask("{'type':'join','room':'java'}").getInt("unread"))
                        .isOne();
            }
        }
    }

    @Test
    void unreadIsExactUpToAHundredAndThenSaysMore() throws Exception {
        startWithTokens();
        try (JsonClient ann = client("ann");
                JsonClient bob = client("bob")) {
            bob.next("joined");
            say(bob, 102);
            ann.ask("{'type':'mark','room':'java','seq':1}");
            assertThat(answer(ann.next("mark"))).endsWith("'mark':1,'unread':100,'more':true}");
            ann.ask("{'type':'mark','room':'java','seq':2}");
            assertThat(answer(ann.next("mark"))).endsWith("'mark':2,'unread':100}");
            ann.ask("{'type':'mark','room':'java','seq':102}");
            assertThat(answer(ann.next("mark"))).endsWith("'mark':102,'unread':0}");
        }
    }

    /** Reads presence until an entry of a user says that it has read so far. */
    private static void awaitRead(JsonClient client, String user, int seq) throws Exception {
        while (true) {
            JsonObject event = client.presence();
            if (event.containsKey("members")
                    && event.getJsonArray("members").getValuesAs(JsonObject.class).stream()
                            .anyMatch(one -> user.equals(one.getString("user", "")) && one.getInt("read", -1) == seq)) {
                return;
            }
        }
    }

    @Test
    void membersSeeWhatTheOthersHaveReadWhereTheRoomShowsIt() throws Exception {
        startWithTokens("room.marks-shown=members");
        try (JsonClient ann = client("ann");
                JsonClient bob = client("bob")) {
            say(ann, 5);
            ann.ask("{'type':'mark','room':'java','seq':3}");
            awaitRead(bob, "ann", 3);
            JsonObject who = bob.ask("{'type':'who','room':'java'}");
            assertThat(who.getJsonArray("members").getValuesAs(JsonObject.class))
                    .extracting(one -> one.getString("user") + " " + one.getInt("read", -1))
                    .containsExactlyInAnyOrder("ann 3", "bob -1");
            ann.close();
            try (JsonClient again = client("ann")) {
                again.ask("{'type':'mark','room':'java','seq':5}");
                awaitRead(bob, "ann", 5);
            }
        }
    }

    @Test
    void nobodySeesWhatOthersHaveReadOtherwise() throws Exception {
        startWithTokens();
        try (JsonClient ann = client("ann");
                JsonClient bob = client("bob")) {
            say(ann, 5);
            ann.ask("{'type':'mark','room':'java','seq':3}");
            ann.next("mark");
            assertThat(bob.ask("{'type':'who','room':'java'}").toString()).doesNotContain("\"read\"");
        }
    }

    @Test
    void aMarkThatCannotBeIsAnsweredClearly() throws Exception {
        startWithTokens();
        try (JsonClient nobody = new JsonClient(ws("/chat/java?token=" + token(claims("Eve", "java"))));
                JsonClient ann = client("ann")) {
            say(ann, 1);
            JsonObject refused = nobody.ask("{'type':'mark','room':'java','seq':1}");
            assertThat(refused.getString("code")).isEqualTo("forbidden");
            assertThat(refused.getString("reason")).contains("a read mark belongs to a user");
            JsonObject other = ann.ask("{'type':'mark','room':'java','seq':1,'epoch':'another'}");
            assertThat(other.getString("code")).isEqualTo("other-epoch");
            assertThat(ann.ask("{'type':'mark','room':'secret','seq':1}").getString("code"))
                    .as("of a room that it may not read, and so is not in")
                    .isEqualTo("not-a-member");
            assertThat(ann.ask("{'type':'mark','room':'java'}").getString("code"))
                    .isEqualTo("missing-field");
            assertThat(ann.ask("{'type':'mark','room':'java','seq':-1}").getString("code"))
                    .isEqualTo("missing-field");
            assertThat(ann.ask("{'type':'mark','room':'java','seq':1}").getString("type"))
                    .isEqualTo("ack");
        }
    }

    @Test
    void aRoomMayKeepNoMarks() throws Exception {
        startWithTokens("room.marks=0");
        try (JsonClient ann = client("ann")) {
            say(ann, 1);
            assertThat(ann.ask("{'type':'mark','room':'java','seq':1}").getString("code"))
                    .isEqualTo("room-full");
        }
    }

    @Test
    void marksSurviveARestart() throws Exception {
        startWithTokens("data.folder=" + folder);
        try (JsonClient ann = client("ann")) {
            say(ann, 5);
            ann.ask("{'type':'mark','room':'java','seq':3}");
        }
        server.stop();
        startWithTokens("data.folder=" + folder);
        try (JsonClient ann = client("ann")) {
            JsonObject joined = ann.next("joined");
            assertThat(joined.getInt("mark")).isEqualTo(3);
            assertThat(joined.getInt("unread")).isEqualTo(2);
        }
    }

    private HttpResponse<String> http(String method, String path, String user, String body) throws Exception {
        JwtClaims claims = claims(user, "java");
        if (user != null) {
            claims.setSubject(user);
        }
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path))
                                .header("Authorization", "Bearer " + token(claims))
                                .header("Content-Type", "application/json")
                                .method(
                                        method,
                                        body == null
                                                ? HttpRequest.BodyPublishers.noBody()
                                                : HttpRequest.BodyPublishers.ofString(JsonClient.quoted(body)))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aMarkIsSetAndReadOverHttpToo() throws Exception {
        startWithTokens();
        try (JsonClient ann = client("ann")) {
            String epoch = ann.next("joined").getString("epoch");
            say(ann, 5);
            assertThat(http("GET", "/rooms/java/mark", "ann", null).statusCode())
                    .isEqualTo(404);
            HttpResponse<String> set = http("PUT", "/rooms/java/mark", "ann", "{'seq':3,'epoch':'" + epoch + "'}");
            assertThat(set.statusCode()).as(set.body()).isEqualTo(200);
            assertThat(answer(JsonClient.parse(set.body())))
                    .isEqualTo("{'type':'mark','epoch':'" + epoch + "','seq':5,'mark':3,'unread':2}");
            assertThat(ann.next("mark").getInt("mark")).isEqualTo(3);
            HttpResponse<String> lower = http("PUT", "/rooms/java/mark", "ann", "{'seq':1}");
            assertThat(lower.body()).isEqualTo(set.body());
            assertThat(http("GET", "/rooms/java/mark", "ann", null).body()).isEqualTo(set.body());
            assertThat(http("GET", "/rooms/java/mark", "bob", null).statusCode())
                    .isEqualTo(404);
            assertThat(http("PUT", "/rooms/java/mark", null, "{'seq':1}").statusCode())
                    .isEqualTo(403);
            assertThat(http("PUT", "/rooms/secret/mark", "ann", "{'seq':1}").statusCode())
                    .as("of a room that it may not read")
                    .isEqualTo(403);
            assertThat(http("PUT", "/rooms/java/mark", "ann", "{'seq':1,'epoch':'another'}")
                            .statusCode())
                    .isEqualTo(409);
            assertThat(http("PUT", "/rooms/java/mark", "ann", "{'seq':'x'}").statusCode())
                    .isEqualTo(422);
            assertThat(http("PUT", "/rooms/java/mark", "ann", "{").statusCode()).isEqualTo(400);
        }
    }
}
