package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import parley.client.ChangeReceipt;
import parley.client.ClientRoom;
import parley.client.Joining;
import parley.client.ParleyClient;
import parley.client.ParleyException;
import parley.client.RoomCallbacks;
import parley.client.RoomMessage;
import parley.testclient.Client;
import parley.testclient.ClientThreads;
import parley.testclient.JsonClient;
import parley.testclient.Token;

/** Messages that are edited and removed, over real sockets, in memory and on disk. */
class ChangesTest extends HttpBase {
    /** Where rooms are. */
    private enum Where {
        MEMORY,
        DISK
    }

    @TempDir
    private Path folder;

    private void start(Where where, String... more) throws Exception {
        List<String> settings = new java.util.ArrayList<>(List.of(more));
        settings.add("access.api-key=" + KEY);
        if (where == Where.DISK) {
            settings.add("data.folder=" + folder);
        }
        start(settings.toArray(new String[0]));
    }

    private static void say(JsonClient client, String... texts) throws Exception {
        for (String text : texts) {
            assertThat(client.ask("{'type':'say','room':'java','text':'" + text + "'}")
                            .getString("type"))
                    .isEqualTo("ack");
        }
    }

    private static String code(JsonObject error) {
        assertThat(error.getString("type")).as("%s", error).isEqualTo("error");
        return error.getString("code");
    }

    private static List<JsonObject> history(JsonClient client, String range) throws Exception {
        return client.ask("{'type':'history','room':'java'" + range + "}")
                .getJsonArray("messages")
                .getValuesAs(JsonObject.class);
    }

    @ParameterizedTest
    @EnumSource
    void membersHearOfAChangeAndHistoryHasItInItsMessage(Where where) throws Exception {
        start(where);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"));
                JsonClient ben = new JsonClient(ws("/chat/java?name=Ben"))) {
            say(ann, "one", "two", "three");
            assertThat(ann.ask("{'type':'edit','room':'java','seq':2,'text':'deux','id':'e'}")
                            .getInt("seq"))
                    .isEqualTo(4);
            assertThat(ann.ask("{'type':'edit','room':'java','seq':2,'text':'deux','id':'e'}")
                            .getBoolean("duplicate"))
                    .isTrue();
            assertThat(ann.ask("{'type':'remove','room':'java','seq':3}").getInt("seq"))
                    .isEqualTo(5);
            for (int i = 1; i <= 3; i++) {
                ben.nextMessageOrGap();
            }
            JsonObject edit = ben.nextMessageOrGap();
            assertThat(edit.getInt("seq")).isEqualTo(4);
            assertThat(edit.getInt("changes")).isEqualTo(2);
            assertThat(edit.getString("text")).isEqualTo("deux");
            assertThat(edit.getString("from")).isEqualTo("Ann");
            JsonObject removal = ben.nextMessageOrGap();
            assertThat(removal.getInt("changes")).isEqualTo(3);
            assertThat(removal.getBoolean("removed")).isTrue();
            assertThat(removal.containsKey("text")).isFalse();

            List<JsonObject> folded = history(ben, "");
            assertThat(folded).extracting(message -> message.getInt("seq")).containsExactly(1, 2, 3);
            assertThat(folded.get(1).getString("text")).isEqualTo("deux");
            assertThat(folded.get(1).getJsonObject("edited").getInt("seq")).isEqualTo(4);
            assertThat(folded.get(1).getJsonObject("edited").getString("from")).isEqualTo("Ann");
            assertThat(folded.get(2).getBoolean("removed")).isTrue();
            assertThat(folded.get(2).containsKey("text")).isFalse();
            assertThat(history(ben, ",'limit':2"))
                    .extracting(message -> message.getInt("seq"))
                    .containsExactly(2, 3);
            assertThat(history(ben, ",'after':1,'changes':true"))
                    .extracting(message -> message.getInt("seq"))
                    .containsExactly(2, 3, 4, 5);
            assertThat(history(ben, ",'after':3,'limit':1")).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatWasAwayHearsTheNewestOfSeveralChanges(Where where) throws Exception {
        start(where);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            String epoch = ann.next("joined").getString("epoch");
            say(ann, "one", "two");
            for (int i = 0; i < 5; i++) {
                ann.ask("{'type':'edit','room':'java','seq':1,'text':'e" + i + "'}");
            }
            say(ann, "three");
            try (JsonClient ben = new JsonClient(ws("/chat/java?name=Ben&after=2&epoch=" + epoch))) {
                assertThat(ben.next("joined").getBoolean("recovered")).isTrue();
                JsonObject change = ben.nextMessageOrGap();
                assertThat(change.getInt("seq")).isEqualTo(7);
                assertThat(change.getString("text")).isEqualTo("e4");
                assertThat(ben.nextMessageOrGap().getString("text")).isEqualTo("three");
            }
            try (JsonClient cat = new JsonClient(ws("/chat/java?name=Cat&history=2"))) {
                assertThat(cat.nextMessageOrGap().getString("text"))
                        .as("2 messages back")
                        .isEqualTo("two");
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void onlyItsOwnMessagesAreChangedByAConnection(Where where) throws Exception {
        start(where);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"));
                JsonClient ben = new JsonClient(ws("/chat/java?name=Ann"))) {
            say(ann, "one");
            assertThat(code(ben.ask("{'type':'edit','room':'java','seq':1,'text':'mine'}")))
                    .isEqualTo("forbidden");
            assertThat(code(ben.ask("{'type':'remove','room':'java','seq':1}"))).isEqualTo("forbidden");
            assertThat(code(ann.ask("{'type':'remove','room':'java','seq':7}"))).isEqualTo("not-found");
            assertThat(code(ann.ask("{'type':'edit','room':'java','seq':1}"))).isEqualTo("missing-field");
            assertThat(code(ann.ask("{'type':'edit','room':'java','seq':1,'text':'x','epoch':'other'}")))
                    .isEqualTo("other-epoch");
            assertThat(code(ann.ask("{'type':'edit','room':'tea','seq':1,'text':'x'}")))
                    .isEqualTo("not-a-member");
            assertThat(ann.ask("{'type':'remove','room':'java','seq':1}").getString("type"))
                    .isEqualTo("ack");
            assertThat(code(ann.ask("{'type':'edit','room':'java','seq':1,'text':'x'}")))
                    .isEqualTo("not-found");
        }
    }

    @ParameterizedTest
    @EnumSource
    void plainMembersSeeAnEditAsALine(Where where) throws Exception {
        start(where);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"));
                Client ben = new Client(ws("/chat/java"))) {
            ann.next("joined");
            say(ann, "one", "two");
            assertThat(List.of(ben.next(), ben.next())).containsExactly("Ann: one", "Ann: two"); // else it reads "uno"
            ann.ask("{'type':'edit','room':'java','seq':1,'text':'uno'}");
            ann.ask("{'type':'remove','room':'java','seq':2}");
            say(ann, "three");
            assertThat(List.of(ben.next(), ben.next())).containsExactly("Ann: uno (edited)", "Ann: three");
        }
    }

    @ParameterizedTest
    @CsvSource({"MEMORY,50", "DISK,50", "DISK,1"})
    void aPlainMemberThatJoinsReadsEachMessageAsItIsAndLaterEditsAsLines(Where where, int inMemory) throws Exception {
        start(where, "room.history=" + inMemory);
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            String epoch = ann.next("joined").getString("epoch");
            say(ann, "one", "two", "three");
            ann.ask("{'type':'edit','room':'java','seq':2,'text':'deux'}");
            ann.ask("{'type':'remove','room':'java','seq':1}");
            try (Client ben = new Client(ws("/chat/java?history=10"));
                    Client returned = new Client(ws("/chat/java?after=3&epoch=" + epoch))) {
                assertThat(List.of(ben.next(), ben.next())).containsExactly("Ann: deux", "Ann: three");
                assertThat(returned.next()).isEqualTo("Ann: deux (edited)");
                ann.ask("{'type':'edit','room':'java','seq':3,'text':'trois'}");
                assertThat(ben.next()).isEqualTo("Ann: trois (edited)");
                assertThat(returned.next()).isEqualTo("Ann: trois (edited)");
            }
        }
    }

    @Test
    void plainMembersSeeNothingOfEditsWhereTheSettingSaysSo() throws Exception {
        start(Where.MEMORY, "room.plain-changes=hide");
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"));
                Client ben = new Client(ws("/chat/java"))) {
            ann.next("joined");
            say(ann, "one");
            assertThat(ben.next()).isEqualTo("Ann: one");
            ann.ask("{'type':'edit','room':'java','seq':1,'text':'uno'}");
            say(ann, "two");
            assertThat(ben.next()).isEqualTo("Ann: two");
            try (Client cat = new Client(ws("/chat/java?history=2"))) {
                assertThat(List.of(cat.next(), cat.next())).containsExactly("Ann: uno", "Ann: two");
            }
        }
    }

    private static String token(String user, String... changes) throws Exception {
        JwtClaims claims = Token.claims(user, "java");
        claims.setSubject(user);
        for (String claim : changes) {
            claims.setStringListClaim(claim, "java");
        }
        return Token.token(claims);
    }

    @ParameterizedTest
    @EnumSource
    void usersChangeTheirOwnMessagesOnAnyConnectionAndModeratorsThoseOfAll(Where where) throws Exception {
        start(where, "access.mode=token", "access.secret=" + Token.SECRET);
        try (JsonClient ann = new JsonClient(ws("/chat/java?token=" + token("ann")))) {
            say(ann, "one", "two", "three");
        }
        try (JsonClient again = new JsonClient(ws("/chat/java?token=" + token("ann")));
                JsonClient ben = new JsonClient(ws("/chat/java?token=" + token("ben")));
                JsonClient mod = new JsonClient(ws("/chat/java?token=" + token("mod", "remove")))) {
            assertThat(again.ask("{'type':'edit','room':'java','seq':1,'text':'uno'}")
                            .getString("type"))
                    .isEqualTo("ack");
            assertThat(code(ben.ask("{'type':'edit','room':'java','seq':2,'text':'x'}")))
                    .isEqualTo("forbidden");
            assertThat(code(mod.ask("{'type':'edit','room':'java','seq':2,'text':'x'}")))
                    .isEqualTo("forbidden");
            assertThat(mod.ask("{'type':'remove','room':'java','seq':2}").getInt("seq"))
                    .isEqualTo(5);
            JsonObject removal = ben.next("message", "java");
            assertThat(removal.getInt("changes")).isEqualTo(1);
            removal = ben.next("message", "java");
            assertThat(removal.getString("user")).as("by whom").isEqualTo("mod");
        }
        String path = "/rooms/java/messages/3";
        String body = "{\"text\":\"drei\"}";
        assertThat(askAs("Bearer " + token("ben"), "PATCH", path, body, JSON).status())
                .isEqualTo(403);
        assertThat(askAs("Bearer " + token("ann"), "PATCH", path, body, JSON).status())
                .isEqualTo(200);
        assertThat(askAs("Bearer " + token("mod", "remove"), "DELETE", path, null)
                        .status())
                .isEqualTo(200);
    }

    private static final String[] JSON = {"Content-Type", "application/json"};

    private Got patch(String path, String body) throws Exception {
        return ask("PATCH", path, body, JSON);
    }

    @ParameterizedTest
    @EnumSource
    void messagesAreChangedOverHttpAndPagesGetAnotherTag(Where where) throws Exception {
        start(where);
        for (String text : List.of("one", "two", "three")) {
            assertThat(post("java", "{'text':'" + text + "'}").status()).isEqualTo(201);
        }
        String newest = "/rooms/java/messages?limit=1";
        String older = "/rooms/java/messages?after=0&limit=2";
        String newestTag = get(newest).header("ETag");
        String olderTag = get(older).header("ETag");
        Got edited = patch("/rooms/java/messages/1", "{\"text\":\"uno\"}");
        assertThat(edited.status()).as(edited.body()).isEqualTo(200);
        assertThat(edited.body()).contains("\"seq\":4", "\"room\":\"java\"");
        assertThat(get(newest).header("ETag")).as("the room has gone on").isNotEqualTo(newestTag);
        assertThat(get(older).header("ETag")).isNotEqualTo(olderTag);
        assertThat(get(older).body()).contains("\"edited\":{\"seq\":4", "\"uno\"");
        assertThat(post("java", "{'text':'x'}", "If-Match", get(newest).header("ETag"))
                        .status())
                .isEqualTo(201);
        assertThat(ask("DELETE", "/rooms/java/messages/2", null).status()).isEqualTo(200);
        assertThat(ask("DELETE", "/rooms/java/messages/2", null).body()).contains("\"duplicate\":true");
        assertThat(ask("DELETE", "/rooms/java/messages/99", null).status()).isEqualTo(404);
        assertThat(ask("DELETE", "/rooms/java/messages/x", null).status()).isEqualTo(404);
        assertThat(patch("/rooms/java/messages/1", "{}").status()).isEqualTo(422);
        assertThat(askAs(null, "PATCH", "/rooms/java/messages/1", "{\"text\":\"x\"}", JSON)
                        .status())
                .isIn(401, 403);
        assertThat(get("/rooms/java/messages?after=0").body())
                .contains("\"removed\":true")
                .doesNotContain("two");
        assertThat(get("/rooms/java/messages?after=3&changes=true").body()).contains("\"changes\":1", "\"changes\":2");
    }

    @ParameterizedTest
    @EnumSource
    void aChangeOfAnotherHistoryOrWithAConditionChangesNothing(Where where) throws Exception {
        start(where);
        JsonObject said = post("java", "{'text':'one'}").json();
        String path = "/rooms/java/messages/" + said.getInt("seq");
        Got other = patch(path + "?epoch=other", "{\"text\":\"x\"}");
        assertThat(other.status()).as(other.body()).isEqualTo(409);
        assertThat(other.code()).isEqualTo("other-epoch");
        assertThat(ask("DELETE", path + "?epoch=other", null).code()).isEqualTo("other-epoch");
        String tag = get("/rooms/java/messages").header("ETag");
        assertThat(ask("PATCH", path, "{\"text\":\"x\"}", JSON[0], JSON[1], "If-Match", tag)
                        .status())
                .isEqualTo(422);
        assertThat(ask("DELETE", path, null, "If-Match", tag).status()).isEqualTo(422);
        assertThat(get("/rooms/java/messages").header("ETag")).isEqualTo(tag);
        String epoch = said.getString("epoch");
        assertThat(patch(path + "?epoch=" + epoch, "{\"text\":\"x\"}").status()).isEqualTo(200);
        assertThat(ask("DELETE", path + "?epoch=" + epoch, null).status()).isEqualTo(200);
    }

    @Test
    void aRetriedChangeIsAnsweredWithItsEpochAlsoWhenItHasLeftMemory() throws Exception {
        start(Where.DISK, "room.history=2");
        post("java", "{'text':'one'}");
        String edit = "{\"text\":\"uno\",\"id\":\"e\"}";
        JsonObject first = patch("/rooms/java/messages/1", edit).json();
        for (int i = 0; i < 10; i++) {
            post("java", "{'text':'more'}");
        }
        JsonObject again = patch("/rooms/java/messages/1", edit).json();
        assertThat(again.getBoolean("duplicate")).isTrue();
        assertThat(again.getInt("seq")).isEqualTo(first.getInt("seq"));
        assertThat(again.getString("epoch", "none")).isEqualTo(first.getString("epoch"));
        assertThat(again.getString("at", "none")).isEqualTo(first.getString("at"));
    }

    @ParameterizedTest
    @EnumSource
    void theJavaClientChangesWhatItHasSaidAndNothingElse(Where where) throws Exception {
        start(where);
        BlockingQueue<RoomMessage> messages = new LinkedBlockingQueue<>();
        BlockingQueue<RoomMessage> changes = new LinkedBlockingQueue<>();
        try (JsonClient ben = new JsonClient(ws("/chat/java?name=Ben"));
                ClientThreads threads = new ClientThreads();
                ParleyClient client = threads.client(ws("/chat")).name("Ann").build()) {
            say(ben, "one");
            ClientRoom room = client.join("java", Joining.live().callbacks(new RoomCallbacks() {
                @Override
                public void message(RoomMessage message) {
                    messages.add(message);
                }

                @Override
                public void changed(RoomMessage change) {
                    changes.add(change);
                }
            }));
            room.joined().get(10, TimeUnit.SECONDS);
            room.say("two").get(10, TimeUnit.SECONDS);
            RoomMessage two = messages.poll(10, TimeUnit.SECONDS);

            ChangeReceipt edited = room.edit(two, "deux").get(10, TimeUnit.SECONDS);
            RoomMessage change = changes.poll(10, TimeUnit.SECONDS);
            assertThat(change.seq()).isEqualTo(edited.seq());
            assertThat(change.changes()).isEqualTo(two.seq());
            assertThat(change.text()).isEqualTo("deux");
            ChangeReceipt removed = room.remove(change).get(10, TimeUnit.SECONDS);
            assertThat(changes.poll(10, TimeUnit.SECONDS).isRemoved()).isTrue();
            assertThat(room.remove(two.seq()).get(10, TimeUnit.SECONDS))
                    .isEqualTo(new ChangeReceipt(removed.seq(), true));
            assertThat(room.edit(1, "uno").handle((done, failure) -> ((ParleyException) failure).code()))
                    .succeedsWithin(Duration.ofSeconds(10))
                    .isEqualTo("forbidden");
        }
    }
}
