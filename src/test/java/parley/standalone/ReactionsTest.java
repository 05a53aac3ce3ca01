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
import org.junit.jupiter.params.provider.EnumSource;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.Token;

/** Reactions over real sockets, in memory and on disk. */
class ReactionsTest extends HttpBase {
    private static final String THUMB = "%F0%9F%91%8D";
    private static final String REACTION = "/rooms/java/messages/1/reactions/" + THUMB;

    /** Where rooms are. */
    private enum Where {
        MEMORY,
        DISK
    }

    @TempDir
    private Path folder;

    private void start(Where where, String... more) throws Exception {
        List<String> settings = new ArrayList<>(List.of(more));
        settings.add("access.api-key=" + KEY);
        if (where == Where.DISK) {
            settings.add("data.folder=" + folder);
        }
        start(settings.toArray(new String[0]));
    }

    private static JsonObject say(JsonClient client, String text) throws Exception {
        return client.ask("{'type':'say','room':'java','text':'" + text + "'}");
    }

    private static JsonObject react(JsonClient client, long seq, String key) throws Exception {
        return client.ask("{'type':'react','room':'java','seq':" + seq + ",'key':'" + key + "'}");
    }

    private static JsonObject takeBack(JsonClient client, long seq, String key) throws Exception {
        return client.ask("{'type':'react','room':'java','seq':" + seq + ",'key':'" + key + "','off':true}");
    }

    private static String code(JsonObject error) {
        assertThat(error.getString("type")).as("%s", error).isEqualTo("error");
        return error.getString("code");
    }

    private static String shown(JsonObject event) {
        return event.getJsonArray("reactions").toString().replace('"', '\'');
    }

    private static String token(String user, String... rights) throws Exception {
        JwtClaims claims = Token.claims(user, "java");
        claims.setSubject(user);
        for (String right : rights) {
            claims.setStringListClaim(right, "java");
        }
        return Token.token(claims);
    }

    @Test
    void theReactionToAMessageThatMemoryHasLetGoGoesWithTheMessage() throws Exception {
        start(Where.DISK, "room.history=5");
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            for (int seq = 1; seq <= 5; seq++) {
                say(ann, "m" + seq);
            }
            assertThat(react(ann, 1, "ok").getInt("seq")).isEqualTo(6);
            say(ann, "m7");
            assertThat(ann.ask("{'type':'remove','room':'java','seq':1}").getInt("seq"))
                    .isEqualTo(8);
            assertThat(messages("/rooms/java/messages?after=4&changes=true"))
                    .extracting(entry -> entry.getInt("seq"))
                    .containsExactly(5, 7, 8);
        }
    }

    @ParameterizedTest
    @EnumSource
    void membersGetTheCountsAndAFreshReaderTheMessageWithThem(Where where) throws Exception {
        start(where);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"));
                JsonClient ben = new JsonClient(ws("/chat/java?name=Ben"));
                Client plain = new Client(ws("/chat/java"))) {
            say(ann, "one");
            say(ann, "two");
            assertThat(react(ben, 1, "ok").getInt("seq")).isEqualTo(3);
            JsonObject again = react(ben, 1, "ok");
            assertThat(again.getInt("seq")).isEqualTo(3);
            assertThat(again.getBoolean("duplicate")).isTrue();
            react(ann, 1, "ok");
            ann.ask("{'type':'edit','room':'java','seq':1,'text':'uno'}");
            assertThat(takeBack(ben, 1, "ok").getInt("seq")).isEqualTo(6);
            say(ann, "three");
            List<JsonObject> heard = new ArrayList<>();
            while (heard.isEmpty()
                    || !heard.get(heard.size() - 1).containsKey("text")
                    || heard.get(heard.size() - 1).getInt("seq") < 7) {
                heard.add(ben.nextMessageOrGap());
            }
            JsonObject last = heard.get(heard.size() - 2);
            assertThat(last.getInt("changes")).isEqualTo(1);
            assertThat(shown(last)).isEqualTo("[{'key':'ok','count':1,'names':['Ann']}]");
            assertThat(last.containsKey("text") || last.containsKey("reacted")).isFalse();
            JsonObject folded = messages("/rooms/java/messages?after=0&limit=1").get(0);
            assertThat(folded.getString("text")).isEqualTo("uno");
            assertThat(shown(folded)).isEqualTo("[{'key':'ok','count':1,'names':['Ann']}]");
            assertThat(folded.getInt("reacted")).isEqualTo(6);
            takeBack(ann, 1, "ok");
            folded = messages("/rooms/java/messages?after=0&limit=1").get(0);
            assertThat(shown(folded)).isEqualTo("[]");
            assertThat(folded.getInt("reacted")).isEqualTo(8);
            assertThat(messages("/rooms/java/messages?limit=2"))
                    .as("they count as no messages")
                    .extracting(message -> message.getString("text"))
                    .containsExactly("two", "three");
            assertThat(List.of(plain.next(), plain.next(), plain.next(), plain.next()))
                    .containsExactly("Ann: one", "Ann: two", "Ann: uno (edited)", "Ann: three");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatWasAwayGetsOneEventAMessage(Where where) throws Exception {
        start(where);
        List<JsonClient> all = new ArrayList<>();
        try {
            for (int i = 0; i < 20; i++) {
                all.add(new JsonClient(ws("/chat/java?name=n" + i)));
            }
            String epoch = all.get(0).next("joined").getString("epoch");
            say(all.get(0), "one");
            say(all.get(0), "two");
            for (JsonClient client : all) {
                react(client, 1, "ok");
                react(client, 2, "ok");
            }
            try (JsonClient late = new JsonClient(ws("/chat/java?name=Late&after=2&epoch=" + epoch))) {
                assertThat(late.next("joined").getBoolean("recovered")).isTrue();
                say(late, "three");
                for (int of = 1; of <= 2; of++) {
                    JsonObject event = late.nextMessageOrGap();
                    assertThat(event.getInt("changes")).isEqualTo(of);
                    assertThat(event.getInt("seq")).isEqualTo(40 + of);
                    JsonObject ok = event.getJsonArray("reactions").getJsonObject(0);
                    assertThat(ok.getInt("count")).isEqualTo(20);
                    assertThat(ok.getJsonArray("names")).hasSize(10);
                    assertThat(ok.getJsonArray("names").getString(0)).isEqualTo("n19");
                }
                assertThat(late.nextMessageOrGap().getString("text")).isEqualTo("three");
            }
        } finally {
            for (JsonClient client : all) {
                client.close();
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void aUserReactsOnceOnAllItsConnectionsAndApartFromNames(Where where) throws Exception {
        start(where, "access.mode=token", "access.secret=" + Token.SECRET);
        try (JsonClient ann = new JsonClient(ws("/chat/java?token=" + token("ann")));
                JsonClient again = new JsonClient(ws("/chat/java?token=" + token("ann")))) {
            say(ann, "one");
            assertThat(react(ann, 1, "ok").getBoolean("duplicate")).isFalse();
            assertThat(react(again, 1, "ok").getBoolean("duplicate")).isTrue();
            Got named = ask("PUT", "/rooms/java/messages/1/reactions/ok?from=ann", null);
            assertThat(named.status()).as(named.body()).isEqualTo(200);
            assertThat(shown(messages("/rooms/java/messages").get(0)))
                    .isEqualTo("[{'key':'ok','count':2,'users':['ann'],'names':['ann']}]");
            assertThat(takeBack(again, 1, "ok").getBoolean("duplicate")).isFalse();
            assertThat(shown(messages("/rooms/java/messages").get(0)))
                    .isEqualTo("[{'key':'ok','count':1,'names':['ann']}]");
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatCannotBeIsRefused(Where where) throws Exception {
        start(where, "room.reactions=2");
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"));
                JsonClient nobody = new JsonClient(ws("/chat/java"))) {
            say(ann, "one");
            say(ann, "two");
            react(ann, 1, "a");
            react(ann, 1, "b");
            assertThat(code(react(ann, 1, "c"))).isEqualTo("too-large");
            assertThat(takeBack(ann, 1, "c").getBoolean("duplicate")).isTrue();
            assertThat(takeBack(ann, 2, "c").getInt("seq")).as("never had one").isEqualTo(2);
            assertThat(code(react(nobody, 1, "a"))).isEqualTo("forbidden");
            assertThat(code(react(ann, 99, "a"))).isEqualTo("not-found");
            assertThat(code(react(ann, 3, "a"))).as("a reaction").isEqualTo("not-found");
            assertThat(code(react(ann, 1, "x".repeat(33)))).isEqualTo("bad-name");
            assertThat(code(ann.ask("{'type':'react','room':'java','seq':1,'key':'a','epoch':'other'}")))
                    .isEqualTo("other-epoch");
            ann.ask("{'type':'remove','room':'java','seq':1}");
            assertThat(code(react(ann, 1, "a"))).isEqualTo("not-found");
            assertThat(messages("/rooms/java/messages").get(0).containsKey("reactions"))
                    .isFalse();
        }
    }

    @Test
    void aMemberThatMayOnlyReadIsRefusedAndARoomMayTakeNone() throws Exception {
        start(Where.MEMORY, "access.mode=token", "access.secret=" + Token.SECRET, "room.reactions=0");
        JwtClaims reader = Token.claims("eve", "java");
        reader.setSubject("eve");
        reader.setStringListClaim("write", List.of());
        try (JsonClient ann = new JsonClient(ws("/chat/java?token=" + token("ann")));
                JsonClient eve = new JsonClient(ws("/chat/java?token=" + Token.token(reader)))) {
            say(ann, "one");
            assertThat(code(react(eve, 1, "ok"))).isEqualTo("forbidden");
            JsonObject none = react(ann, 1, "ok");
            assertThat(code(none)).isEqualTo("forbidden");
            assertThat(none.getString("reason")).contains("room.reactions=0");
            Got put = askAs("Bearer " + Token.token(reader), "PUT", REACTION, null);
            assertThat(put.status()).isEqualTo(403);
        }
    }

    @ParameterizedTest
    @EnumSource
    void overHttpTheyArePutAndDeletedAndPagesGetAnotherTag(Where where) throws Exception {
        start(where);
        post("java", "{'text':'one'}");
        post("java", "{'text':'two'}");
        String older = "/rooms/java/messages?after=0&limit=1";
        String before = get(older).header("ETag");
        assertThat(ask("PUT", REACTION, null).status()).as("of nobody").isEqualTo(403);
        Got put = ask("PUT", REACTION + "?from=Ann", null);
        assertThat(put.status()).as(put.body()).isEqualTo(200);
        assertThat(put.body()).contains("\"seq\":3");
        String after = get(older).header("ETag");
        assertThat(after).isNotEqualTo(before);
        assertThat(ask("PUT", REACTION + "?from=Ann", null).body()).contains("\"duplicate\":true");
        assertThat(shown(messages(older).get(0))).isEqualTo("[{'key':'\ud83d\udc4d','count':1,'names':['Ann']}]");
        assertThat(ask("DELETE", REACTION + "?from=Ann", null).body()).contains("\"seq\":4");
        assertThat(get(older).header("ETag")).isNotEqualTo(after);
        assertThat(ask("PUT", REACTION + "?from=Ann&epoch=other", null).status())
                .isEqualTo(409);
        assertThat(ask("PUT", REACTION + "?from=Ann", null, "If-Match", "\"x:1\"")
                        .status())
                .isEqualTo(422);
        assertThat(ask("PUT", "/rooms/java/messages/1/reactions/%20?from=Ann", null)
                        .status())
                .isEqualTo(422);
        assertThat(ask("PUT", "/rooms/java/messages/1/reactions/%FF?from=Ann", null)
                        .status())
                .isEqualTo(422);
        assertThat(ask("PUT", "/rooms/java/messages/9/reactions/ok?from=Ann", null)
                        .status())
                .isEqualTo(404);
        assertThat(askAs(null, "PUT", REACTION + "?from=Eve", null).status())
                .as("of a client that may not write over HTTP")
                .isEqualTo(401);
    }

    @Test
    void watchedRoomsHaveTheirLastMessageWithoutThem() throws Exception {
        start(Where.MEMORY);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            say(ann, "one");
            react(ann, 1, "ok");
            ann.ask("{'type':'watch','rooms':['java'],'last':true}");
            JsonObject room = ann.next("watched").getJsonArray("rooms").getJsonObject(0);
            assertThat(room.getJsonObject("last").getString("text")).isEqualTo("one");
            assertThat(room.getJsonObject("last").containsKey("reactions")).isFalse();
        }
    }
}
