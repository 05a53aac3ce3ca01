package parley.portability;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.json.JsonObject;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import parley.client.Client;
import parley.client.JsonClient;
import parley.client.RawClient;
import parley.servers.Difference;

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
