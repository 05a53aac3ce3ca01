package parley.standalone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static parley.testclient.Token.SECRET;
import static parley.testclient.Token.claims;
import static parley.testclient.Token.token;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jose4j.jwt.JwtClaims;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import parley.protocol.RoomName;
import parley.room.RoomRegistry;
import parley.room.Samples;
import parley.testclient.EventReader;
import parley.testclient.JsonClient;

/** Rooms that are watched by clients which are not in them, over WebSocket and over HTTP. */
class WatchTest extends ServerBase {
    private JsonClient in(String room) throws InterruptedException {
        JsonClient client = new JsonClient(ws("/chat/" + room));
        client.next("joined");
        return client;
    }

    private static void say(JsonClient client, String room, String text) throws InterruptedException {
        assertThat(client.ask("{'type':'say','room':'" + room + "','text':'" + text + "'}")
                        .getString("type"))
                .isEqualTo("ack");
    }

    /** A word a room: its name, its number, its count, and its last message; then rooms that are gone. */
    private static String words(JsonObject event) {
        assertThat(event.getString("type")).isEqualTo("watched");
        String rooms = event.getJsonArray("rooms").stream()
                .map(JsonValue::asJsonObject)
                .map(room -> room.getString("room") + " " + room.getInt("seq", 0) + " " + room.getInt("count")
                        + (room.containsKey("last")
                                ? " " + room.getJsonObject("last").getString("text")
                                : ""))
                .sorted()
                .collect(Collectors.joining(", "));
        return !event.containsKey("gone")
                ? rooms
                : rooms + " without "
                        + event.getJsonArray("gone").getValuesAs(JsonString::getString).stream()
                                .sorted()
                                .collect(Collectors.joining(" "));
    }

    /** Reads events until one says that. */
    private static void awaitWatched(JsonClient client, String words) throws InterruptedException {
        String said = words(client.next("watched"));
        while (!said.equals(words)) {
            said = words(client.next("watched"));
        }
    }

    private static void awaitWatched(EventReader reader, String words) throws IOException {
        String said = words(JsonClient.parse(reader.next("watched").data()));
        while (!said.equals(words)) {
            said = words(JsonClient.parse(reader.next("watched").data()));
        }
    }

    @Test
    void aClientWatchesRoomsWithoutBeingInThem() throws Exception {
        start();
        try (JsonClient ann = in("java");
                JsonClient bob = in("lobby")) {
            JsonObject ack = bob.ask("{'type':'watch','rooms':['java','tea','team-*'],'last':true}");
            assertThat(ack.keySet()).containsExactlyInAnyOrder("type", "ref");
            assertThat(ack.getString("type")).isEqualTo("ack");
            awaitWatched(bob, "java 0 1, tea 0 0");
            assertThat(server.parley().rooms().roomCount()).isEqualTo(2);
            say(ann, "java", "one");
            awaitWatched(bob, "java 1 1 one");
            try (JsonClient cay = in("team-1")) {
                awaitWatched(bob, "team-1 0 1");
                say(cay, "team-1", "two");
                awaitWatched(bob, "team-1 1 1 two");
            }
            assertThat(server.parley().rooms().watching().watcherCount()).isOne();
            assertThat(ann.ask("{'type':'who','room':'java'}").getInt("count")).isOne();
            assertThat(bob.ask("{'type':'watch','rooms':[]}").getString("type")).isEqualTo("ack");
            assertThat(server.parley().rooms().watching().watcherCount()).isZero();
            bob.ask("{'type':'watch','rooms':['java']}");
            awaitWatched(bob, "java 1 1");
        }
        await().until(() -> server.parley().rooms().watching().watcherCount() == 0);
        assertThat(server.parley().rooms().watching().roomCount()).isZero();
    }

    @Test
    void aWatchedRoomIsTellingFourTimesASecondAtMost() throws Exception {
        start();
        try (JsonClient ann = in("java");
                JsonClient bob = in("lobby")) {
            bob.ask("{'type':'watch','rooms':['java']}");
            awaitWatched(bob, "java 0 1");
            long since = System.nanoTime();
            for (int i = 0; i < 200; i++) {
                say(ann, "java", "x");
            }
            int events = 0;
            for (String said = ""; !said.equals("java 200 1"); events++) {
                said = words(bob.next("watched"));
            }
            assertThat(events).isLessThanOrEqualTo((int) ((System.nanoTime() - since) / 250_000_000L) + 1);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "{'type':'watch'} | missing-field",
                "{'type':'watch','rooms':'java'} | missing-field",
                "{'type':'watch','rooms':['java'],'last':1} | missing-field",
                "{'type':'watch','rooms':['no room']} | bad-room",
                "{'type':'watch','rooms':['java',1]} | bad-room",
                "{'type':'watch','rooms':['..']} | bad-room",
                "{'type':'watch','rooms':['a','b','c','d']} | too-many-rooms",
                "{'type':'watch','rooms':['*','b','c','d*']} | too-many-rooms",
            })
    void aListThatCannotBeIsRefusedAndTheOneBeforeStays(String command, String code) throws Exception {
        start("limits.watched-rooms=3");
        try (JsonClient ann = in("java");
                JsonClient bob = in("lobby")) {
            bob.ask("{'type':'watch','rooms':['java']}");
            awaitWatched(bob, "java 0 1");
            assertThat(bob.ask(command).getString("code")).isEqualTo(code);
            say(ann, "java", "x");
            awaitWatched(bob, "java 1 1");
        }
    }

    @Test
    void moreThanTenPatternsAreRefused() throws Exception {
        start();
        try (JsonClient bob = in("lobby")) {
            String patterns =
                    IntStream.range(0, 11).mapToObj(i -> "'a*" + i + "'").collect(Collectors.joining(","));
            assertThat(bob.ask("{'type':'watch','rooms':[" + patterns + "]}").getString("code"))
                    .isEqualTo("too-many-rooms");
        }
    }

    private String withToken(String path, String... rooms) throws Exception {
        return path + (path.contains("?") ? "&" : "?") + "token=" + token(claims("Ann", rooms));
    }

    @Test
    void aClientLearnsNothingOfARoomThatItMayNotRead() throws Exception {
        start("access.mode=token", "access.secret=" + SECRET);
        try (JsonClient secret = new JsonClient(ws(withToken("/chat/team-secret", "*")));
                JsonClient ann = new JsonClient(ws(withToken("/chat/team-1", "team-1", "team-2")))) {
            secret.next("joined");
            ann.next("joined");
            JsonObject there = ann.ask("{'type':'watch','rooms':['team-1','team-secret']}");
            JsonObject nowhere = ann.ask("{'type':'watch','rooms':['team-1','team-nowhere']}");
            assertThat(there.getString("code")).isEqualTo("forbidden");
            assertThat(there.toString().replace("secret", "nowhere"))
                    .isEqualTo(nowhere.toString().replace(nowhere.getString("ref"), there.getString("ref")));
            ann.ask("{'type':'watch','rooms':['team-*','*']}");
            awaitWatched(ann, "team-1 0 1");
            say(secret, "team-secret", "x");
            say(ann, "team-1", "x");
            assertThat(words(ann.next("watched"))).isEqualTo("team-1 1 1");
        }
    }

    @Test
    void aRenewedTokenWithFewerRightsEndsTheWatchingOfWhatItDoesNotAllow() throws Exception {
        start("access.mode=token", "access.secret=" + SECRET);
        try (JsonClient all = new JsonClient(ws(withToken("/chat/team-1", "*")));
                JsonClient ann = new JsonClient(ws(withToken("/chat/lobby", "*")))) {
            all.next("joined");
            ann.next("joined");
            ann.ask("{'type':'watch','rooms':['team-*','java']}");
            awaitWatched(ann, "java 0 0, team-1 0 1");
            JwtClaims fewer = claims("Ann", "lobby", "team-2");
            assertThat(ann.ask("{'type':'renew','token':'" + token(fewer) + "'}")
                            .getString("type"))
                    .isEqualTo("ack");
            awaitWatched(ann, " without java team-1");
            say(all, "team-1", "x");
            all.ask("{'type':'join','room':'team-2'}");
            assertThat(words(ann.next("watched"))).isEqualTo("team-2 0 1");
        }
    }

    @Test
    void aRoomOnDiskIsKnownThoughNobodyHasOpenedIt(@TempDir Path folder) throws Exception {
        start("data.folder=" + folder, "room.linger=0s");
        try (JsonClient ann = in("java");
                JsonClient bob = in("lobby")) {
            say(ann, "java", "kept");
            ann.close();
            await().until(() -> server.parley().rooms().list("java", "", 1).isEmpty());
            bob.ask("{'type':'watch','rooms':['java','tea'],'last':true}");
            List<String> said = new ArrayList<>();
            while (!said.contains("java 1 0 kept") || !said.contains("tea 0 0")) {
                said.addAll(List.of(words(bob.next("watched")).split(", ")));
            }
            await().until(() -> server.parley().rooms().list("", "", 9).size() == 1);
        }
    }

    @Test
    void aMessageOnDiskThatIsTooOldOrDeletedIsShownNoMore(@TempDir Path folder) throws Exception {
        start("data.folder=" + folder, "room.linger=0s", "room.kept-age=2s");
        try (JsonClient ann = in("java");
                JsonClient bob = in("lobby")) {
            bob.ask("{'type':'watch','rooms':['java'],'last':true}");
            say(ann, "java", "old");
            ann.close();
            awaitWatched(bob, "java 1 0 old");
            await().until(() -> server.parley().rooms().list("java", "", 1).isEmpty());
            awaitWatched(bob, "java 1 0");
            bob.ask("{'type':'watch','rooms':['tea'],'last':true}");
            RoomRegistry rooms = server.parley().rooms();
            rooms.publish(new RoomName("tea"), Samples.line("Ann", "secret"), outcome -> {});
            awaitWatched(bob, "tea 1 0 secret");
            rooms.visit(new RoomName("tea"), (room, newest) -> room.forgetMessages(forgotten -> {}), () -> {});
            awaitWatched(bob, "tea 1 0");
        }
    }

    @Test
    void aStreamWatchesAsTheCommandDoes() throws Exception {
        start();
        try (JsonClient ann = in("java");
                EventReader reader = EventReader.open(server.port(), "/watch?room=java&room=t*&last=true")) {
            assertThat(reader.status()).isEqualTo(200);
            assertThat(reader.header("Content-Type")).isEqualTo("text/event-stream");
            EventReader.Event welcome = reader.next();
            assertThat(welcome.type()).isEqualTo("welcome");
            assertThat(welcome.retry()).isNotEmpty();
            awaitWatched(reader, "java 0 1");
            say(ann, "java", "one");
            awaitWatched(reader, "java 1 1 one");
            ann.ask("{'type':'join','room':'tea'}");
            awaitWatched(reader, "tea 0 1");
            assertThat(server.parley().sessions().readerCount()).isOne();
            assertThat(ann.ask("{'type':'who','room':'java'}").getInt("count")).isOne();
            Thread stopping = new Thread(server::stop);
            stopping.start();
            assertThat(reader.next("bye").data()).contains("shutdown");
            stopping.join();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "/watch, 400",
        "/watch?room=, 400",
        "/watch?room=no%20room, 400",
        "/watch?room=java&last=yes, 400",
        "/watch?room=a&room=b&room=c&room=d, 400",
    })
    void aStreamThatCannotBeIsRefused(String target, int status) throws Exception {
        start("limits.watched-rooms=3");
        try (EventReader reader = EventReader.open(server.port(), target)) {
            assertThat(reader.status()).isEqualTo(status);
        }
    }

    @Test
    void aStreamNeedsTheRightToRead() throws Exception {
        start("access.mode=token", "access.secret=" + SECRET);
        try (JsonClient all = new JsonClient(ws(withToken("/chat/secret", "*")))) {
            all.next("joined");
            all.ask("{'type':'join','room':'java'}");
            for (String room : List.of("secret", "nowhere")) {
                try (EventReader reader =
                        EventReader.open(server.port(), withToken("/watch?room=java&room=" + room, "java"))) {
                    assertThat(reader.status()).isEqualTo(403);
                }
            }
            try (EventReader reader = EventReader.open(server.port(), "/watch?room=java")) {
                assertThat(reader.status()).isEqualTo(401);
            }
            try (EventReader reader = EventReader.open(server.port(), withToken("/watch?room=*", "java"))) {
                awaitWatched(reader, "java 0 1");
            }
        }
    }
}
