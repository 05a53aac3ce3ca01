package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.testclient.Client;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;
import parley.testclient.Token;

/** Messages that grow, over real sockets, in memory and on disk. */
class AppendTest extends HttpBase {
    private static final String[] JSON = {"Content-Type", "application/json"};

    @TempDir
    private Path folder;

    private void start(boolean isOnDisk, String... more) throws Exception {
        List<String> settings = new ArrayList<>(List.of(more));
        if (isOnDisk) {
            settings.add("data.folder=" + folder);
        }
        startWithKey(settings.toArray(new String[0]));
    }

    private static int ack(JsonObject answer) {
        assertThat(answer.getString("type")).as("%s", answer).isEqualTo("ack");
        return answer.getInt("seq");
    }

    private static String code(JsonObject error) {
        assertThat(error.getString("type")).as("%s", error).isEqualTo("error");
        return error.getString("code");
    }

    private static int open(JsonClient client, String text) throws Exception {
        return ack(client.ask("{'type':'say','room':'java','text':'" + text + "','final':false}"));
    }

    private static JsonObject append(JsonClient client, int seq, String more) throws Exception {
        return client.ask("{'type':'append','room':'java','seq':" + seq + more + "}");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMessageGrowsAndEndsForMembersReadersAndHistory(boolean isOnDisk) throws Exception {
        start(isOnDisk);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"));
                JsonClient ben = new JsonClient(ws("/chat/java?name=Ben"));
                EventReader reader = EventReader.open(server.port(), "/rooms/java/events");
                Client plain = new Client(ws("/chat/java"))) {
            int seq = open(ann, "It ");
            JsonObject said = ben.nextMessageOrGap();
            assertThat(said.getString("text")).isEqualTo("It ");
            assertThat(said.getBoolean("open")).isTrue();
            assertThat(ack(append(ann, seq, ",'text':'is \\uD83D\\uDE00','id':'p'")))
                    .isEqualTo(2);
            assertThat(append(ann, seq, ",'text':'is \\uD83D\\uDE00','id':'p'").getBoolean("duplicate"))
                    .isTrue();
            JsonObject piece = ben.nextMessageOrGap();
            assertThat(piece.getInt("changes")).isEqualTo(seq);
            assertThat(piece.getInt("start")).isEqualTo(3);
            assertThat(piece.getString("append")).isEqualTo("is \uD83D\uDE00");
            assertThat(piece.getString("from")).isEqualTo("Ann");
            assertThat(piece.containsKey("text")).isFalse();
            JsonObject soFar =
                    get("/rooms/java/messages").json().getJsonArray("messages").getJsonObject(0);
            assertThat(soFar.getString("text")).isEqualTo("It is \uD83D\uDE00");
            assertThat(soFar.getBoolean("open")).isTrue();
            assertThat(ack(append(ann, seq, ",'text':'.','final':true"))).isEqualTo(3);
            JsonObject last = ben.nextMessageOrGap();
            assertThat(last.getInt("start")).isEqualTo(8);
            assertThat(last.getBoolean("final")).isTrue();
            assertThat(plain.next()).isEqualTo("Ann: It is \uD83D\uDE00.");
            List<JsonObject> folded =
                    get("/rooms/java/messages").json().getJsonArray("messages").getValuesAs(JsonObject.class);
            assertThat(folded).hasSize(1);
            assertThat(folded.get(0).getString("text")).isEqualTo("It is \uD83D\uDE00.");
            assertThat(folded.get(0).containsKey("open")).isFalse();
            StringBuilder read = new StringBuilder();
            while (!read.toString().endsWith(".")) {
                JsonObject event = JsonClient.parse(reader.next().data());
                if (event.getString("type").equals("message")) {
                    read.append(event.containsKey("append") ? event.getString("append") : event.getString("text"));
                }
            }
            assertThat(read.toString()).isEqualTo("It is \uD83D\uDE00.");
            List<JsonObject> changes = get("/rooms/java/messages?after=1&changes=true")
                    .json()
                    .getJsonArray("messages")
                    .getValuesAs(JsonObject.class);
            assertThat(changes).hasSize(1);
            assertThat(changes.get(0).getInt("seq")).isEqualTo(3);
            assertThat(changes.get(0).getString("append")).isEqualTo("is \uD83D\uDE00.");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatCannotBeAppendedIsRefusedWithASentence(boolean isOnDisk) throws Exception {
        start(isOnDisk, "limits.message-bytes=10", "room.open-messages=2");
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"));
                JsonClient ben = new JsonClient(ws("/chat/java?name=Ann"))) {
            int seq = open(ann, "12345");
            assertThat(code(append(ben, seq, ",'text':'x'"))).isEqualTo("forbidden");
            assertThat(code(append(ann, 99, ",'text':'x'"))).isEqualTo("not-found");
            assertThat(code(append(ann, seq, ""))).isEqualTo("missing-field");
            assertThat(code(append(ann, seq, ",'text':'x','final':'yes'"))).isEqualTo("missing-field");
            assertThat(code(append(ann, seq, ",'text':'\\uD83D'"))).isEqualTo("bad-json");
            assertThat(code(append(ann, seq, ",'text':'x','epoch':'other'"))).isEqualTo("other-epoch");
            assertThat(code(ann.ask("{'type':'say','room':'java','data':1,'final':false}")))
                    .isEqualTo("missing-field");
            JsonObject tooLarge = append(ann, seq, ",'text':'678901'");
            assertThat(code(tooLarge)).isEqualTo("too-large");
            assertThat(tooLarge.getString("reason")).contains("11 bytes", "at most 10");
            assertThat(ack(append(ann, seq, ",'text':'67890'"))).isEqualTo(2);
            open(ann, "second");
            JsonObject full = ann.ask("{'type':'say','room':'java','text':'third','final':false}");
            assertThat(code(full)).isEqualTo("room-full");
            assertThat(ack(append(ann, seq, ",'final':true"))).isEqualTo(4);
            assertThat(code(append(ann, seq, ",'text':''"))).isEqualTo("not-found");
            open(ann, "third");
            int said = ack(ann.ask("{'type':'say','room':'java','text':'whole'}"));
            assertThat(code(append(ann, said, ",'text':'x'"))).isEqualTo("not-found");
        }
        assertThat(get("/metrics").body()).contains("parley_messages_open 2.0");
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aMessageGrowsOverHttp(boolean isOnDisk) throws Exception {
        start(isOnDisk);
        JsonObject said =
                post("java", "{'text':'a','from':'Bot','final':false}").json();
        String path = "/rooms/java/messages/" + said.getInt("seq");
        Got appended = ask("POST", path + "/append", "{\"text\":\"b\",\"id\":\"1\"}", JSON);
        assertThat(appended.status()).as(appended.body()).isEqualTo(200);
        assertThat(appended.body()).contains("\"seq\":2");
        assertThat(ask("POST", path + "/append", "{\"text\":\"b\",\"id\":\"1\"}", JSON)
                        .body())
                .contains("\"duplicate\":true");
        String tag = get("/rooms/java/messages?after=0&limit=1").header("ETag");
        assertThat(ask("POST", path + "/append", "{\"final\":true}", JSON).status())
                .isEqualTo(200);
        assertThat(get("/rooms/java/messages?after=0&limit=1").header("ETag")).isNotEqualTo(tag);
        assertThat(get("/rooms/java/messages").body())
                .contains("\"text\":\"ab\"")
                .doesNotContain("open");
        assertThat(ask("POST", path + "/append", "{\"text\":\"c\"}", JSON).status())
                .isEqualTo(404);
        assertThat(ask("POST", path + "/append", "{}", JSON).status()).isEqualTo(422);
        assertThat(ask("POST", path + "/append", "x", "Content-Type", "text/plain")
                        .status())
                .isEqualTo(415);
        assertThat(askAs(null, "POST", path + "/append", "{\"text\":\"c\"}", JSON)
                        .status())
                .isIn(401, 403);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aRetryOfAnOpenMessageIsADuplicateInAFullRoomToo(boolean isOnDisk) throws Exception {
        start(isOnDisk, "room.open-messages=1");
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            String say = "{'type':'say','room':'java','text':'a','final':false,'id':'";
            int seq = ack(ann.ask(say + "k'}"));
            JsonObject again = ann.ask(say + "k'}");
            assertThat(ack(again)).isEqualTo(seq);
            assertThat(again.getBoolean("duplicate")).isTrue();
            assertThat(code(ann.ask(say + "other'}"))).isEqualTo("room-full");
        }
    }

    @Test
    void anAuthorThatIsNoUserSaysManyOthersWhileItsMessageGrows() throws Exception {
        start(false, "room.open-messages=2");
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            int seq = open(ann, "a");
            for (int i = 0; i < 70; i++) {
                ack(ann.ask("{'type':'say','room':'java','text':'other'}"));
            }
            for (int i = 0; i < 3; i++) {
                ack(append(ann, open(ann, "short"), ",'final':true"));
                ack(append(ann, seq, ",'text':'b'"));
            }
            ack(append(ann, seq, ",'final':true"));
            ack(ann.ask("{'type':'edit','room':'java','seq':" + seq + ",'text':'whole'}"));
        }
    }

    @Test
    void overHttpACallerThatPublishesForOthersGoesOnWithNoUsersMessage() throws Exception {
        startWithKey("access.mode=token", "access.secret=" + Token.SECRET);
        String bot = "Bearer " + token("bot", "publish");
        int of;
        try (JsonClient ann = new JsonClient(ws("/chat/java?token=" + token("ann", "write")))) {
            of = open(ann, "a");
        }
        String path = "/rooms/java/messages/" + of + "/append";
        Got refused = askAs(bot, "POST", path, "{\"text\":\"b\"}", JSON);
        assertThat(refused.status()).as(refused.body()).isEqualTo(403);
        assertThat(askAs("Bearer " + token("mod", "edit"), "POST", path, "{\"text\":\"b\"}", JSON)
                        .status())
                .isEqualTo(200);
        assertThat(ask("POST", path, "{\"text\":\"b\"}", JSON).status()).isEqualTo(200);
        int nobodys =
                post("java", "{'text':'a','from':'Bot','final':false}").json().getInt("seq");
        assertThat(askAs(bot, "POST", "/rooms/java/messages/" + nobodys + "/append", "{\"text\":\"b\"}", JSON)
                        .status())
                .isEqualTo(200);
    }

    private static String token(String user, String claim) throws Exception {
        JwtClaims claims = Token.claims(user, "java");
        claims.setSubject(user);
        claims.setStringListClaim(claim, "java");
        return Token.token(claims);
    }

    @Test
    void anOpenMessageOfADeadAuthorIsFinalAfterARestartToo() throws Exception {
        start(true);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            ack(append(ann, open(ann, "a"), ",'text':'b'"));
        }
        stopAndLeaveNothing();
        start(true, "room.open=200ms");
        try (JsonClient ben = new JsonClient(ws("/chat/java?history=1"))) {
            JsonObject said = ben.nextMessageOrGap();
            assertThat(said.getString("text")).isEqualTo("ab");
            if (said.containsKey("open")) {
                JsonObject last = ben.nextMessageOrGap();
                assertThat(last.getBoolean("final")).isTrue();
                assertThat(last.getString("append")).isEmpty();
                assertThat(last.getString("from")).isEqualTo("Ann");
            }
        }
    }
}
