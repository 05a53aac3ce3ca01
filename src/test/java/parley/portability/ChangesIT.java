package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;
import static parley.testclient.JsonClient.parse;

import jakarta.json.JsonObject;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import parley.servers.Server;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/** Messages that are edited, grow, are reacted to and removed. */
class ChangesIT extends Portability {
    private JsonObject ask(int status, String method, String path, String json) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port() + "/parley" + path))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", "Bearer " + Server.API_KEY)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        json == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(json.replace('\'', '"')))
                .build();
        HttpResponse<String> got = HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        assertThat(got.statusCode()).as(method + " " + path + ": " + got.body()).isEqualTo(status);
        return parse(got.body());
    }

    private JsonObject only(String room) throws Exception {
        JsonObject page = ask(200, "GET", "/rooms/" + room + "/messages", null);
        assertThat(page.getJsonArray("messages")).hasSize(1);
        return page.getJsonArray("messages").getJsonObject(0);
    }

    @Test
    void aMessageChangesByCommands() throws Exception {
        try (JsonClient ann = openJson("/chat/changed-1?name=Ann");
                JsonClient bob = openJson("/chat/changed-1?name=Bob")) {
            ann.next("joined");
            bob.next("joined");
            ann.ask("{'type':'say','room':'changed-1','text':'one','final':false}");
            assertThat(bob.next("message").getBoolean("open")).isTrue();
            ann.ask("{'type':'append','room':'changed-1','seq':1,'text':' two','final':true}");
            JsonObject piece = bob.next("message");
            assertThat(piece.getString("append")).isEqualTo(" two");
            assertThat(piece.getBoolean("final")).isTrue();
            ann.ask("{'type':'edit','room':'changed-1','seq':1,'text':'three'}");
            assertThat(bob.next("message").getString("text")).isEqualTo("three");
            bob.ask("{'type':'react','room':'changed-1','seq':1,'key':'👍🏽'}");
            assertThat(bob.next("message")
                            .getJsonArray("reactions")
                            .getJsonObject(0)
                            .getString("key"))
                    .isEqualTo("👍🏽");
            assertThat(only("changed-1").getString("text")).isEqualTo("three");
            ann.ask("{'type':'remove','room':'changed-1','seq':1}");
            assertThat(bob.next("message").getBoolean("removed")).isTrue();
            assertThat(only("changed-1")).doesNotContainKeys("text", "reactions");
        }
    }

    @Test
    void aMessageChangesByRequests() throws Exception {
        String room = "/rooms/changed-2/messages";
        try (EventReader reader = EventReader.open(port(), "/parley/rooms/changed-2/events")) {
            reader.next("joined");
            ask(201, "POST", room, "{'text':'one','final':false}");
            assertThat(message(reader).getString("text")).isEqualTo("one");
            ask(200, "POST", room + "/1/append", "{'text':' two','final':true}");
            assertThat(message(reader).getString("append")).isEqualTo(" two");
            ask(200, "PATCH", room + "/1", "{'text':'three'}");
            assertThat(message(reader).getString("text")).isEqualTo("three");
            String thumb = room + "/1/reactions/%F0%9F%91%8D?from=J%C3%B6rg";
            ask(200, "PUT", thumb, null);
            assertThat(message(reader).getJsonArray("reactions").toString())
                    .isEqualTo("[{\"key\":\"👍\",\"count\":1,\"names\":[\"Jörg\"]}]");
            assertThat(ask(200, "PUT", thumb, null).getBoolean("duplicate")).isTrue();
            ask(200, "PUT", room + "/1/reactions/well%20done%3F?from=Ann", null);
            assertThat(only("changed-2").getJsonArray("reactions").toString()).contains("well done?");
            ask(200, "DELETE", thumb, null);
            assertThat(only("changed-2").getJsonArray("reactions").toString()).doesNotContain("👍");
            ask(404, "PUT", room + "/99/reactions/x?from=Ann", null);
            ask(200, "DELETE", room + "/1", null);
            assertThat(only("changed-2").getBoolean("removed")).isTrue();
            ask(404, "POST", room + "/1/append", "{'text':'more'}");
        }
    }

    private static JsonObject message(EventReader reader) throws Exception {
        return parse(reader.next("message").data());
    }
}
