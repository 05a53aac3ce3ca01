package parley.standalone;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;
import static parley.testclient.JsonClient.quoted;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import jakarta.json.JsonString;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.session.Ending;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** Every row of {@code docs/protocol.md} that is about JSON, against the running server. */
class JsonProtocolTest extends ServerBase {

    private JsonClient open(String path) {
        return new JsonClient(ws(path));
    }

    /** Opens a session and takes what every session begins with. */
    private JsonClient enter(String path) throws InterruptedException {
        JsonClient client = open(path);
        client.next("welcome");
        client.next("joined");
        return client;
    }

    private static JsonObject without(JsonObject event, String... fields) {
        JsonObjectBuilder rest = Json.createObjectBuilder(event);
        List.of(fields).forEach(rest::remove);
        return rest.build();
    }

    private static JsonObject json(String text) {
        return parse(quoted(text));
    }

    private static List<String> names(JsonObject event, String field) {
        return event.getJsonArray(field).getValuesAs(JsonString::getString);
    }

    private static List<Long> seqs(JsonObject page) {
        return page.getJsonArray("messages").getValuesAs(JsonObject.class).stream()
                .map(message -> message.getJsonNumber("seq").longValue())
                .toList();
    }

    private static List<String> texts(List<JsonObject> events) {
        return events.stream().map(event -> event.getString("text")).toList();
    }

    private static void sayMany(JsonClient client, String room, int from, int to) throws InterruptedException {
        StringBuilder lines = new StringBuilder();
        for (int i = from; i <= to; i++) {
            lines.append(quoted("{'type':'say','room':'" + room + "','text':'m" + i + "'}\n"));
        }
        client.send(lines.toString());
        for (int i = from; i <= to; i++) {
            client.next("ack");
            client.next("message");
        }
    }

    @Test
    void aConnectionBeginsWithWelcomeAndJoined() throws Exception {
        start("limits.rooms-per-connection=7", "limits.commands-per-second=50", "limits.bytes-per-second=2MiB");
        try (Client plain = new Client(ws("/chat/java"), "other.v2", "parley.v1.json")) {
            assertThat(plain.subprotocol()).isEqualTo("parley.v1.json");
        }
        try (JsonClient client = open("/chat/java?name=Ann")) {
            JsonObject welcome = client.next();
            assertThat(welcome.getString("session")).matches("[a-z0-9]+");
            assertThat(without(welcome, "session"))
                    .isEqualTo(json("{'type':'welcome','name':'Ann','limits':"
                            + "{'bytes':65536,'commandBytes':262144,'rooms':7,'rate':50,'bytesPerSecond':2097152}}"));
            JsonObject joined = client.next();
            assertThat(joined.getString("epoch")).matches("[a-z0-9]+");
            assertThat(without(joined, "epoch", "count")).isEqualTo(json("{'type':'joined','room':'java','seq':0}"));
        }
    }

    @Test
    void whoAsksForNoSubprotocolOrAnotherSpeaksPlainText() throws Exception {
        start();
        try (Client none = new Client(ws("/chat"));
                JsonClient json = enter("/chat?name=Ann")) {
            none.say("{\"type\":\"ping\"}");
            assertThat(none.next()).isEqualTo("{\"type\":\"ping\"}");
            assertThat(json.next("message").getString("text")).isEqualTo("{\"type\":\"ping\"}");
            json.ask("{'type':'say','room':'lobby','text':'hi'}");
            json.ask("{'type':'say','room':'lobby','data':{'a' : [1, null]}}");
            assertThat(none.next(2)).containsExactly("Ann: hi", "Ann: {\"a\":[1,null]}");
        }
        try (RawClient other = RawClient.handshake(server.port(), "/chat", 0, "Sec-WebSocket-Protocol: other\r\n")) {
            assertThat(other.status()).isEqualTo(101);
            assertThat(other.response().toLowerCase(java.util.Locale.ROOT)).doesNotContain("sec-websocket-protocol");
        }
    }

    @Test
    void sayIsAcknowledgedWithItsPlaceAndReachesEveryMember() throws Exception {
        start();
        try (JsonClient ann = enter("/chat/java?name=Ann");
                JsonClient nameless = enter("/chat/java")) {
            Instant before = Instant.now().minusMillis(1);
            JsonObject ack = ann.ask("{'type':'say','room':'java','text':'h\\u00e9 \\ud83d\\ude00','id':'i1'}");
            assertThat(without(ack, "ref")).isEqualTo(json("{'type':'ack','room':'java','seq':1,'duplicate':false}"));
            JsonObject seen = nameless.next();
            assertThat(Instant.parse(seen.getString("at"))).isBetween(before, Instant.now());
            assertThat(seen.getString("at")).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z");
            assertThat(without(seen, "at"))
                    .isEqualTo(json("{'type':'message','room':'java','seq':1,'from':'Ann','id':'i1','text':'hé 😀'}"));
            assertThat(ann.next("message")).isEqualTo(seen);
            nameless.ask(
                    "{'type':'say','room':'java','data':{'x':[1.50,true,null,'\\n'],'big':123456789012345678901}}");
            assertThat(without(ann.next("message"), "at"))
                    .isEqualTo(json("{'type':'message','room':'java','seq':2,"
                            + "'data':{'x':[1.50,true,null,'\\n'],'big':123456789012345678901}}"));
        }
    }

    @Test
    void aSecondSayWithTheSameIdIsNotPublishedAgain() throws Exception {
        start("room.history=3", "room.window=3");
        try (JsonClient ann = enter("/chat/java")) {
            ann.ask("{'type':'say','room':'java','text':'one','id':'i1'}");
        }
        try (JsonClient again = enter("/chat/java")) {
            JsonObject ack = again.ask("{'type':'say','room':'java','text':'one','id':'i1'}");
            assertThat(without(ack, "ref")).isEqualTo(json("{'type':'ack','room':'java','seq':1,'duplicate':true}"));
            assertThat(again.soFar()).isEmpty();
            sayMany(again, "java", 1, 3);
            ack = again.ask("{'type':'say','room':'java','text':'one','id':'i1'}");
            assertThat(ack.getBoolean("duplicate"))
                    .as("the log does not remember it any more")
                    .isFalse();
            assertThat(ack.getInt("seq")).isEqualTo(5);
        }
    }

    @Test
    void aConnectionMayBeInManyRooms() throws Exception {
        start("limits.rooms-per-connection=3");
        try (JsonClient ann = enter("/chat/a?name=Ann");
                JsonClient bob = enter("/chat/b?name=Bob")) {
            JsonObject joined = ann.ask("{'type':'join','room':'b'}");
            assertThat(without(joined, "ref", "epoch"))
                    .isEqualTo(json("{'type':'joined','room':'b','seq':0,'count':2}"));
            bob.ask("{'type':'say','room':'b','text':'hi'}");
            assertThat(ann.next("message").getString("room")).isEqualTo("b");
            assertThat(ann.ask("{'type':'join','room':'c'}").getString("type")).isEqualTo("joined");
            JsonObject refused = ann.ask("{'type':'join','room':'d'}");
            assertThat(without(refused, "ref", "reason"))
                    .isEqualTo(json("{'type':'error','code':'too-many-rooms','room':'d'}"));
            assertThat(without(ann.ask("{'type':'leave','room':'b'}"), "ref"))
                    .isEqualTo(json("{'type':'left','room':'b'}"));
            bob.ask("{'type':'say','room':'b','text':'not for Ann'}");
            assertThat(ann.ask("{'type':'say','room':'b','text':'x'}").getString("code"))
                    .isEqualTo("not-a-member");
            assertThat(ann.ask("{'type':'join','room':'d'}").getString("type")).isEqualTo("joined");
            assertThat(ann.ask("{'type':'join','room':'d'}").getInt("count"))
                    .as("it is in already")
                    .isEqualTo(1);
            assertThat(ann.soFar()).isEmpty();
        }
    }

    @Test
    void oneRoomTooManyForTheServerIsAnError() throws Exception {
        start("limits.rooms=1");
        try (JsonClient ann = enter("/chat/a")) {
            assertThat(ann.ask("{'type':'join','room':'b'}").getString("code")).isEqualTo("too-many-rooms");
            assertThat(open("/chat/b").closed()).isEqualTo("1013 too many rooms");
        }
    }

    @Test
    void aJoinStartsWithAsMuchHistoryAsItAsksFor() throws Exception {
        start();
        try (JsonClient ann = enter("/chat/java")) {
            sayMany(ann, "java", 1, 5);
            try (JsonClient bob = open("/chat/java?history=2")) {
                bob.next("welcome");
                assertThat(bob.next("joined").getInt("seq")).isEqualTo(5);
                assertThat(texts(bob.next(2))).containsExactly("m4", "m5");
                JsonObject again = bob.ask("{'type':'join','room':'java','history':3}");
                assertThat(again.containsKey("recovered")).isFalse();
                assertThat(texts(bob.next(3))).containsExactly("m3", "m4", "m5");
                bob.ask("{'type':'join','room':'java','history':1000000000000}");
                assertThat(texts(bob.next(5))).containsExactly("m1", "m2", "m3", "m4", "m5");
            }
        }
    }

    @Test
    void whoResumesGetsEverythingSince() throws Exception {
        start("room.history=5", "room.window=5");
        try (JsonClient ann = enter("/chat/java")) {
            JsonObject joined = ann.ask("{'type':'join','room':'java'}");
            String epoch = joined.getString("epoch");
            sayMany(ann, "java", 1, 5);
            String after2 = "{'type':'join','room':'java','after':{'epoch':'" + epoch + "','seq':2}}";

            JsonObject recovered = ann.ask(after2);
            assertThat(without(recovered, "ref", "count"))
                    .isEqualTo(
                            json("{'type':'joined','room':'java','epoch':'" + epoch + "','seq':5,'recovered':true}"));
            assertThat(texts(ann.next(3))).containsExactly("m3", "m4", "m5");

            try (JsonClient address = open("/chat/java?after=4&epoch=" + epoch)) {
                address.next("welcome");
                assertThat(address.next("joined").getBoolean("recovered")).isTrue();
                assertThat(texts(address.next(1))).containsExactly("m5");
            }

            sayMany(ann, "java", 6, 8);
            assertThat(ann.ask(after2).getBoolean("recovered")).isFalse();
            List<JsonObject> rest = ann.next(6);
            assertThat(rest.get(0)).isEqualTo(json("{'type':'gap','room':'java','after':2,'before':4,'missed':1}"));
            assertThat(texts(rest.subList(1, rest.size()))).containsExactly("m4", "m5", "m6", "m7", "m8");
        }
    }

    @Test
    void whoResumesAfterAnotherEpochStartsAnew() throws Exception {
        start();
        try (JsonClient ann = enter("/chat/java")) {
            sayMany(ann, "java", 1, 3);
            assertThat(ann.ask("{'type':'join','room':'java','after':{'epoch':'other','seq':2}}")
                            .getBoolean("recovered"))
                    .isFalse();
            assertThat(texts(ann.next(3))).containsExactly("m1", "m2", "m3");
            try (JsonClient bob = open("/chat/nobody-was-here?after=7&epoch=x")) {
                bob.next("welcome");
                assertThat(bob.next("joined").getBoolean("recovered")).isFalse();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"after=1", "epoch=x", "after=x&epoch=x", "after=-1&epoch=x", "after=1&epoch=x&history=1"})
    void aHandshakeThatResumesHalfIsRefused(String query) throws Exception {
        start();
        try (RawClient client = RawClient.handshake(server.port(), "/chat/java?" + query, 0, "")) {
            assertThat(client.status()).isEqualTo(400);
            assertThat(client.body()).contains("epoch");
        }
    }

    @Test
    void historyPagesBackwardsAndForwards() throws Exception {
        start("room.history=10", "room.window=10");
        try (JsonClient ann = enter("/chat/java")) {
            sayMany(ann, "java", 1, 6);
            sayMany(ann, "java", 7, 12);
            JsonObject newest = ann.ask("{'type':'history','room':'java','limit':3}");
            assertThat(seqs(newest)).containsExactly(10L, 11L, 12L);
            assertThat(newest.getBoolean("more")).isTrue();
            assertThat(newest.getString("epoch")).isNotEmpty();
            JsonObject first = newest.getJsonArray("messages").getJsonObject(0);
            assertThat(without(first, "at")).isEqualTo(json("{'type':'message','room':'java','seq':10,'text':'m10'}"));
            JsonObject older = ann.ask("{'type':'history','room':'java','before':6,'limit':100}");
            assertThat(seqs(older)).containsExactly(3L, 4L, 5L);
            assertThat(older.getBoolean("more")).isFalse();
            JsonObject newer = ann.ask("{'type':'history','room':'java','after':0,'limit':2}");
            assertThat(seqs(newer)).containsExactly(3L, 4L);
            assertThat(newer.getBoolean("more")).isTrue();
            assertThat(seqs(ann.ask("{'type':'history','room':'java','after':12}")))
                    .isEmpty();
            assertThat(seqs(ann.ask("{'type':'history','room':'java','before':0}")))
                    .isEmpty();
            assertThat(seqs(ann.ask("{'type':'history','room':'java','after':999999999999999999}")))
                    .isEmpty();
        }
    }

    @Test
    void aPageOfHistoryIsBoundedInBytesAndSaysThereIsMore() throws Exception {
        start("room.batch-bytes=1KiB");
        try (JsonClient ann = enter("/chat/java")) {
            String large = "x".repeat(2_000);
            for (int i = 0; i < 3; i++) {
                ann.ask("{'type':'say','room':'java','text':'" + large + "'}");
            }
            List<Long> all = new ArrayList<>();
            JsonObject page = ann.ask("{'type':'history','room':'java','after':0}");
            while (page.getBoolean("more")) {
                assertThat(seqs(page)).hasSize(1);
                all.addAll(seqs(page));
                page = ann.ask("{'type':'history','room':'java','after':" + all.get(all.size() - 1) + "}");
            }
            all.addAll(seqs(page));
            assertThat(all).containsExactly(1L, 2L, 3L);
        }
    }

    @Test
    void whoListsNamesAndCountsEverybody() throws Exception {
        start("room.presence-names=2");
        try (JsonClient ann = enter("/chat/java?name=Ann");
                JsonClient other = enter("/chat/java?name=Ann");
                JsonClient nameless = enter("/chat/java");
                Client plain = new Client(ws("/chat/java?name=Bob"))) {
            awaitMembers(4);
            assertThat(without(ann.ask("{'type':'who','room':'java'}"), "ref"))
                    .isEqualTo(json("{'type':'members','room':'java','names':['Ann','Bob'],'count':4,'more':false}"));
            try (JsonClient third = enter("/chat/java?name=Cay")) {
                JsonObject members = third.ask("{'type':'who','room':'java'}");
                assertThat(members.getBoolean("more")).isTrue();
                assertThat(names(members, "names")).hasSize(2);
            }
        }
    }

    @Test
    void presenceTellsTheFirstOfANameAndTheLast() throws Exception {
        start();
        try (JsonClient ann = enter("/chat/java?name=Ann")) {
            assertThat(ann.presence())
                    .isEqualTo(json("{'type':'presence','room':'java','joined':['Ann'],'left':[],'count':1}"));
            Client one = new Client(ws("/chat/java?name=Bob"));
            assertThat(ann.presence())
                    .isEqualTo(json("{'type':'presence','room':'java','joined':['Bob'],'left':[],'count':2}"));
            Client two = new Client(ws("/chat/java?name=Bob"));
            assertThat(ann.presence())
                    .isEqualTo(json("{'type':'presence','room':'java','joined':[],'left':[],'count':3}"));
            one.close();
            assertThat(ann.presence())
                    .isEqualTo(json("{'type':'presence','room':'java','joined':[],'left':[],'count':2}"));
            two.close();
            assertThat(ann.presence())
                    .isEqualTo(json("{'type':'presence','room':'java','joined':[],'left':['Bob'],'count':1}"));
            assertThat(ann.ask("{'type':'rename','name':'Ann B.'}").getString("type"))
                    .isEqualTo("ack");
            assertThat(ann.presence())
                    .isEqualTo(json("{'type':'presence','room':'java','joined':['Ann B.'],'left':['Ann'],'count':1}"));
            ann.ask("{'type':'say','room':'java','text':'x'}");
            assertThat(ann.next("message").getString("from")).isEqualTo("Ann B.");
        }
    }

    @Test
    void signalsReachMembersAndAreNotKept() throws Exception {
        start();
        try (JsonClient ann = enter("/chat/java?name=Ann");
                JsonClient bob = enter("/chat/java")) {
            assertThat(without(ann.ask("{'type':'signal','room':'java','data':{'typing':true}}"), "ref"))
                    .isEqualTo(json("{'type':'ack','room':'java'}"));
            JsonObject signal = json("{'type':'signal','room':'java','from':'Ann','data':{'typing':true}}");
            assertThat(bob.next()).isEqualTo(signal);
            assertThat(ann.next()).isEqualTo(signal);
            assertThat(seqs(bob.ask("{'type':'history','room':'java'}"))).isEmpty();
            try (JsonClient late = enter("/chat/java?history=10")) {
                assertThat(late.soFar()).isEmpty();
            }
        }
    }

    @Test
    void aStateIsShownToMembersAndToThoseThatComeLater() throws Exception {
        start("room.presence-interval=20ms");
        try (JsonClient ann = enter("/chat/java?name=Ann");
                JsonClient bob = enter("/chat/java?name=Bob");
                JsonClient nameless = enter("/chat/java")) {
            String large = "{'a':'" + "é".repeat(508) + "'}";
            assertThat(ann.ask("{'type':'state','room':'java','state':" + large + "}")
                            .getString("type"))
                    .isEqualTo("ack");
            assertThat(ann.ask("{'type':'state','room':'java','state':" + large.replace("'}", "x'}") + "}")
                            .getString("code"))
                    .isEqualTo("too-large");
            assertThat(nameless.ask("{'type':'state','room':'java','state':{}}").getString("code"))
                    .isEqualTo("bad-name");
            ann.ask("{'type':'state','state':{ 'n' : 1.50, '__proto__': [] },'data':0,'room':'java'}");
            String shown = quoted("{'name':'Ann','connections':1,'state':{'n':1.50,'__proto__':[]}}");
            while (!bob.presence().toString().contains(shown)) {
                // until it is told
            }
            assertThat(nameless.ask("{'type':'who','room':'java'}").getJsonArray("members"))
                    .hasToString("[" + shown + "]");
            ann.close();
            while (!bob.presence().toString().contains(quoted("'gone':[{'name':'Ann'}]"))) {
                // until it is told
            }
            assertThat(bob.ask("{'type':'who','room':'java'}")).doesNotContainKey("members");
            assertThat(server.parley().rooms().presence().states().bytes()).isZero();
        }
    }

    @ParameterizedTest
    @CsvFileSource(resources = "/commands.csv", delimiter = '|', quoteCharacter = '`')
    void oneAnswerToEachCommandRightOrWrong(String command, String answer) throws Exception {
        start();
        try (JsonClient client = enter("/chat")) {
            client.send(quoted(command.equals("''") ? "" : command.replace("\\r", "\r")));
            JsonObject got = client.next();
            assertThat(without(got, "reason")).isEqualTo(json(answer));
            if (got.getString("type").equals("error")) {
                assertThat(got.getString("reason")).hasSizeGreaterThan(10);
            }
            assertThat(client.soFar()).isEmpty();
        }
    }

    @Test
    void whatIsTooLargeIsAnErrorAndTheConnectionGoesOn() throws Exception {
        start("limits.message-bytes=100", "limits.command-bytes=1KiB");
        try (JsonClient client = enter("/chat")) {
            String limit = "é".repeat(50);
            assertThat(client.ask("{'type':'say','room':'lobby','text':'" + limit + "'}")
                            .getString("type"))
                    .isEqualTo("ack");
            for (String command : List.of(
                    "{'type':'say','room':'lobby','text':'" + limit + "x'}",
                    "{'type':'say','room':'lobby','data':['" + limit + "']}",
                    "{'type':'signal','room':'lobby','data':['" + limit + "']}",
                    "{'type':'say','room':'lobby','text':'x','id':'" + "i".repeat(65) + "'}")) {
                assertThat(client.ask(command).getString("code")).as(command).isEqualTo("too-large");
            }
            client.send(quoted("{'type':'say','room':'lobby','data':" + "[".repeat(32) + "]".repeat(32) + "}"));
            assertThat(client.next("error").getString("code")).isEqualTo("too-large");
            client.ask("{'type':'say','room':'lobby','data':" + "[".repeat(31) + "]".repeat(31) + "}");
            client.send(" ".repeat(1025));
            assertThat(client.closed()).startsWith("1009");
        }
    }

    /** A frame that is too long is refused by its header; a message of small frames by what they add up to. */
    @Test
    void aMessageOverTheLimitInPartsClosesWith1009() throws Exception {
        start("limits.message-bytes=100", "limits.command-bytes=1KiB");
        byte[] limit = " ".repeat(1024).getBytes(UTF_8);
        try (RawClient client = RawClient.openJson(server.port(), "/chat", 0)) {
            client.frame(false, RawClient.TEXT, limit);
            client.frame(true, RawClient.CONTINUATION, new byte[0]);
            client.frame(false, RawClient.TEXT, limit);
            client.frame(false, RawClient.CONTINUATION, " ".getBytes(UTF_8));
            assertThat(client.readClose()).hasToString("close 1009 message too big");
        }
        awaitEnding(Ending.TOO_BIG);
    }

    @Test
    void severalCommandsInAFrameAreAnsweredEach() throws Exception {
        start();
        try (JsonClient client = enter("/chat")) {
            client.send(quoted("{'type':'ping','ref':1}\n\nwrong\n{'type':'ping','ref':2}\n"));
            assertThat(client.next().getInt("ref")).isEqualTo(1);
            assertThat(client.next().getString("code")).isEqualTo("bad-json");
            assertThat(client.next().getInt("ref")).isEqualTo(2);
            assertThat(client.frames()).as("joined in one frame").endsWith(3);
        }
    }

    @Test
    void commandsOverTheRateAreAnsweredAndWhoKeepsOnIsClosed() throws Exception {
        start("limits.commands-per-second=1");
        try (JsonClient client = enter("/chat")) {
            // All in one message, for no second to pass in between.
            String say = "{'type':'say','room':'lobby','text':'x','ref':'say'}";
            client.send(quoted("{'type':'ping'}\n".repeat(10) + say));
            for (int i = 0; i < 5; i++) {
                assertThat(client.next().getString("type")).isEqualTo("pong");
            }
            JsonObject limited = client.next("error");
            assertThat(limited.getString("code")).isEqualTo("rate-limited");
            assertThat(limited.getString("reason")).contains("1");
            JsonObject answered = limited;
            while (!answered.containsKey("ref")) {
                answered = client.next();
            }
            assertThat(answered.getString("ref")).isEqualTo("say");
            assertThat(answered.getString("code")).isEqualTo("rate-limited");
            client.close();
        }
        Flood flood = new Flood("{\"type\":\"ping\"}");
        assertThat(flood.closed()).isEqualTo("1008 flooding: too many messages a second");
        awaitEnding(Ending.FLOODING);
    }

    @Test
    void aFloodOfErrorsIsClosed() throws Exception {
        start("limits.commands-per-second=0", "limits.bytes-per-second=0");
        assertThat(new Flood("nonsense").closed()).isEqualTo("1008 flooding: too many errors a second");
        awaitEnding(Ending.TOO_MANY_ERRORS);
    }

    /** A client that says the same every few milliseconds until it is closed, reading what comes. */
    private final class Flood {
        private final String message;

        Flood(String message) {
            this.message = message;
        }

        String closed() throws Exception {
            try (RawClient client = RawClient.openJson(server.port(), "/chat", 0)) {
                Thread sender = new Thread(() -> {
                    try {
                        while (true) {
                            client.text(message);
                            Thread.sleep(5);
                        }
                    } catch (java.io.IOException | InterruptedException e) {
                        return; // closed
                    }
                });
                sender.start();
                RawClient.Received close = client.readClose();
                client.close();
                sender.join();
                return close.closeCode() + " " + close.closeReason();
            }
        }
    }

    @Test
    void aBinaryMessageClosesWith1003() throws Exception {
        start();
        try (Client client = new Client(ws("/chat"), "parley.v1.json")) {
            client.send(new byte[] {1});
            assertThat(client.closed()).isEqualTo("1003 rooms carry text");
        }
    }

    @Test
    void whatHasPiledUpComesInOneFrame() throws Exception {
        start();
        try (JsonClient ann = enter("/chat/java")) {
            sayMany(ann, "java", 1, 100);
            try (JsonClient bob = open("/chat/java?history=100")) {
                bob.next(102);
                assertThat(bob.frames()).contains(100);
            }
        }
    }

    @Test
    void aFrameOfManyMessagesIsBoundedInBytes() throws Exception {
        start("room.batch-bytes=1KiB");
        try (JsonClient ann = enter("/chat/java")) {
            sayMany(ann, "java", 1, 100);
            try (JsonClient bob = open("/chat/java?history=100")) {
                bob.next(102);
                assertThat(bob.frames()).allMatch(lines -> lines <= 15);
            }
        }
    }

    @Test
    void shutdownSaysByeAndNothingAfterIt() throws Exception {
        start();
        try (JsonClient ann = enter("/chat")) {
            Thread stopping = new Thread(server::stop);
            stopping.start();
            assertThat(ann.next("bye"))
                    .isEqualTo(json("{'type':'bye','reason':'shutdown','retry':{'min':500,'max':8000}}"));
            assertThat(ann.closed()).isEqualTo("1001 shutdown; retry 500-8000 ms");
            stopping.join();
        }
    }
}
