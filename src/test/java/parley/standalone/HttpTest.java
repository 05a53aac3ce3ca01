package parley.standalone;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.JsonClient.parse;
import static parley.testclient.JsonClient.quoted;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import jakarta.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.servers.Ports;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;
import parley.testclient.LogLines;

/** What backends do over HTTP, over real sockets. */
class HttpTest extends HttpBase {
    @TempDir
    private Path folder;

    private void startKeeping(String where) throws Exception {
        if (where.equals("disk")) {
            startWithKey("data.folder=" + folder);
        } else {
            startWithKey();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void aMessageIsPublishedInARoomThatNobodyIsIn(String where) throws Exception {
        startKeeping(where);
        Got got = post("java", "{'text':'hi','id':'1','from':'Ann'}");
        assertThat(got.status()).isEqualTo(201);
        assertThat(got.header("Content-Type")).isEqualTo("application/json");
        JsonObject kept = got.json();
        assertThat(kept.getString("room")).isEqualTo("java");
        assertThat(kept.getInt("seq")).isEqualTo(1);
        assertThat(got.header("ETag")).isEqualTo("\"" + kept.getString("epoch") + ":1\"");
        JsonObject page = get("/rooms/java/messages").json();
        assertThat(page.getString("epoch")).isEqualTo(kept.getString("epoch"));
        assertThat(page.getJsonArray("messages").getJsonObject(0))
                .isEqualTo(parse(quoted("{'type':'message','room':'java','seq':1,'at':'" + kept.getString("at")
                        + "','from':'Ann','id':'1','text':'hi'}")));
    }

    /** Java's own client asks for HTTP/2 with its first request, body and all. */
    @Test
    void aBodyComesWithAnUpgradeThatIsPassedOver() throws Exception {
        startWithKey();
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
        HttpRequest post = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + server.port() + "/rooms/java/messages"))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", "Bearer " + KEY)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"text\":\"hi\"}"))
                .build();
        assertThat(client.send(post, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(201);
    }

    @Test
    void aPortOfItsOwnHasItAlone() throws Exception {
        int port = Ports.free();
        startWithKey("http.port=" + port);
        assertThat(get("/rooms/java/messages").status()).isEqualTo(404);
        assertThat(get("/openapi.json").status()).isEqualTo(404);
        assertThat(get("/health/live").status()).isEqualTo(200);
        assertThat(get("/").status()).isEqualTo(200);
        HttpClient client = HttpClient.newHttpClient();
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/messages"))
                .header("Authorization", "Bearer " + KEY)
                .header("Content-Type", "application/json");
        HttpRequest post = request.POST(HttpRequest.BodyPublishers.ofString("{\"rooms\":[\"java\"],\"text\":\"hi\"}"))
                .build();
        try (JsonClient ann = new JsonClient(ws("/chat/java"));
                EventReader reader = EventReader.open(port, "/rooms/java/events?history=5")) {
            ann.next("joined");
            assertThat(client.send(post, HttpResponse.BodyHandlers.ofString()).statusCode())
                    .isEqualTo(200);
            ann.next("message");
            assertThat(reader.next("message").data()).contains("hi");
        }
        for (String path : List.of("/", "/index.html", "/metrics", "/chat")) {
            HttpRequest other = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                    .build();
            assertThat(client.send(other, HttpResponse.BodyHandlers.ofString()).statusCode())
                    .as(path)
                    .isEqualTo(404);
        }
        assertThat(client.newWebSocketBuilder()
                        .buildAsync(URI.create("ws://127.0.0.1:" + port + "/chat"), new WebSocket.Listener() {})
                        .handle((socket, failure) -> failure == null))
                .succeedsWithin(Duration.ofSeconds(20))
                .isEqualTo(false);
    }

    @Test
    void membersReceiveIt() throws Exception {
        startWithKey();
        try (JsonClient ann = new JsonClient(ws("/chat/java"))) {
            ann.next("joined");
            assertThat(post("java", "{'data':{'price':1.00}}").status()).isEqualTo(201);
            JsonObject message = ann.next("message");
            assertThat(message.getJsonObject("data").toString()).isEqualTo("{\"price\":1.00}");
            assertThat(message.containsKey("from")).isFalse();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void aKnownIdIsADuplicateByWhicheverNameItComes(String where) throws Exception {
        startKeeping(where);
        JsonObject first = post("java", "{'text':'hi','id':'a'}").json();
        post("java", "{'text':'more'}");
        for (Got again : List.of(
                post("java", "{'text':'hi','id':'a'}"),
                post("java", "{'text':'hi'}", "Idempotency-Key", "a"),
                post("java", "{'text':'hi','id':'a'}", "Idempotency-Key", "\"a\""),
                post("java", "{'text':'hi','id':'a'}", "If-Match", "\"other:99\""))) {
            assertThat(again.status()).isEqualTo(200);
            assertThat(again.json().getBoolean("duplicate")).isTrue();
            assertThat(again.json().getInt("seq")).isEqualTo(1);
            assertThat(again.json().getString("at")).isEqualTo(first.getString("at"));
            assertThat(again.json().getString("epoch")).isEqualTo(first.getString("epoch"));
        }
        Got two = post("java", "{'text':'hi','id':'a'}", "Idempotency-Key", "b");
        assertThat(two.status()).isEqualTo(422);
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void ifMatchPublishesOnlyWhenNothingWasSaidSince(String where) throws Exception {
        startKeeping(where);
        String empty = get("/rooms/java/messages").header("ETag");
        assertThat(empty).endsWith(":0/0\"");
        String one = post("java", "{'text':'one'}", "If-Match", empty).header("ETag");
        assertThat(get("/rooms/java/messages").header("ETag")).isEqualTo(one.replace(":1", ":1/1"));
        Got late = post("java", "{'text':'two'}", "If-Match", empty);
        assertThat(late.status()).isEqualTo(412);
        assertThat(late.code()).isEqualTo("moved");
        assertThat(late.json().getInt("seq")).isEqualTo(1);
        assertThat(late.header("ETag")).isEqualTo(one);
        // As a proxy that compresses pages hands it on.
        assertThat(post("java", "{'text':'two'}", "If-Match", "W/" + one).status())
                .isEqualTo(201);
        assertThat(post("java", "{'text':'three'}", "If-Match", "\"elsewhere:2\"")
                        .status())
                .isEqualTo(412);
        assertThat(get("/rooms/java/messages").json().getJsonArray("messages")).hasSize(2);
    }

    /**
     * Each round all senders name the same newest message: of the comparing and adding that is one step, one succeeds.
     */
    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void ofManyThatNameTheSameNewestMessageOnePublishes(String where) throws Exception {
        startKeeping(where);
        ExecutorService senders = Executors.newFixedThreadPool(4);
        try {
            for (int round = 0; round < 20; round++) {
                String tag = get("/rooms/java/messages").header("ETag");
                Callable<Integer> send =
                        () -> post("java", "{'text':'x'}", "If-Match", tag).status();
                Map<Integer, Long> statuses = senders.invokeAll(List.of(send, send, send, send)).stream()
                        .map(HttpTest::result)
                        .collect(Collectors.groupingBy(status -> status, Collectors.counting()));
                assertThat(statuses).isEqualTo(Map.of(201, 1L, 412, 3L));
            }
        } finally {
            senders.shutdownNow();
        }
    }

    private static <T> T result(Future<T> future) {
        try {
            return future.get();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void jsonLinesArePublishedAndAnsweredInTheirOrder(String where) throws Exception {
        startKeeping(where);
        String body =
                quoted("{'text':'one'}\n\n{'text':'two','id':'2'}\r\n{'text':'two','id':'2'}\nno json\n{'data':null}");
        Got got = ask("POST", "/rooms/java/messages", body, "Content-Type", "application/x-ndjson");
        assertThat(got.status()).isEqualTo(200);
        assertThat(got.header("Content-Type")).isEqualTo("application/x-ndjson");
        List<JsonObject> lines = got.body().lines().map(JsonClient::parse).toList();
        assertThat(lines).hasSize(5);
        assertThat(lines.get(0).getInt("seq")).isEqualTo(1);
        assertThat(lines.get(1).getInt("seq")).isEqualTo(2);
        assertThat(lines.get(2).getBoolean("duplicate")).isTrue();
        assertThat(lines.get(3).getString("code")).isEqualTo("bad-json");
        assertThat(lines.get(3).getInt("status")).isEqualTo(400);
        assertThat(lines.get(4).getInt("seq")).isEqualTo(3);
    }

    @Test
    void aBodyHasSoManyLinesAndNone() throws Exception {
        startWithKey();
        String[] type = {"Content-Type", "application/x-ndjson"};
        assertThat(ask("POST", "/rooms/java/messages", "", type).body()).isEmpty();
        assertThat(ask("POST", "/rooms/java/messages", "{}\n".repeat(1001), type)
                        .status())
                .isEqualTo(413);
        assertThat(ask(
                                "POST",
                                "/rooms/java/messages",
                                "{}",
                                "Content-Type",
                                "application/x-ndjson",
                                "If-Match",
                                "\"a:1\"")
                        .status())
                .isEqualTo(422);
    }

    @Test
    void oneMessageIsPublishedInSeveralRooms() throws Exception {
        startWithKey();
        Got got = ask(
                "POST",
                "/messages",
                quoted("{'rooms':['a','b'],'text':'hi','id':'1'}"),
                "Content-Type",
                "application/json");
        assertThat(got.status()).isEqualTo(200);
        assertThat(got.json().getJsonArray("results").getValuesAs(JsonObject.class))
                .extracting(one -> one.getString("room") + one.getInt("seq"))
                .containsExactly("a1", "b1");
        assertThat(get("/rooms/b/messages").json().getJsonArray("messages")).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({
        "{'text':'x'},                           422, missing-field",
        "{'rooms':[]},                           422, missing-field",
        "'{''rooms'':[''a b''],''text'':''x''}', 422, bad-room",
        "'{''rooms'':[1],''text'':''x''}',       422, bad-room",
        "'[''a'']',                              400, bad-json",
    })
    void roomsThatCannotBeAreNoRooms(String body, int status, String code) throws Exception {
        startWithKey();
        Got got = ask("POST", "/messages", quoted(body), "Content-Type", "application/json");
        assertThat(got.status()).isEqualTo(status);
        assertThat(got.code()).isEqualTo(code);
    }

    @ParameterizedTest
    @CsvSource({
        "'',                              400, bad-json",
        "no json,                         400, bad-json",
        "{'text':'a'}{'text':'b'},        400, bad-json",
        "'{''text'':''a'',''text'':''b''}', 400, bad-json",
        "'{''text'':''\\ud800''}',        400, bad-json",
        "{},                              422, missing-field",
        "'{''text'':1}',                  422, missing-field",
        "'{''text'':''a'',''data'':1}',   422, missing-field",
        "'{''text'':''a'',''from'':''''}', 422, bad-name",
        "'{''text'':''a'',''from'':7}',   422, missing-field",
        "'{''text'':''a'',''id'':''''}',  422, missing-field",
    })
    void aBodyThatIsNoMessageIsSaidToBeNone(String body, int status, String code) throws Exception {
        startWithKey();
        Got got = post("java", body);
        assertThat(got.status()).isEqualTo(status);
        assertThat(got.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(got.code()).isEqualTo(code);
        assertThat(got.json().getString("detail")).isNotEmpty();
        assertThat(got.json().getInt("status")).isEqualTo(status);
    }

    @Test
    void whatIsTooLongIs413() throws Exception {
        startWithKey("limits.message-bytes=100B", "limits.command-bytes=1000B", "limits.bytes-per-second=1000B");
        assertThat(post("java", "{'text':'" + "x".repeat(100) + "'}").status()).isEqualTo(201);
        Got message = post("java", "{'text':'" + "x".repeat(101) + "'}");
        assertThat(message.status()).isEqualTo(413);
        assertThat(message.code()).isEqualTo("too-large");
        Got body = post("java", "{'text':'" + "x".repeat(1001) + "'}");
        assertThat(body.status()).isEqualTo(413);
        assertThat(body.json().getString("detail")).contains("limits.command-bytes");
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/plain", "application/x-www-form-urlencoded", "application/json; charset=iso-8859-1"})
    void aBodyOfAnotherTypeIs415(String type) throws Exception {
        startWithKey();
        Got got = ask("POST", "/rooms/java/messages", "{\"text\":\"hi\"}", "Content-Type", type);
        assertThat(got.status()).isEqualTo(415);
        assertThat(got.code()).isEqualTo("unsupported-media-type");
        assertThat(ask("POST", "/messages", "{}", "Content-Type", type).status())
                .isEqualTo(415);
    }

    @Test
    void theCharsetMayBeSaid() throws Exception {
        startWithKey();
        Got got = ask(
                "POST",
                "/rooms/java/messages",
                "{\"text\":\"ü\"}",
                "Content-Type",
                "Application/JSON; Charset=\"UTF-8\"");
        assertThat(got.status()).isEqualTo(201);
        assertThat(get("/rooms/java/messages").body()).contains("\"ü\"");
    }

    @Test
    void whatIsNotThereIs404AndWhatIsNoMethodIs405() throws Exception {
        startWithKey();
        assertThat(post("a%20b", "{'text':'hi'}").status()).isEqualTo(404);
        assertThat(post("a%20b", "{'text':'hi'}").code()).isEqualTo("bad-room");
        assertThat(get("/rooms/" + "x".repeat(65) + "/members").status()).isEqualTo(404);
        assertThat(get("/rooms/java").status()).isEqualTo(404);
        assertThat(ask("DELETE", "/sessions/nobody", null).code()).isEqualTo("not-found");
        Got method = ask("PUT", "/rooms/java/messages", "{}");
        assertThat(method.status()).isEqualTo(405);
        assertThat(method.header("Allow")).isEqualTo("DELETE, GET, HEAD, OPTIONS, POST");
        assertThat(method.code()).isEqualTo("method-not-allowed");
    }

    @Test
    void pagesAreReadBothWays() throws Exception {
        startWithKey();
        for (int i = 1; i <= 5; i++) {
            post("java", "{'text':'" + i + "'}");
        }
        assertThat(texts("/rooms/java/messages?limit=2")).isEqualTo("4 5 more");
        assertThat(texts("/rooms/java/messages?before=4&limit=2")).isEqualTo("2 3 more");
        assertThat(texts("/rooms/java/messages?after=1&limit=2")).isEqualTo("2 3 more");
        assertThat(texts("/rooms/java/messages?after=3")).isEqualTo("4 5");
        assertThat(texts("/rooms/java/messages?after=5")).isEmpty();
        assertThat(texts("/rooms/java/messages?before=1")).isEmpty();
        for (String query : List.of(
                "limit=0",
                "limit=x",
                "after=-1",
                "before=1e3",
                "after=1&before=3",
                "after=%FF",
                "changes=maybe",
                "changes=",
                "changes=true",
                "before=3&changes=true",
                "after=0&changes=1",
                "wait=1s",
                "after=9&wait=51s",
                "limit=1234567890123456789")) {
            Got got = get("/rooms/java/messages?" + query);
            assertThat(got.status()).as(query).isEqualTo(400);
            assertThat(got.code()).as(query).isEqualTo("bad-query");
        }
    }

    private String texts(String path) throws Exception {
        JsonObject page = get(path).json();
        return page.getJsonArray("messages").getValuesAs(JsonObject.class).stream()
                        .map(message -> message.getString("text"))
                        .collect(Collectors.joining(" "))
                + (page.getBoolean("more") ? " more" : "");
    }

    @Test
    void aPageThatAClientHasIsNotSentAgain() throws Exception {
        startWithKey();
        for (int i = 1; i <= 4; i++) {
            post("java", "{'text':'" + i + "'}");
        }
        for (String query : List.of("", "?after=0&limit=2", "?before=3")) {
            Got first = get("/rooms/java/messages" + query);
            assertThat(first.header("Cache-Control")).isEqualTo("private, no-cache");
            Got again = get("/rooms/java/messages" + query, "If-None-Match", "\"x\", " + first.header("ETag"));
            assertThat(again.status()).as(query).isEqualTo(304);
            assertThat(again.body()).isEmpty();
            assertThat(again.header("ETag")).isEqualTo(first.header("ETag"));
        }
        String newest = get("/rooms/java/messages").header("ETag");
        String last = get("/rooms/java/messages?after=3").header("ETag");
        String old = get("/rooms/java/messages?after=0&limit=2").header("ETag");
        post("java", "{'text':'5'}");
        assertThat(get("/rooms/java/messages", "If-None-Match", newest).status())
                .isEqualTo(200);
        assertThat(get("/rooms/java/messages?after=3", "If-None-Match", last).status())
                .isEqualTo(200);
        assertThat(get("/rooms/java/messages?after=0&limit=2", "If-None-Match", old)
                        .status())
                .isEqualTo(304);
    }

    /** A browser's cache would go on to show what nobody should see any more. */
    @ParameterizedTest
    @ValueSource(strings = {"", "?limit=2", "?after=0", "?before=9"})
    void aPageWhoseMessagesWereLetGoOfIsSentAgain(String query) throws Exception {
        startWithKey("room.history=3");
        for (int i = 1; i <= 3; i++) {
            post("java", "{'text':'" + i + "'}");
        }
        String all = get("/rooms/java/messages" + query).header("ETag");
        ask("DELETE", "/rooms/java/messages", null);
        Got page = get("/rooms/java/messages" + query, "If-None-Match", all);
        assertThat(page.status()).isEqualTo(200);
        assertThat(page.json().getJsonArray("messages")).isEmpty();
        String none = page.header("ETag");
        assertThat(get("/rooms/java/messages" + query, "If-None-Match", none).status())
                .isEqualTo(304);
        if (query.isEmpty() || query.startsWith("?limit")) {
            assertThat(post("java", "{'text':'4'}", "If-Match", all).status())
                    .as("nothing was said since")
                    .isEqualTo(201);
            assertThat(post("java", "{'text':'5'}", "If-Match", none).status()).isEqualTo(412);
            Got one = get("/rooms/java/messages" + query);
            assertThat(post("java", "{'text':'5'}", "If-Match", one.header("ETag"))
                            .status())
                    .isEqualTo(201);
        }
    }

    @Test
    void headIsGetWithoutTheBody() throws Exception {
        startWithKey();
        post("java", "{'text':'hi'}");
        Got got = ask("HEAD", "/rooms/java/messages", null);
        assertThat(got.status()).isEqualTo(200);
        assertThat(got.body()).isEmpty();
        assertThat(got.header("ETag")).isEqualTo(get("/rooms/java/messages").header("ETag"));
        assertThat(got.header("Content-Length"))
                .isEqualTo(get("/rooms/java/messages").header("Content-Length"));
    }

    @Test
    void membersAreListed() throws Exception {
        startWithKey();
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"));
                JsonClient nobody = new JsonClient(ws("/chat/java"))) {
            ann.next("joined");
            nobody.next("joined");
            assertThat(get("/rooms/java/members").json())
                    .isEqualTo(
                            parse(quoted("{'type':'members','room':'java','names':['Ann'],'count':2,'more':false}")));
        }
        assertThat(get("/rooms/empty/members").json().getInt("count")).isZero();
    }

    @Test
    void roomsAreListedAPageAtATime() throws Exception {
        startWithKey();
        for (String room : List.of("b2", "a", "b1", "b3", "c")) {
            post(room, "{'text':'hi'}");
        }
        JsonObject first = get("/rooms?prefix=b&limit=2").json();
        assertThat(first.getBoolean("more")).isTrue();
        assertThat(first.getJsonArray("rooms").getValuesAs(JsonObject.class))
                .extracting(room -> room.getString("room") + room.getInt("count") + room.getInt("seq"))
                .containsExactly("b101", "b201");
        JsonObject second = get("/rooms?prefix=b&limit=2&after=b2").json();
        assertThat(second.getBoolean("more")).isFalse();
        assertThat(second.getJsonArray("rooms")).hasSize(1);
        assertThat(get("/rooms?limit=0").status()).isEqualTo(400);
    }

    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void messagesAreForgottenAndNumbersGoOn(String where) throws Exception {
        startKeeping(where);
        String epoch = post("java", "{'text':'1','id':'a'}").json().getString("epoch");
        post("java", "{'text':'2'}");
        assertThat(ask("DELETE", "/rooms/java/messages", null).status()).isEqualTo(204);
        Got page = get("/rooms/java/messages");
        assertThat(page.json().getJsonArray("messages")).isEmpty();
        assertThat(page.header("ETag")).isEqualTo("\"" + epoch + ":2/0\"");
        assertThat(post("java", "{'text':'1','id':'a'}").json().getInt("seq"))
                .as("the id is forgotten too")
                .isEqualTo(3);
        if (where.equals("disk")) {
            server.stop();
            startKeeping(where);
            assertThat(texts("/rooms/java/messages")).isEqualTo("1");
            assertThat(get("/rooms/java/messages").header("ETag")).isEqualTo("\"" + epoch + ":3/3\"");
        }
    }

    @Test
    void aSessionIsClosedWithAReasonThatTheLogHasToo() throws Exception {
        startWithKey();
        try (LogLines log = new LogLines("parley.session");
                JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            String session = ann.next("welcome").getString("session");
            assertThat(ask("DELETE", "/sessions/" + session + "?reason=" + "x".repeat(124), null)
                            .status())
                    .isEqualTo(400);
            assertThat(ask("DELETE", "/sessions/" + session + "?reason=a%0Ab", null)
                            .status())
                    .isEqualTo(400);
            Got got = ask("DELETE", "/sessions/" + session + "?reason=no%20flooding", null);
            assertThat(got.status()).isEqualTo(200);
            assertThat(got.json().getInt("closed")).isEqualTo(1);
            assertThat(ann.closed()).isEqualTo("1008 no flooding");
            await().untilAsserted(() -> assertThat(log.all())
                    .anyMatch(line -> line.endsWith("ended: removed, closed with 1008 no flooding")));
            assertThat(ask("DELETE", "/sessions/" + session, null).status()).isEqualTo(404);
        }
    }

    @Test
    void allSessionsOfANameAreClosedWhateverTheyWereCalledBefore() throws Exception {
        startWithKey();
        try (JsonClient one = new JsonClient(ws("/chat/java?name=Zo%C3%AB%20%2B1"));
                JsonClient two = new JsonClient(ws("/chat/java?name=Bob"));
                JsonClient three = new JsonClient(ws("/chat/java?name=Zo%C3%AB%20%2B1"))) {
            two.next("joined");
            two.ask("{'type':'rename','name':'Zoë +1'}");
            three.next("joined");
            three.ask("{'type':'rename','name':'Ann'}");
            one.next("joined");
            Got got = ask("DELETE", "/members/Zo%C3%AB%20+1", null);
            assertThat(got.json().getInt("closed")).isEqualTo(2);
            assertThat(one.closed()).isEqualTo("1008 removed");
            assertThat(two.closed()).isEqualTo("1008 removed");
            assertThat(three.ask("{'type':'ping'}").getString("type")).isEqualTo("pong");
            assertThat(ask("DELETE", "/members/Nobody", null).status()).isEqualTo(404);
            assertThat(ask("DELETE", "/members/%FF", null).code()).isEqualTo("bad-name");
        }
    }

    @Test
    void withoutTheKeyAnonymousClientsReadAndDoNothingElse() throws Exception {
        startWithKey();
        post("java", "{'text':'hi'}");
        String[] type = {"Content-Type", "application/json"};
        assertThat(askAs(null, "GET", "/rooms/java/messages", null).status()).isEqualTo(200);
        assertThat(askAs("Bearer wrong", "GET", "/rooms/java/members", null).status())
                .isEqualTo(200);
        for (Got got : List.of(
                askAs(null, "POST", "/rooms/java/messages", "{\"text\":\"x\"}", type),
                askAs("Bearer wrong", "POST", "/rooms/java/messages", "{\"text\":\"x\"}", type),
                askAs(null, "GET", "/rooms", null),
                askAs(null, "DELETE", "/rooms/java/messages", null),
                askAs(null, "DELETE", "/sessions/x", null),
                askAs(null, "DELETE", "/members/x", null))) {
            assertThat(got.status()).isEqualTo(401);
            assertThat(got.code()).isEqualTo("unauthorized");
            assertThat(got.header("WWW-Authenticate")).startsWith("Bearer");
        }
        assertThat(askAs(null, "POST", "/messages", "{\"rooms\":[\"a\"],\"text\":\"x\"}", type)
                        .json()
                        .getJsonArray("results")
                        .getJsonObject(0)
                        .getInt("status"))
                .isEqualTo(403);
        assertThat(texts("/rooms/java/messages")).isEqualTo("hi");
    }

    @Test
    void withoutAKeyNobodyPublishesUnlessEverybodyMay() throws Exception {
        start();
        String[] type = {"Content-Type", "application/json"};
        Got got = askAs(null, "POST", "/rooms/java/messages", "{\"text\":\"x\"}", type);
        assertThat(got.status()).isEqualTo(403);
        assertThat(got.code()).isEqualTo("forbidden");
        server.stop();
        start("http.publish=everyone");
        assertThat(askAs(null, "POST", "/rooms/java/messages", "{\"text\":\"x\",\"from\":\"Ann\"}", type)
                        .status())
                .isEqualTo(201);
        assertThat(askAs(null, "GET", "/rooms", null).status()).isEqualTo(403);
    }

    @Test
    void aTokenSaysWhereItPublishesAndOnBehalfOfWhom() throws Exception {
        startWithKey("access.mode=token", "access.secret=" + SECRET);
        String[] type = {"Content-Type", "application/json"};
        String ann = "Bearer " + token(claims("Ann", "java"));
        JwtClaims publishes = claims("shop", new String[0]);
        publishes.setClaim("publish", "orders-*");
        String shop = "Bearer " + token(publishes);
        JwtClaims rules = claims("root", new String[0]);
        rules.setClaim("admin", true);
        String root = "Bearer " + token(rules);

        assertThat(askAs(null, "GET", "/rooms/java/messages", null).status()).isEqualTo(401);
        assertThat(askAs("Bearer a.b.c", "GET", "/rooms/java/messages", null).status())
                .isEqualTo(401);
        assertThat(askAs(ann, "GET", "/rooms/other/messages", null).status()).isEqualTo(403);
        assertThat(askAs(ann, "POST", "/rooms/other/messages", "{\"text\":\"x\"}", type)
                        .status())
                .isEqualTo(403);
        assertThat(askAs(ann, "POST", "/rooms/java/messages", "{\"text\":\"x\",\"from\":\"Bob\"}", type)
                        .status())
                .isEqualTo(403);
        assertThat(askAs(ann, "POST", "/rooms/java/messages", "{\"text\":\"x\"}", type)
                        .status())
                .isEqualTo(201);
        assertThat(askAs(ann, "GET", "/rooms/java/messages", null).body()).contains("\"from\":\"Ann\"");

        assertThat(askAs(shop, "POST", "/rooms/orders-1/messages", "{\"text\":\"x\",\"from\":\"Bob\"}", type)
                        .status())
                .isEqualTo(201);
        assertThat(askAs(shop, "POST", "/rooms/java/messages", "{\"text\":\"x\"}", type)
                        .status())
                .isEqualTo(403);
        assertThat(askAs(shop, "GET", "/rooms/orders-1/messages", null).status())
                .as("publishing is not reading")
                .isEqualTo(403);
        assertThat(askAs(shop, "GET", "/rooms", null).status()).isEqualTo(403);
        assertThat(askAs(root, "GET", "/rooms", null).status()).isEqualTo(200);
        assertThat(ask("GET", "/rooms/orders-1/messages", null).body())
                .as("the API key")
                .contains("\"from\":\"Bob\"");
        JwtClaims wrong = claims("x", "java");
        wrong.setClaim("admin", "yes");
        assertThat(askAs("Bearer " + token(wrong), "GET", "/rooms/java/messages", null)
                        .status())
                .isEqualTo(401);
    }

    @Test
    void whoAsksTooOftenIsToldWhenToAskAgain() throws Exception {
        startWithKey("limits.requests-per-second-per-address=1", "http.publish=everyone");
        List<Integer> statuses = new java.util.ArrayList<>();
        Got last = null;
        for (int i = 0; i < 12; i++) {
            last = askAs(null, "GET", "/rooms/java/messages", null);
            statuses.add(last.status());
        }
        assertThat(statuses.subList(0, 5)).containsOnly(200);
        assertThat(last.status()).isEqualTo(429);
        assertThat(last.code()).isEqualTo("rate-limited");
        assertThat(last.header("Retry-After")).isEqualTo("1");
        assertThat(get("/rooms/java/messages").status()).as("with the key").isEqualTo(200);
        Got lines = askAs(
                null,
                "POST",
                "/rooms/java/messages",
                "{\"text\":\"x\"}\n".repeat(20),
                "Content-Type",
                "application/x-ndjson",
                "X-Forwarded-For",
                "203.0.113.7");
        assertThat(lines.body().lines().filter(line -> line.contains("rate-limited")))
                .as("each message counts")
                .hasSizeGreaterThanOrEqualTo(14);
        assertThat(lines.body().lines().findFirst().orElseThrow()).contains("\"seq\":1");
    }

    @Test
    void pagesOfAllowedOriginsMayAskAndOthersMayNot() throws Exception {
        startWithKey("origins=https://app.example.com");
        Got preflight = askAs(
                null,
                "OPTIONS",
                "/rooms/java/messages",
                null,
                "Origin",
                "https://app.example.com",
                "Access-Control-Request-Method",
                "POST");
        assertThat(preflight.status()).isEqualTo(204);
        assertThat(preflight.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example.com");
        assertThat(preflight.header("Access-Control-Allow-Methods")).contains("POST");
        assertThat(preflight.header("Access-Control-Allow-Headers")).contains("Authorization");
        assertThat(preflight.header("Vary")).isEqualTo("Origin");
        Got allowed = get("/rooms/java/messages", "Origin", "https://app.example.com");
        assertThat(allowed.header("Access-Control-Allow-Origin")).isEqualTo("https://app.example.com");
        assertThat(allowed.header("Access-Control-Expose-Headers")).contains("ETag");
        Got other = get("/rooms/java/messages", "Origin", "https://evil.example");
        assertThat(other.status()).isEqualTo(403);
        assertThat(other.header("Access-Control-Allow-Origin")).isEmpty();
    }

    @Test
    void aServerThatStopsAnswers503() throws Exception {
        startWithKey();
        server.parley().closeDoor();
        Got got = post("java", "{'text':'hi'}");
        assertThat(got.status()).isEqualTo(503);
        assertThat(got.code()).isEqualTo("unavailable");
        assertThat(got.header("Retry-After")).isEqualTo("5");
    }

    @Test
    void moreRoomsThanThereMayBeAre503() throws Exception {
        startWithKey("limits.rooms=1");
        assertThat(post("a", "{'text':'hi'}").status()).isEqualTo(201);
        assertThat(post("b", "{'text':'hi'}").status()).isEqualTo(503);
        assertThat(get("/rooms/b/messages").status()).isEqualTo(503);
        assertThat(ask("DELETE", "/rooms/b/messages", null).status()).isEqualTo(503);
    }

    @Test
    void requestsAreCountedByRouteAndStatus() throws Exception {
        startWithKey();
        post("java", "{'text':'hi'}");
        post("a%20b", "{'text':'hi'}");
        askAs(null, "GET", "/rooms", null);
        ask("INVENTED", "/rooms", null);
        String metrics = get("/metrics").body();
        assertThat(metrics)
                .contains(
                        "parley_http_requests_total{method=\"POST\",route=\"/rooms/{room}/messages\",status=\"201\"}"
                                + " 1.0",
                        "parley_http_requests_total{method=\"POST\",route=\"/rooms/{room}/messages\",status=\"404\"}"
                                + " 1.0",
                        "parley_http_requests_total{method=\"GET\",route=\"/rooms\",status=\"401\"} 1.0",
                        "parley_http_requests_total{method=\"other\",route=\"/rooms\",status=\"405\"} 1.0");
    }

    /** A room in memory in which something is published now and then is there for its linger time after that. */
    @Test
    void aRoomThatIsPublishedInLingers() throws Exception {
        startWithKey("room.linger=2s");
        post("java", "{'text':'hi'}");
        assertThat(server.parley().rooms().roomCount()).isEqualTo(1);
        await().until(() -> server.parley().rooms().roomCount() == 0);
        assertThat(post("java", "{'text':'hi'}").json().getInt("seq")).isEqualTo(1);
    }

    /** Of a client that waits for 100, the body never comes with the head. */
    @Test
    void aBodyThatComesBehindItsHeadIsReadAndTheConnectionGoesOn() throws Exception {
        startWithKey();
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), US_ASCII));
            for (int i = 1; i <= 5; i++) {
                socket.getOutputStream().write(head("Content-Length: 13\r\nExpect: 100-continue"));
                assertThat(in.readLine()).isEqualTo("HTTP/1.1 100 Continue");
                assertThat(in.readLine()).isEmpty();
                socket.getOutputStream().write("{\"text\":\"hi\"}".getBytes(US_ASCII));
                assertThat(in.readLine()).isEqualTo("HTTP/1.1 201 Created");
                for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
                    assertThat(line).doesNotContainIgnoringCase("Connection: close");
                }
                assertThat(parse(in.readLine()).getInt("seq")).isEqualTo(i);
            }
        }
    }

    /** RFC 9112 section 9.3.2; also those whose answer does not depend on the body. */
    @ParameterizedTest
    @CsvSource({"/rooms/java/messages, 201", "/rooms/java/members, 405", "/style.css, 405"})
    void requestsThatAreSentTogetherAreAllAnswered(String path, int status) throws Exception {
        startWithKey();
        String request = "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Authorization: Bearer " + KEY + "\r\nContent-Length: 13\r\n\r\n{\"text\":\"hi\"}";
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            String last = "GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
            socket.getOutputStream().write((request.repeat(20) + last).getBytes(US_ASCII));
            String all = new String(socket.getInputStream().readAllBytes(), US_ASCII);
            assertThat(all.split("HTTP/1.1 " + status + " ", -1)).hasSize(21);
            assertThat(all.split("HTTP/1.1 200 ", -1)).hasSize(2);
        }
    }

    @Test
    void aClientThatDoesNotSendItsBodyIsCutInTime() throws Exception {
        startWithKey("limits.handshake-timeout=300ms");
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(head("Content-Length: 13"));
            socket.getOutputStream().write("{\"te".getBytes(US_ASCII));
            assertThat(endsWithoutAnswer(socket)).isTrue();
        }
        assertThat(get("/rooms/java/messages").json().getJsonArray("messages")).isEmpty();
    }

    private static boolean endsWithoutAnswer(Socket socket) throws IOException {
        try {
            return socket.getInputStream().read() < 0;
        } catch (SocketException e) {
            return true; // reset
        }
    }

    private static byte[] head(String more) {
        return ("POST /rooms/java/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Authorization: Bearer " + KEY + "\r\n" + more + "\r\n\r\n")
                .getBytes(US_ASCII);
    }

    @Test
    void manyAtOnceAreAllAnswered() throws Exception {
        startWithKey("data.folder=" + folder);
        ExecutorService senders = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Integer>> all = IntStream.range(0, 200)
                    .<Callable<Integer>>mapToObj(
                            i -> () -> post("r" + i % 7, "{'text':'" + i + "'}").status())
                    .toList();
            assertThat(senders.invokeAll(all)).extracting(HttpTest::result).containsOnly(201);
        } finally {
            senders.shutdownNow();
        }
    }

    /** A proxy that takes the other length for the end would take the rest for another client's request. */
    @ParameterizedTest
    @ValueSource(strings = {"Content-Length: 5\r\nTransfer-Encoding", "Transfer-Encoding: chunked\r\nContent-Length"})
    void aRequestWithTwoLengthsIsRefusedAndItsConnectionClosed(String both) throws Exception {
        startWithKey();
        String message = "{\"text\":\"x\"}";
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(10_000);
            String head = "POST /rooms/java/messages HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + KEY
                    + "\r\nContent-Type: application/json\r\n" + both
                    + (both.endsWith("Encoding") ? ": chunked" : ": 5") + "\r\n\r\n";
            String body = Integer.toHexString(message.length()) + "\r\n" + message + "\r\n0\r\n\r\n";
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 400 ").endsWith("and not both (RFC 9112 section 6.3)\n");
        }
        assertThat(messages("/rooms/java/messages")).isEmpty();
    }
}
