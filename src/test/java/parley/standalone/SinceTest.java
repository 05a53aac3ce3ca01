package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/** Reading from a time on: pages and event streams, from memory and from disk. */
class SinceTest extends HttpBase {
    @TempDir
    private Path folder;

    /** With a ring of 4 messages most are found on disk, some in memory. */
    @ParameterizedTest
    @CsvSource({"memory, 100", "disk, 100", "disk, 4"})
    void aPageBeginsWithTheFirstMessageOfThatTimeOrLater(String where, int ring) throws Exception {
        String history = "room.history=" + ring;
        if (where.equals("disk")) {
            startWithKey(history, "data.folder=" + folder);
        } else {
            startWithKey(history);
        }
        assertThat(messages("/rooms/java/messages?since=0")).isEmpty();
        for (int i = 0; i < 40; i++) {
            post("java", "{'text':'m" + i + "'}");
        }
        checkTimes("java", 40);
        assertThat(messages("/rooms/java/messages?since=0&limit=3"))
                .extracting(message -> message.getInt("seq"))
                .containsExactly(1, 2, 3);
        assertThat(messages("/rooms/java/messages?since=2999-01-01T00:00:00Z")).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "since=",
                "since=yesterday",
                "since=-1",
                "since=2026-11-28",
                "since=2026-11-28T09:00:00+01:00",
                "since=1&after=1",
                "since=1&before=1",
                "since=99999999999999999999",
                "since=%2B1000000000-01-01T00:00:00Z"
            })
    void whatIsNoTimeIsSaid(String query) throws Exception {
        startWithKey();
        Got got = get("/rooms/java/messages?" + query);
        assertThat(got.status()).isEqualTo(400);
        assertThat(got.code()).isEqualTo("bad-query");
        assertThat(got.json().getString("detail")).contains("2026-11-28T09:00:00Z");
    }

    @Test
    void anOffsetIsUnderstood() throws Exception {
        startWithKey();
        post("java", "{'text':'hi'}");
        assertThat(messages("/rooms/java/messages?since=2026-01-01T09:00:00%2B01:00"))
                .hasSize(1);
    }

    /**
     * Both rooms begin at the time; a browser that comes back goes on where it was, though its address has the time.
     */
    @ParameterizedTest
    @ValueSource(strings = {"memory", "disk"})
    void aStreamBeginsAtThatTime(String where) throws Exception {
        if (where.equals("disk")) {
            startWithKey("room.history=2", "data.folder=" + folder);
        } else {
            startWithKey();
        }
        for (String room : List.of("a", "b")) {
            post(room, "{'text':'old'}");
        }
        long now = System.currentTimeMillis();
        while (System.currentTimeMillis() == now) {
            Thread.onSpinWait();
        }
        Instant since = Instant.ofEpochMilli(System.currentTimeMillis());
        for (String room : List.of("a", "b", "a", "b", "a", "b")) {
            post(room, "{'text':'new'}");
        }
        String path = "/events?room=a&room=b&since=" + since;
        String id;
        try (EventReader reader = EventReader.open(server.port(), path)) {
            id = reader.messages(6).get(5);
            assertThat(id).contains("a=", ":4", "b=");
        }
        post("b", "{'text':'newer'}");
        try (EventReader reader = EventReader.open(server.port(), path, "Last-Event-ID: " + id)) {
            assertThat(JsonClient.parse(reader.next("message").data()).getString("text"))
                    .isEqualTo("newer");
        }
        try (EventReader reader = EventReader.open(server.port(), "/rooms/a/events?since=" + since);
                EventReader later = EventReader.open(server.port(), "/rooms/a/events?since=2999-01-01T00:00:00Z")) {
            assertThat(JsonClient.parse(reader.next("message").data()).getInt("seq"))
                    .isEqualTo(2);
            later.next("joined");
            post("a", "{'text':'newest'}");
            assertThat(JsonClient.parse(later.next("message").data()).getString("text"))
                    .isEqualTo("newest");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"since=x", "since=", "since=1&history=1"})
    void aStreamWithoutATimeThatCanBeIsRefused(String query) throws Exception {
        startWithKey();
        try (EventReader reader = EventReader.open(server.port(), "/rooms/java/events?" + query)) {
            assertThat(reader.status()).isEqualTo(400);
            assertThat(reader.body()).contains("2026-11-28T09:00:00Z");
        }
    }
}
