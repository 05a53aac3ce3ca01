package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.json.JsonObject;
import org.junit.jupiter.api.Test;
import parley.testclient.Client;
import parley.testclient.JsonClient;

/** {@code /chat} and its rooms, in plain text and JSON. */
class ChatIT extends Portability {
    @Test
    void twoClientsInARoomSeeEachOthersLines() throws Exception {
        try (Client ann = open("/chat/pair?name=Ann");
                Client bob = open("/chat/pair?name=Bob+Lee");
                Client elsewhere = open("/chat/other")) {
            // Whoever has seen a message of its own is in the room.
            assertThat(ann.say("hi").next()).isEqualTo("Ann: hi");
            bob.say("hello");
            assertThat(ann.next()).isEqualTo("Bob Lee: hello");
            Object first = bob.next();
            assertThat(first.equals("Ann: hi") ? bob.next() : first).isEqualTo("Bob Lee: hello");

            ann.say("how are you?");
            assertThat(bob.next()).isEqualTo("Ann: how are you?");
            assertThat(ann.next()).isEqualTo("Ann: how are you?");
            assertThat(elsewhere.say("alone").next()).isEqualTo("alone");
        }
    }

    @Test
    void chatWithoutARoomIsTheLobby() throws Exception {
        try (Client one = open("/chat");
                Client two = open("/chat/lobby")) {
            assertThat(one.say("in").next()).isEqualTo("in");
            two.say("here");
            assertThat(one.next()).isEqualTo("here");
        }
    }

    @Test
    void historyStartsThatManyMessagesBack() throws Exception {
        try (Client early = open("/chat/past")) {
            for (int i = 1; i <= 10; i++) {
                early.say("m" + i).next();
            }
            try (Client late = open("/chat/past?history=3")) {
                assertThat(late.next(3)).containsExactly("m8", "m9", "m10");
            }
        }
    }

    @Test
    void plainTextAndJsonMeetInOneRoom() throws Exception {
        try (Client plain = open("/chat/both?name=Pia");
                JsonClient json = openJson("/chat/both?name=Jo")) {
            assertThat(json.next().getString("type")).isEqualTo("welcome");
            assertThat(json.next().getString("type")).isEqualTo("joined");
            plain.say("grüße 😀");
            assertThat(plain.next()).isEqualTo("Pia: grüße 😀");
            JsonObject message = json.next();
            assertThat(message.getString("from")).isEqualTo("Pia");
            assertThat(message.getString("text")).isEqualTo("grüße 😀");
            JsonObject ack = json.ask("{'type':'say','room':'both','data':{'n':[1,2]},'id':'once'}");
            assertThat(ack.getInt("seq")).isEqualTo(2);
            assertThat(json.ask("{'type':'say','room':'both','data':0,'id':'once'}")
                            .getBoolean("duplicate"))
                    .isTrue();
            assertThat(plain.next()).isEqualTo("Jo: {\"n\":[1,2]}");
            assertThat(json.ask("{'type':'who','room':'both'}").getJsonArray("names"))
                    .hasSize(2);
            assertThat(json.send("nonsense").next("error").getString("code")).isEqualTo("bad-json");
        }
    }

    @Test
    void whoComesBackGetsWhatItMissed() throws Exception {
        String epoch;
        try (JsonClient talker = openJson("/chat/resumed");
                JsonClient leaver = openJson("/chat/elsewhere")) {
            epoch = leaver.ask("{'type':'join','room':'resumed'}").getString("epoch");
            talker.ask("{'type':'say','room':'resumed','text':'1'}");
            assertThat(leaver.next("message").getInt("seq")).isEqualTo(1);
            leaver.cut();
            for (int i = 2; i <= 500; i++) {
                talker.send(JsonClient.quoted("{'type':'say','room':'resumed','text':'" + i + "'}"));
            }
            talker.soFar();
            try (JsonClient back = openJson("/chat/resumed?after=1&epoch=" + epoch)) {
                assertThat(back.next("joined").getBoolean("recovered")).isTrue();
                for (int i = 2; i <= 500; i++) {
                    assertThat(back.next("message").getString("text")).isEqualTo(String.valueOf(i));
                }
            }
        }
    }

    @Test
    void aThousandCommandsInOneFrameAreAnsweredInOrder() throws Exception {
        try (JsonClient json = openJson("/chat/many")) {
            StringBuilder frame = new StringBuilder();
            for (int i = 0; i < 1_000; i++) {
                frame.append("{\"type\":\"say\",\"room\":\"many\",\"text\":\"x\",\"ref\":")
                        .append(i)
                        .append("}\n");
            }
            json.send(frame.toString());
            for (int i = 0; i < 1_000; i++) {
                assertThat(json.next("ack").getInt("ref")).isEqualTo(i);
            }
            // More than a window: the room's policy may leave messages out, and says so.
            for (int seq = 1; seq <= 1_000; ) {
                JsonObject event = json.nextMessageOrGap();
                boolean isGap = event.getString("type").equals("gap");
                assertThat(isGap ? event.getInt("after") + 1 : event.getInt("seq"))
                        .isEqualTo(seq);
                seq = isGap ? event.getInt("before") : seq + 1;
            }
        }
    }

    @Test
    void presenceAndSignalsPass() throws Exception {
        try (JsonClient ann = openJson("/chat/presence?name=Ann")) {
            assertThat(ann.presence().getInt("count")).isEqualTo(1);
            try (Client bob = open("/chat/presence?name=Bob")) {
                assertThat(ann.presence().getJsonArray("joined").getString(0)).isEqualTo("Bob");
                ann.ask("{'type':'signal','room':'presence','data':'typing'}");
                assertThat(ann.next("signal").getString("data")).isEqualTo("typing");
                assertThat(bob.waiting()).isZero();
            }
            assertThat(ann.presence().getJsonArray("left").getString(0)).isEqualTo("Bob");
        }
    }

    @Test
    void aBinaryMessageInARoomClosesWith1003AndTheOthersStay() throws Exception {
        try (Client other = open("/chat/words");
                Client client = open("/chat/words")) {
            client.send(new byte[] {1, 2, 3});
            assertThat(client.closed()).isEqualTo("1003 rooms carry text");
            assertThat(other.say("still here").next()).isEqualTo("still here");
        }
    }
}
