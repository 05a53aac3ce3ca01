package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import org.junit.jupiter.api.Test;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/** Rooms that are watched by clients which are not in them. */
class WatchIT extends Portability {
    private JsonClient in(String room) throws InterruptedException {
        JsonClient client = openJson("/chat/" + room);
        client.next("joined");
        return client;
    }

    /** Whether an event has a room with that newest message and that number of members. */
    private static boolean tells(JsonObject watched, String room, int seq, int count) {
        return watched.getJsonArray("rooms").stream()
                .map(JsonValue::asJsonObject)
                .anyMatch(one -> one.getString("room").equals(room)
                        && one.getInt("seq", 0) == seq
                        && one.getInt("count") == count
                        && one.containsKey("last") == seq > 0);
    }

    @Test
    void aClientWatchesByTheCommand() throws Exception {
        try (JsonClient ann = in("watched-1");
                JsonClient bob = in("elsewhere")) {
            bob.ask("{'type':'watch','rooms':['watched-1','watched-n*'],'last':true}");
            while (!tells(bob.next("watched"), "watched-1", 0, 1)) {}
            ann.ask("{'type':'say','room':'watched-1','text':'hello'}");
            while (!tells(bob.next("watched"), "watched-1", 1, 1)) {}
            ann.ask("{'type':'join','room':'watched-new'}");
            while (!tells(bob.next("watched"), "watched-new", 0, 1)) {}
        }
    }

    @Test
    void aClientWatchesByAStream() throws Exception {
        try (JsonClient ann = in("watched-2");
                EventReader reader = EventReader.open(port(), "/parley/watch?room=watched-2&room=nowhere*&last=true")) {
            assertThat(reader.status()).isEqualTo(200);
            assertThat(reader.header("Content-Type")).startsWith("text/event-stream");
            assertThat(reader.next().type()).isEqualTo("welcome");
            while (!tells(watched(reader), "watched-2", 0, 1)) {}
            ann.ask("{'type':'say','room':'watched-2','text':'hello'}");
            while (!tells(watched(reader), "watched-2", 1, 1)) {}
        }
        try (EventReader reader = EventReader.open(port(), "/parley/watch")) {
            assertThat(reader.status()).isEqualTo(400);
        }
    }

    private static JsonObject watched(EventReader reader) throws Exception {
        return JsonClient.parse(reader.next("watched").data());
    }
}
