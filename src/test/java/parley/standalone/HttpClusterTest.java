package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.client.NatsServer;

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
