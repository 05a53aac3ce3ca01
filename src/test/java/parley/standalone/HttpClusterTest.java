package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;
import parley.testclient.NatsServer;

/** What backends do over HTTP at a node of a cluster, with a real NATS. */
class HttpClusterTest extends HttpBase {
    @TempDir
    private Path folder;

    private NatsServer nats;

    @AfterEach
    void stopNats() throws Exception {
        server.stop(); // before what it stores in
        nats.close();
    }

    private void startNode() throws Exception {
        nats = NatsServer.start(folder);
        startWithKey("nats.url=" + nats.url());
    }

    @Test
    void aMessageIsPublishedOnceAndRead() throws Exception {
        startNode();
        Got first = post("java", "{'text':'hi','id':'a'}");
        assertThat(first.status()).as(first.body()).isEqualTo(201);
        JsonObject kept = first.json();
        assertThat(kept.getString("epoch")).isNotEmpty();
        assertThat(kept.getString("at")).isNotEmpty();
        Got again = post("java", "{'text':'hi','id':'a'}");
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.json().getInt("seq")).isEqualTo(kept.getInt("seq"));
        JsonObject page = get("/rooms/java/messages").json();
        assertThat(page.getJsonArray("messages")).hasSize(1);
        assertThat(page.getString("epoch")).isEqualTo(kept.getString("epoch"));
    }

    /** Three nodes: what is published at one is read at another, and at the third the reader goes on where it was. */
    @Test
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void aReaderGoesOnAtAnotherNode() throws Exception {
        startNode();
        Server first = server;
        List<Server> all = new ArrayList<>(List.of(first));
        try {
            for (int i = 0; i < 2; i++) {
                start("nats.url=" + nats.url(), "access.api-key=" + KEY);
                all.add(server);
            }
            server = first;
            String id;
            try (EventReader reader = EventReader.open(all.get(1).port(), "/events?room=java&room=tea")) {
                reader.next("joined");
                reader.next("joined");
                for (int i = 1; i <= 3; i++) {
                    post("java", "{'text':'java " + i + "'}");
                    post("tea", "{'text':'tea " + i + "'}");
                }
                id = reader.messages(6).get(5);
            }
            post("java", "{'text':'java 4'}");
            post("tea", "{'text':'tea 4'}");
            List<String> got = new ArrayList<>();
            try (EventReader reader =
                    EventReader.open(all.get(2).port(), "/events?room=java&room=tea", "Last-Event-ID: " + id)) {
                while (got.size() < 2) {
                    EventReader.Event event = reader.next();
                    if (event.type().equals("joined")) {
                        assertThat(event.data()).contains("\"recovered\":true");
                    } else if (event.type().equals("message")) {
                        got.add(JsonClient.parse(event.data()).getString("text"));
                    }
                }
            }
            assertThat(got).containsExactlyInAnyOrder("java 4", "tea 4");
        } finally {
            all.stream().skip(1).forEach(Server::stop);
        }
    }

    @Test
    void timesAreFoundInStreams() throws Exception {
        nats = NatsServer.start(folder);
        startWithKey("nats.url=" + nats.url(), "room.history=4");
        for (int i = 0; i < 12; i++) {
            post("java", "{'text':'m'}");
            post("tea", "{'text':'of another room, in the same numbers'}");
        }
        checkTimes("java", 12);
    }

    @Test
    void whatAClusterCannotDoIs501() throws Exception {
        startNode();
        String tag = post("java", "{'text':'hi'}").header("ETag");
        Got behind = post("java", "{'text':'more'}", "If-Match", tag);
        assertThat(behind.status()).isEqualTo(501);
        assertThat(behind.code()).isEqualTo("not-implemented");
        assertThat(behind.json().getString("detail")).contains("cluster");
        assertThat(ask("DELETE", "/rooms/java/messages", null).status()).isEqualTo(501);
        assertThat(get("/rooms/java/messages").json().getJsonArray("messages")).hasSize(1);
    }
}
