package parley.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonCodecTest {
    private static JsonCodec.Decoded decode(String line) {
        return JsonCodec.decode(line.replace('\'', '"'));
    }

    private static String pong(String line) {
        return JsonCodec.encode(new Event.Pong(decode(line).ref()));
    }

    private static ErrorCode code(String line) {
        return decode(line) instanceof Event.Error error ? error.code() : null;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "-7",
                "1234567890123456789",
                "123456789012345678901234567890",
                "\"a\"",
                "\"\"",
                "\"q\\\"\\\\\\n\\u0000\"",
                "\"é😀\""
            })
    void aRefComesBackAsItWas(String ref) {
        assertThat(pong("{'type':'ping','ref':" + ref + "}")).isEqualTo("{\"type\":\"pong\",\"ref\":" + ref + "}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"1.5", "1e2", "true", "null", "[1]", "{}", "'\\ud800'"})
    void whatIsNoRefIsAnErrorWithoutOne(String ref) {
        assertThat(code("{'type':'ping','ref':" + ref + "}")).isEqualTo(ErrorCode.MISSING_FIELD);
        assertThat(decode("{'type':'ping','ref':" + ref + "}").ref()).isNull();
    }

    @Test
    void whatIsTooDeepIsAnErrorThatCarriesItsRefAndItsRoom() {
        String line = "{'type':'say','ref':7,'room':'lobby','data':" + "[".repeat(32) + "]".repeat(32) + ",'id':'x'}";
        assertThat(code(line)).isEqualTo(ErrorCode.TOO_LARGE);
        assertThat(decode(line).ref()).isNotNull();
        assertThat(decode(line).room()).isEqualTo(RoomName.LOBBY);
        assertThat(code(line.replaceFirst("\\[", "").replaceFirst("]", ""))).isNull();
        assertThat(code("{'type':'ping','x':'" + "[".repeat(100) + "'}"))
                .as("in a string")
                .isNull();
    }

    @Test
    void aKeyThatStandsTwiceInAnyObjectIsAnError() {
        for (String line : List.of(
                "{'type':'ping','type':'ping'}",
                "{'type':'join','room':'x','after':{'epoch':'e','seq':1,'seq':2}}",
                "{'type':'say','room':'x','data':[{'a':1,'a':1}]}")) {
            assertThat(code(line)).as(line).isEqualTo(ErrorCode.BAD_JSON);
        }
    }

    @Test
    void dataKeepsItsMeaningAndLosesItsSpaces() {
        assertThat(decode("{'type':'say','room':'x','data': {'a' : [ 1.50 , -0.0, 'é', '\\u00e9\\n', null ] } }"))
                .isEqualTo(new Command.Say(
                        null,
                        new RoomName("x"),
                        new Content(Content.Kind.DATA, "{\"a\":[1.50,0.0,\"é\",\"é\\n\",null]}", 33),
                        null));
    }

    @Test
    void weirdInputTakesNoTimeAndThrowsNothing() {
        for (String line : List.of(
                "{'type':'ping','x':" + "1".repeat(250_000) + "}",
                "{'type':'ping','x':1." + "1".repeat(250_000) + "}",
                "{'type':'ping','x':1e" + "1".repeat(250_000) + "}",
                "{'type':'join','room':'x','history':1e999999999}",
                "\uFEFF{'type':'ping'}",
                "{'type':'ping'}\u0000",
                "{'\\ud800':1,'type':'\\ud800'}",
                "{'type':'say','room':'lobby','data':{'\\udc00':1}}",
                "[".repeat(250_000),
                "{'a':".repeat(50_000),
                "{'ref':1,'a':" + "[".repeat(50_000),
                "\\'" + "[".repeat(1000),
                "'" + "x".repeat(250_000),
                "{" + "'k':1,".repeat(30_000) + "'type':'ping'}",
                "{'type':'ping','x':tru",
                "{'type'}",
                "{,}",
                "{'type':'ping'}]")) {
            assertThat(code(line))
                    .as(line.substring(0, Math.min(60, line.length())))
                    .isNotNull();
        }
    }
}
