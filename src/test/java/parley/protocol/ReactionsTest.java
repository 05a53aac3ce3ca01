package parley.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReactionsTest {
    private static final RoomName JAVA = new RoomName("java");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\ud83d\udc4d",
                "\u2764\ufe0f",
                "+1",
                "thank you",
                "\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67\u200d\ud83d\udc66",
                "\ud83c\udff4\udb40\udc67\udb40\udc62\udb40\udc65\udb40\udc6e\udb40\udc67\udb40\udc7f"
            })
    void anEmojiOrAWordIsAKey(String key) {
        assertThat(ReactionKey.parse(key)).map(ReactionKey::value).contains(key);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", " ok", "ok ", "a\nb", "\u200b", "a\u200d", "\u202eok", "\ufe0f", "\ud83d"})
    void whatCannotBeSeenIsNoKey(String key) {
        assertThat(ReactionKey.parse(key)).isEmpty();
    }

    @Test
    void aCharacterIsACodePoint() {
        assertThat(ReactionKey.parse("\ud83d\udc4d".repeat(32))).isPresent();
        assertThat(ReactionKey.parse("\ud83d\udc4d".repeat(33))).isEmpty();
    }

    @Test
    void aCommandSaysWhichMessageAndKeyAndWhetherItIsTakenBack() {
        assertThat(JsonCodec.decode("{\"type\":\"react\",\"room\":\"java\",\"seq\":7,\"key\":\"ok\",\"off\":true}"))
                .isEqualTo(new Command.React(null, JAVA, 7, null, new ReactionKey("ok"), true, null));
        JsonCodec.Decoded empty = JsonCodec.decode("{\"type\":\"react\",\"room\":\"java\",\"seq\":7,\"key\":\"\"}");
        assertThat(((Event.Error) empty).code())
                .as("it is there, and cannot be a key")
                .isEqualTo(ErrorCode.BAD_NAME);
        for (String wrong : List.of("\"key\":7", "\"x\":1", "\"key\":\"ok\",\"off\":1")) {
            JsonCodec.Decoded decoded =
                    JsonCodec.decode("{\"type\":\"react\",\"room\":\"java\",\"seq\":7," + wrong + "}");
            assertThat(((Event.Error) decoded).code()).as(wrong).isEqualTo(ErrorCode.MISSING_FIELD);
        }
    }

    @Test
    void usersAndNamesAreToldApartTheNewestFirst() {
        ReactionKey key = new ReactionKey("ok");
        Reactions reactions = Reactions.NONE
                .with(2, key, new Reactor("ann", true), 0)
                .with(3, key, new Reactor("Bo", false), 0)
                .with(4, key, new Reactor("cat", true), 0);
        Message message = new Message(1, 0, null, Content.text("x", 1), null);
        Message folded = message.with(message.content(), message.revision(), Standing.NONE.with(reactions));
        assertThat(JsonCodec.encode(new Event.Said(JAVA, folded)))
                .endsWith("\"text\":\"x\",\"reactions\":[{\"key\":\"ok\",\"count\":3,\"users\":[\"cat\",\"ann\"],"
                        + "\"names\":[\"Bo\"]}],\"reacted\":4}");
        assertThat(WatchedJson.last(JAVA, folded)).doesNotContain("reacted");
    }

    @Test
    void namesInAnEventAreBoundedInBytesWhateverTheyAre() {
        Reactions reactions = Reactions.NONE;
        String party = "\ud83c\udf89";
        for (int key = 0; key < 20; key++) {
            for (int i = 0; i < 10; i++) {
                Reactor sender = new Reactor(party.repeat(39) + i, false);
                reactions = reactions.with(1, new ReactionKey(party.repeat(30) + (10 + key)), sender, 0);
            }
        }
        Message message = new Message(1, 0, null, Content.text("x", 1), null);
        Message folded = message.with(message.content(), message.revision(), Standing.NONE.with(reactions));
        String event = JsonCodec.encode(new Event.Said(JAVA, folded));
        assertThat(Utf8.length(event)).isLessThan(8 * 1024);
        assertThat(event).as("the newest is named").contains("\"count\":10,\"names\":[\"" + party.repeat(39) + "9\"]");
    }

    @Test
    void tenSendersOfAKeyAreShownAndTheOthersCounted() {
        ReactionKey key = new ReactionKey("ok");
        Reactions reactions = Reactions.NONE;
        for (int i = 1; i <= 25; i++) {
            reactions = reactions.with(i, key, new Reactor("u" + i, true), 0);
        }
        Reactions.OfKey all = reactions.of(key).orElseThrow();
        assertThat(all.count()).isEqualTo(25);
        assertThat(all.newest()).hasSize(10).first().isEqualTo(new Reactor("u25", true));
    }
}
