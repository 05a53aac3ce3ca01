package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.app.SettingsException;
import parley.session.Ending;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** Rooms on disk, over real sockets. */
class DurableTest extends ServerBase {
    @TempDir
    private Path folder;

    private void restart(String... more) throws Exception {
        if (server != null) {
            server.stop();
        }
        String[] settings = new String[more.length + 1];
        settings[0] = "data.folder=" + folder;
        System.arraycopy(more, 0, settings, 1, more.length);
        start(settings);
    }

    @Test
    void aClientResumesAfterARestartAndMissesNothing() throws Exception {
        restart();
        String epoch;
        try (JsonClient ann = new JsonClient(ws("/chat/java?name=Ann"))) {
            JsonObject joined = ann.next("joined");
            epoch = joined.getString("epoch");
            assertThat(joined.getInt("seq")).isZero();
            assertThat(ann.ask("{'type':'say','room':'java','text':'one','id':'1'}")
                            .getInt("seq"))
                    .isEqualTo(1);
            assertThat(ann.ask("{'type':'say','room':'java','data':{'two':2}}").getInt("seq"))
                    .isEqualTo(2);
        }
        restart();
        try (JsonClient ann = new JsonClient(ws("/chat/java?after=1&epoch=" + epoch))) {
            JsonObject joined = ann.next("joined");
            assertThat(joined.getBoolean("recovered")).isTrue();
            assertThat(joined.getString("epoch")).isEqualTo(epoch);
            assertThat(ann.nextMessageOrGap().getJsonObject("data").getInt("two"))
                    .isEqualTo(2);
            JsonObject again = ann.ask("{'type':'say','room':'java','text':'one','id':'1'}");
            assertThat(again.getInt("seq")).isEqualTo(1);
            assertThat(again.getBoolean("duplicate")).isTrue();
        }
    }

    @Test
    void plainClientsGetHistoryFromTheDiskToo() throws Exception {
        restart("room.history=2", "room.window=2");
        try (Client ann = new Client(ws("/chat/java"))) {
            for (String text : new String[] {"one", "two", "three", "four"}) {
                assertThat(ann.say(text).next()).isEqualTo(text);
            }
        }
        restart("room.history=2", "room.window=2");
        try (Client ben = new Client(ws("/chat/java?history=3"))) {
            assertThat(ben.next()).isEqualTo("two");
            assertThat(ben.next()).isEqualTo("three");
            assertThat(ben.next()).isEqualTo("four");
            assertThat(ben.say("five").next()).isEqualTo("five");
        }
    }

    @Test
    void aRoomMayBeInMemoryAlone() throws Exception {
        restart("rooms.\"tmp-*\".keep=memory");
        try (Client ann = new Client(ws("/chat/tmp-1"))) {
            assertThat(ann.say("gone soon").next()).isEqualTo("gone soon");
        }
        restart("rooms.\"tmp-*\".keep=memory");
        try (JsonClient ben = new JsonClient(ws("/chat/tmp-1?history=9"))) {
            assertThat(ben.next("joined").getInt("seq")).isZero();
        }
    }

    @Test
    void whatIsOnDiskIsInTheMetrics() throws Exception {
        restart();
        try (Client ann = new Client(ws("/chat/java"))) {
            assertThat(ann.say("one").next()).isEqualTo("one");
        }
        assertThat(get("/metrics"))
                .contains(
                        "parley_stored_rooms 1.0\n",
                        "parley_stored_bytes " + (3.0 + 96) + "\n",
                        "parley_store_waiting_bytes 0.0\n",
                        "parley_store_commits_total 1.0\n",
                        "parley_store_failures_total 0.0\n");
        assertThat(get("/health/ready")).isEqualTo("{\"status\":\"ready\"}\n");
    }

    private String get(String path) throws Exception {
        URI address = URI.create("http://127.0.0.1:" + server.port() + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    /** The store's answers come behind the close frame; the close used to be answered in their place. */
    @Test
    void aClientThatClosesRightBehindItsCommandsHasTheirAnswersFirst() throws Exception {
        restart();
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < 50; i++) {
            String say = "{\"type\":\"say\",\"room\":\"java\",\"text\":\"" + i + "\",\"ref\":" + i + "}";
            byte[] bytes = say.getBytes(StandardCharsets.UTF_8);
            all.writeBytes(RawClient.encode(0x81, true, bytes.length, bytes));
        }
        all.writeBytes(RawClient.encode(0x88, true, 2, new byte[] {3, (byte) 0xE8}));
        try (RawClient client = RawClient.openJson(server.port(), "/chat/java", 0)) {
            client.raw(all.toByteArray());
            StringBuilder lines = new StringBuilder();
            RawClient.Received next = client.readMessage();
            for (; next.opcode() == RawClient.TEXT; next = client.readMessage()) {
                lines.append(next.text()).append('\n');
            }
            assertThat(next.closeCode()).isEqualTo(1000);
            for (int i = 0; i < 50; i++) {
                assertThat(lines.toString()).contains("\"type\":\"ack\",\"ref\":" + i + ",");
            }
        }
        awaitEnding(Ending.LEFT);
    }

    /** As after an upgrade that was undone, or a folder of another application. */
    @Test
    void aFolderThatCannotBeUsedStopsTheStartAndLeavesNothingBehind() throws Exception {
        Files.writeString(folder.resolve("parley.db"), "something else ".repeat(1_000));
        assertThatThrownBy(this::restart)
                .isInstanceOf(SettingsException.class)
                .hasMessageStartingWith("The data folder '" + folder + "' cannot be used: ");
        assertThat(threadsOfTheServer()).isEmpty();
    }
}
