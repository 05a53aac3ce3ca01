package parley.portability;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import jakarta.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import parley.servers.Difference;
import parley.testclient.Client;
import parley.testclient.JsonClient;
import parley.testclient.RawClient;

/** Clients that go, in every way there is, and clients that are silent: their rooms hear of it once. */
class GoneIT extends Portability {
    @Test
    void whoAnswersNoPingIsClosedWith1001AndWhoDoesStays() throws Exception {
        try (Client quiet = open("/chat/silence");
                RawClient mute = raw("/chat/silence")) {
            assertThat(mute.read().opcode()).isEqualTo(RawClient.PING);
            assertThat(mute.readClose()).hasToString("close 1001 idle");
            assertThat(quiet.say("not gone").next()).isEqualTo("not gone");
        }
    }

    /** It reads the close frame, and neither answers nor closes. By itself Tomcat would wait for half a minute. */
    @Test
    void whoDoesNotGoWhenItIsClosedIsCutOff() throws Exception {
        try (RawClient client = raw("/chat/deaf")) {
            client.frame(true, RawClient.BINARY, new byte[1]);
            assertThat(client.readClose()).hasToString("close 1003 rooms carry text");
            if (differs(Difference.WAITS_FOR_THE_ANSWER_TO_A_CLOSE)) {
                assertThatThrownBy(client::readToEnd).isInstanceOf(SocketTimeoutException.class);
            } else {
                client.readToEnd();
            }
        }
    }

    @Test
    void aClientsPingIsAnsweredAlsoBetweenFragments() throws Exception {
        try (RawClient client = raw("/echo")) {
            client.frame(false, RawClient.TEXT, "be".getBytes(UTF_8));
            client.frame(true, RawClient.PING, "are you there".getBytes(UTF_8));
            client.frame(true, RawClient.CONTINUATION, "tween".getBytes(UTF_8));
            RawClient.Received pong = client.read();
            assertThat(pong.opcode()).isEqualTo(RawClient.PONG);
            assertThat(pong.text()).isEqualTo("are you there");
            assertThat(client.readMessage().text()).isEqualTo("between");
        }
    }

    @Test
    void aClientsCloseIsAnsweredAndItLeavesItsRoom() throws Exception {
        try (JsonClient watch = in("/chat/closing?name=watch");
                RawClient client = raw("/chat/closing?name=leaver")) {
            awaitJoined(watch, "leaver");
            client.frame(
                    true,
                    RawClient.CLOSE,
                    ByteBuffer.allocate(2).putShort((short) 1000).array());
            assertThat(client.readClose().closeCode()).isEqualTo(1000);
            awaitLeft(watch, "leaver");
        }
    }

    /** Of the registered codes and of an application's. Those above 1011 are younger than what some containers know. */
    @ParameterizedTest
    @ValueSource(ints = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999})
    void aClientsCloseIsAnsweredWithItsOwnCode(int code) throws Exception {
        try (RawClient client = raw("/chat/codes")) {
            client.frame(true, RawClient.CLOSE, closeFrame(code, ""));
            int answer = client.readClose().closeCode();
            if (code >= 1012 && code <= 1014 && differs(Difference.ANSWERS_YOUNG_CODES_WITH_1002)) {
                assertThat(answer).isIn(code, 1002);
            } else {
                assertThat(answer).isEqualTo(code);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1002, 1007, 1009, 1011})
    void anEndThatTheClientChoseIsTheClients(int code) throws Exception {
        for (String reason : List.of("", "client reason")) {
            Map<String, Double> before = endings();
            try (RawClient client = raw("/chat/codes")) {
                client.frame(true, RawClient.CLOSE, closeFrame(code, reason));
                client.readClose();
            }
            boolean isUnsure = !reason.isEmpty() && differs(Difference.DOES_NOT_TELL_WHO_CLOSED);
            await().untilAsserted(() -> assertThat(increase(before, endings()))
                    .hasSize(1)
                    .isSubsetOf(isUnsure ? List.of("left", "malformed", "lost") : List.of("left")));
        }
    }

    /** Some servers tell it as an error, and some as a connection that was lost. */
    @Test
    void anEndForBrokenFramesIsNotTheClients() throws Exception {
        byte[][] broken = {
            RawClient.encode(0xF1, true, 2, "hi".getBytes(UTF_8)),
            RawClient.encode(0x81, true, 3, new byte[] {'a', (byte) 0xC3, (byte) 0x28}),
        };
        for (byte[] frame : broken) {
            Map<String, Double> before = endings();
            try (RawClient client = raw("/chat/codes")) {
                client.raw(frame);
                client.readClose();
            }
            await().untilAsserted(() ->
                    assertThat(increase(before, endings())).hasSize(1).isSubsetOf("malformed", "broken", "lost"));
        }
    }

    @Test
    void anEndWithoutACloseFrameIsCountedAsLost() throws Exception {
        Map<String, Double> before = endings();
        try (RawClient client = raw("/echo")) {
            client.text("here");
            client.readMessage();
            client.reset();
        }
        await().untilAsserted(() -> assertThat(increase(before, endings())).containsExactly("lost"));
    }

    /** How many sessions ended for each reason. */
    private Map<String, Double> endings() throws Exception {
        Map<String, Double> endings = new TreeMap<>();
        Pattern line = Pattern.compile("parley_sessions_ended_total\\{.*reason=\"([^\"]+)\".*\\} (\\S+)");
        Matcher all = line.matcher(get("/parley/metrics").body());
        while (all.find()) {
            endings.put(all.group(1), Double.parseDouble(all.group(2)));
        }
        assertThat(endings).containsKeys("left", "malformed", "lost");
        return endings;
    }

    private static List<String> increase(Map<String, Double> before, Map<String, Double> after) {
        return after.keySet().stream()
                .filter(why -> after.get(why) > before.get(why))
                .toList();
    }

    /** All in one write: the container reads the close frame while answers are under way. */
    @Test
    void commandsThatCameBeforeTheCloseAreAnsweredBeforeItIs() throws Exception {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < 300; i++) {
            byte[] ping = ("{\"type\":\"ping\",\"ref\":" + i + "}").getBytes(UTF_8);
            all.writeBytes(RawClient.encode(0x81, true, ping.length, ping));
        }
        all.writeBytes(RawClient.encode(0x88, true, 2, closeFrame(1000, "")));
        try (RawClient client = RawClient.openJson(port(), "/parley/chat/closing", 0)) {
            client.raw(all.toByteArray());
            StringBuilder lines = new StringBuilder();
            RawClient.Received next = client.readMessage();
            for (; next.opcode() != RawClient.CLOSE; next = client.readMessage()) {
                lines.append(next.text()).append('\n');
            }
            assertThat(next.closeCode()).isEqualTo(1000);
            long pongs = lines.toString()
                    .lines()
                    .filter(one -> one.contains("\"pong\""))
                    .count();
            if (differs(Difference.ANSWERS_A_CLOSE_AT_ONCE)) {
                assertThat(pongs).isBetween(0L, 300L);
            } else {
                assertThat(pongs).isEqualTo(300);
            }
        }
    }

    private static byte[] closeFrame(int code, String reason) {
        byte[] words = reason.getBytes(UTF_8);
        return ByteBuffer.allocate(2 + words.length)
                .putShort((short) code)
                .put(words)
                .array();
    }

    @Test
    void aResetLeavesTheRoom() throws Exception {
        try (JsonClient watch = in("/chat/reset?name=watch");
                RawClient client = raw("/chat/reset?name=leaver")) {
            awaitJoined(watch, "leaver");
            client.reset();
            awaitLeft(watch, "leaver");
        }
    }

    /** At once where the server tells of it, else when the next ping is not answered. */
    @Test
    void aHalfCloseLeavesTheRoom() throws Exception {
        try (JsonClient watch = in("/chat/half?name=watch");
                RawClient client = raw("/chat/half?name=leaver")) {
            awaitJoined(watch, "leaver");
            client.halfClose();
            awaitLeft(watch, "leaver");
        }
    }

    /** A client that is in its room, not only through the door: what changes from now on it is told. */
    private JsonClient in(String path) throws InterruptedException {
        JsonClient client = openJson(path);
        client.next("joined");
        return client;
    }

    private static void awaitJoined(JsonClient watch, String name) throws InterruptedException {
        JsonObject news = watch.presence();
        while (!has(news, "joined", name) && !has(news, "names", name)) {
            news = watch.presence();
        }
    }

    /** Once: who asks then is told that the watch is alone. */
    private static void awaitLeft(JsonClient watch, String name) throws InterruptedException {
        JsonObject news = watch.presence();
        while (!has(news, "left", name)) {
            news = watch.presence();
        }
        assertThat(news.getInt("count")).isEqualTo(1);
        String room = news.getString("room");
        assertThat(watch.ask("{'type':'who','room':'" + room + "'}").getInt("count"))
                .isEqualTo(1);
    }

    private static boolean has(JsonObject news, String list, String name) {
        return news.containsKey(list)
                && news.getJsonArray(list).stream()
                        .anyMatch(value -> value.toString().equals('"' + name + '"'));
    }
}
