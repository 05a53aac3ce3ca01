package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;
import static parley.testclient.JsonClient.quoted;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import jakarta.json.JsonObject;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/** What a client that reads a stream does beside it: signals, and ending the stream. */
class BesideStreamsTest extends HttpBase {
    private Got signal(String authorization, String room, String body) throws Exception {
        return askAs(
                authorization, "POST", "/rooms/" + room + "/signals", quoted(body), "Content-Type", "application/json");
    }

    @Test
    void aSignalReachesTheMembersAndIsNotKept() throws Exception {
        start("http.publish=everyone");
        try (JsonClient ann = new JsonClient(ws("/chat/java"));
                EventReader reader = EventReader.open(server.port(), "/rooms/java/events")) {
            ann.next("joined");
            reader.next("joined");
            Got got = signal(null, "java", "{'data':{'typing':true},'from':'Ben'}");
            assertThat(got.status()).isEqualTo(204);
            assertThat(got.body()).isEmpty();
            JsonObject signal = ann.next("signal");
            assertThat(signal.getString("from")).isEqualTo("Ben");
            assertThat(signal.getJsonObject("data").getBoolean("typing")).isTrue();
            assertThat(parse(reader.next("signal").data())).isEqualTo(signal);
            assertThat(parse(askAs(null, "GET", "/rooms/java/messages", null).body())
                            .getJsonArray("messages"))
                    .isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "java | {'text':'x'}           | 422 | missing-field",
                "java | {'data':1,'from':'\\n'} | 422 | bad-name",
                "java | no json                | 400 | bad-json",
                "a~b  | {'data':1}             | 404 | bad-room"
            })
    void aBodyThatIsNoSignalIsSaidToBeNone(String room, String body, int status, String code) throws Exception {
        start("http.publish=everyone");
        Got got = signal(null, room, body);
        assertThat(got.status()).isEqualTo(status);
        assertThat(got.code()).isEqualTo(code);
    }

    @Test
    void aSignalIsAtMostAsLongAsAMessage() throws Exception {
        start("http.publish=everyone", "limits.message-bytes=100");
        assertThat(signal(null, "java", "{'data':'" + "x".repeat(99) + "'}").status())
                .isEqualTo(413);
        assertThat(askAs(null, "POST", "/rooms/java/signals", "{}", "Content-Type", "text/plain")
                        .status())
                .isEqualTo(415);
    }

    @Test
    void rightsAreThoseOfPublishing() throws Exception {
        start();
        assertThat(signal(null, "java", "{'data':1}").status()).isEqualTo(403);
        server.stop();
        startWithKey("access.mode=token", "access.secret=" + SECRET);
        String ann = "Bearer " + token(claims("Ann", "java"));
        assertThat(signal(null, "java", "{'data':1}").status()).isEqualTo(401);
        assertThat(signal(ann, "tea", "{'data':1}").status()).isEqualTo(403);
        assertThat(signal(ann, "java", "{'data':1,'from':'Ben'}").status()).isEqualTo(403);
        try (JsonClient reader = new JsonClient(ws("/chat/java?token=" + ann.substring("Bearer ".length())))) {
            reader.next("joined");
            assertThat(signal(ann, "java", "{'data':1}").status()).isEqualTo(204);
            assertThat(reader.next("signal").getString("from")).isEqualTo("Ann");
        }
    }

    @Test
    void aReaderIsToldHowManyRequestsItMayMake() throws Exception {
        start("limits.requests-per-second-per-address=7");
        try (EventReader reader = EventReader.open(server.port(), "/rooms/java/events")) {
            assertThat(parse(reader.next("welcome").data())
                            .getJsonObject("limits")
                            .getInt("rate"))
                    .isEqualTo(7);
        }
    }

    @Test
    void aReaderEndsItsStreamByItsKey() throws Exception {
        start();
        String key = "k-1234567890abcdef";
        try (EventReader reader = EventReader.open(server.port(), "/events?room=java&key=" + key)) {
            reader.next("joined");
            assertThat(askAs(null, "DELETE", "/events/k-1234567890abcdeF", null).status())
                    .isEqualTo(404);
            assertThat(askAs(null, "DELETE", "/events/" + key, null).status()).isEqualTo(204);
            reader.toEnd();
            awaitMembers(0);
        }
        assertThat(askAs(null, "DELETE", "/events/" + key, null).status()).isEqualTo(404);
    }

    @Test
    void aReaderThatComesBackWithItsKeyIsThereOnce() throws Exception {
        start();
        String address = "/rooms/java/events?name=Ann&key=k-1234567890abcdef";
        try (EventReader first = EventReader.open(server.port(), address)) {
            first.next("joined");
            try (EventReader second = EventReader.open(server.port(), address)) {
                second.next("joined");
                first.toEnd();
                awaitMembers(1);
                server.stop();
                assertThat(second.toEnd()).contains("bye");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"short", "k-1234567890abcde~"})
    void aKeyThatIsEasilyGuessedIsNone(String key) throws Exception {
        start();
        Got got = askAs(null, "GET", "/events?room=java&key=" + key, null);
        assertThat(got.status()).isEqualTo(400);
        assertThat(got.json().getString("detail")).startsWith("key is 16 to 64");
    }
}
